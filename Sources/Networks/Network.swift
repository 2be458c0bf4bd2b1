import Compute

/// One of the tensors that a network's output consists of, side by side.
package struct NetworkOutput: Sendable {
  package let name: String
  package let width: Int
  /// Of the initialization; nil: the network's own.
  package let gain: Double?

  package init(_ name: String, width: Int, gain: Double? = nil) {
    self.name = name
    self.width = width
    self.gain = gain
  }
}

/// A network as the layout knows it: its layers' places, before any memory is made for rows.
package struct NetworkPlan: Sendable {
  package let layers: [any LayerPlan]

  /// Layers of `hidden` units, each with the activation, and an output without one.
  ///
  /// Weights begin as N(0, gain²/fan-in), where the gain is that of the activation, or the output's own.
  ///
  /// - Parameters:
  ///   - name: what the names of the tensors begin with: `name.layers.0.weight`, `name.mean.weight`.
  ///   - classes: how many kinds of rows there are, each with a bias of its own (`name.label_bias`) where the network
  ///     reads its input; 0: none.
  package init(
    _ name: String, inputs: Int, hidden: [Int], outputs: [NetworkOutput], activation: Activation,
    classes: Int = 0, in layout: inout ParameterLayout
  ) {
    var layers: [DensePlan] = []
    var width = inputs
    func classBias() -> String? { layers.isEmpty && classes > 0 ? "\(name).label_bias" : nil }
    for (index, units) in hidden.enumerated() {
      layers.append(
        DensePlan(
          [NetworkOutput("\(name).layers.\(index)", width: units)], inputs: width, activation: activation,
          gain: activation.gain, classBias: classBias(), classes: classes, in: &layout))
      width = units
    }
    layers.append(
      DensePlan(
        outputs.map { NetworkOutput("\(name).\($0.name)", width: $0.width, gain: $0.gain) }, inputs: width,
        activation: nil, gain: activation.gain, classBias: classBias(), classes: classes, in: &layout))
    self.layers = layers
  }

  /// Bytes of what a network over `rows` rows makes, its input and its parameters left out.
  package func byteCount(rows: Int, type: ElementType, hasDropout: Bool, learns: Bool) -> Double {
    layers.reduce(0) {
      $0 + $1.byteCount(rows: rows, type: type, hasDropout: hasDropout, learns: learns)
    }
  }
}

/// Layers one after the other, all but the last with an activation, bound to the memory of one number of rows.
package final class Network: Sendable {
  package let layers: [any Layer]

  /// - Parameters:
  ///   - input: `[rows, inputs]` in the element type of the binding's parameters.
  ///   - inputGradient: where `backward` puts the gradient of the input; nil where nobody asks.
  ///   - firstNumber: the number of the first layer in the whole model.
  package init(
    _ plan: NetworkPlan, _ binding: NetworkBinding, input: Matrix, inputGradient: InputGradient? = nil,
    firstNumber: Int = 0
  ) {
    var layers: [any Layer] = []
    for (index, layer) in plan.layers.enumerated() {
      let below = layers.last
      layers.append(
        layer.bind(
          binding, number: firstNumber + index, input: below?.output ?? input,
          inputGradient: index == 0
            ? inputGradient : below?.outputGradient.map { InputGradient($0) }))
    }
    self.layers = layers
  }

  /// The last layer's output, float32 `[rows, outputs]`.
  package var output: Matrix { layers[layers.count - 1].output }

  /// Where the objective puts ∂loss/∂output, in the element type of the products.
  package var outputGradient: Matrix {
    guard let gradient = layers[layers.count - 1].gradient else {
      preconditionFailure("a network made for inference has no gradient")
    }
    return gradient
  }

  package func forward(_ worker: Int) {
    for layer in layers { layer.forward(worker) }
  }

  /// From `outputGradient` down to the first layer.
  package func backward(_ worker: Int) {
    for layer in layers.reversed() { layer.backward(worker) }
  }

  /// As `Layer.parameterGradient`, of all layers.
  package func parameterGradient(_ worker: Int, finished: (Range<Int>) -> Void) {
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
