import Compute

/// Layers one after the other, all but the last with an activation, bound to the memory of one number of rows.
package final class Network: Sendable {
  package let layers: [any Layer]
  /// The last layer's output, float32 `[rows, outputs]`.
  package let output: Matrix
  private let gradient: Matrix?
  /// Of going forward: all workers are done with the layers of one stage before any begins the next.
  private let stages: [[any Layer]]

  /// - Parameters:
  ///   - input: `[rows, inputs]` in the element type of the binding's parameters.
  ///   - inputGradient: where `backward` puts the gradient of the input; nil where nobody asks.
  ///   - firstNumber: the number of the first layer in the whole model.
  ///   - sparse: what a first layer that is dense reads in place of `input`, where nobody asks for its gradient.
  package init(
    _ plan: NetworkPlan, _ binding: NetworkBinding, input: Matrix, inputGradient: InputGradient? = nil,
    firstNumber: Int = 0, sparse: SparseInput? = nil
  ) {
    let binding = binding.withMemory(plan.workerFloats)
    var layers: [any Layer] = []
    for (index, layer) in plan.layers.enumerated() {
      let below = layers.last
      if index == 0, let sparse, let dense = layer as? DensePlan {
        layers.append(SparseLayer(dense, binding, number: firstNumber, input: sparse))
        continue
      }
      layers.append(
        layer.bind(
          binding, number: firstNumber + index, input: below?.output ?? input,
          inputGradient: index == 0
            ? inputGradient : below?.outputGradient.map { InputGradient($0) }))
    }
    self.layers = layers
    stages = Network.stages(layers)
    output = layers[layers.count - 1].output
    gradient = layers[layers.count - 1].gradient
  }

  /// A layer that reads all rows is a stage by itself.
  private static func stages(_ layers: [any Layer]) -> [[any Layer]] {
    var stages: [[any Layer]] = [[]]
    for layer in layers {
      if layer.readsAllRows { stages += [[layer], []] } else { stages[stages.count - 1].append(layer) }
    }
    return stages
  }

  /// Where the objective puts ∂loss/∂output, in the element type of the products.
  package var outputGradient: Matrix {
    guard let gradient else {
      preconditionFailure("a network made for inference has no gradient")
    }
    return gradient
  }

  package func forward(_ worker: Int) {
    for layer in layers { layer.forward(worker) }
  }

  /// The same, where workers meet within.
  package func addForward(to phases: inout PhaseList) {
    for (index, stage) in stages.enumerated() {
      if index > 0 { phases.meet() }
      phases.add { worker in for layer in stage { layer.forward(worker.index) } }
    }
  }

  /// From `outputGradient` down to the first layer.
  package func backward(_ worker: Int) {
    for layer in layers.reversed() { layer.backward(worker) }
  }

  /// As `Layer.parameterGradient`, of all layers.
  package func parameterGradient(_ worker: Int, finished: GradientUse) {
    for layer in layers { layer.parameterGradient(worker, finished: finished) }
  }

  package func rowProducts(_ worker: Int) {
    for layer in layers { layer.rowProducts(worker) }
  }

  package func parameterProducts(_ worker: Int) {
    for layer in layers { layer.parameterProducts(worker) }
  }

  /// Multiplications and additions of one step's products.
  package var operations: Int { layers.reduce(0) { $0 + $1.operations } }
}
