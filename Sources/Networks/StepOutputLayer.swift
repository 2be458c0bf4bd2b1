import Compute

/// The last layer of a network of steps: y_t = W·h_t + b, the same weights at every step, without an activation.
package struct StepOutputPlan: LayerPlan {
  package let name: String
  package let steps: Int
  package let inputs: Int
  /// Values that it puts out at each step.
  package let width: Int
  /// `[width, inputs]`.
  package let weight: Int
  /// `[width]`.
  package let bias: Int

  init(
    _ name: String, steps: Int, inputs: Int, width: Int, gain: Double, in layout: inout ParameterLayout
  ) {
    layout.align()
    weight =
      layout.add("\(name).weight", [width, inputs], .normal(gain: gain, fanIn: Double(inputs))).offset
    layout.align()
    bias = layout.add("\(name).bias", [width]).offset
    self.name = name
    self.steps = steps
    self.inputs = inputs
    self.width = width
  }

  package var outputs: Int { steps * width }

  package func bind(
    _ binding: NetworkBinding, number: Int, input: Matrix, inputGradient: InputGradient?
  ) -> any Layer {
    StepOutputLayer(self, binding, number: number, input: input, inputGradient: inputGradient)
  }

  package func byteCount(rows: Int, type: ElementType, hasDropout: Bool, learns: Bool) -> Double {
    Matrix.byteCount(rows, outputs) + (learns ? Matrix.byteCount(rows, outputs, type) : 0)
  }
}

/// From states in blocks to `[rows, steps · width]`.
final class StepOutputLayer: Layer {
  let output: Matrix
  let gradient: Matrix?
  private let plan: StepOutputPlan
  private let input: Steps
  private let outputs: Steps
  private let gradients: Steps?
  private let biasGradient: Matrix?
  private let workers: [Work]

  private struct Work: Sendable {
    let blocks: [Block]
    /// Of a step, whose parameters' gradient the worker makes.
    let values: Range<Int>
    let weightGradient: StepGradient?
  }

  private struct Block: Sendable {
    let rows: Range<Int>
    let forward: Product
    let back: (product: Product, target: StepTarget)?
  }

  init(
    _ plan: StepOutputPlan, _ binding: NetworkBinding, number: Int, input: Matrix,
    inputGradient: InputGradient?
  ) {
    let (parameters, rows, steps) = (binding.parameters, binding.rows.count, plan.steps)
    let output = Matrix(rows: rows, columns: plan.outputs)
    let goesBack = parameters.learns || inputGradient != nil
    let gradient = goesBack ? Matrix(rows: rows, columns: plan.outputs, type: input.type) : nil
    let (input, outputs) = (Steps(input, .blocks, count: steps), Steps(output, .columns, count: steps))
    let gradients = gradient.map { Steps($0, .columns, count: steps) }
    (self.plan, self.output, self.gradient) = (plan, output, gradient)
    (self.input, self.outputs, self.gradients) = (input, outputs, gradients)
    biasGradient = parameters.gradient(plan.bias, rows: 1, columns: plan.width)
    let weight = parameters.operand(plan.weight, rows: plan.width, columns: plan.inputs)
    let bias = parameters.matrix(plan.bias, rows: 1, columns: plan.width)
    let weightGradient = parameters.gradient(plan.weight, rows: plan.width, columns: plan.inputs)
    workers = binding.rows.blocks.enumerated().map { index, blocks in
      let values = binding.share(of: plan.width, worker: index, number: number)
      return Work(
        blocks: blocks.filter { !$0.isEmpty }.map { rows in
          Block(
            rows: rows,
            forward: Product(input(0, rows), weight, transposeB: true, bias: bias, into: outputs(0, rows)),
            back: StepTarget(inputGradient, rows: rows, .blocks, count: steps).map {
              (Product(gradients!(0, rows), weight, into: $0(0)), $0)
            })
        }, values: values,
        weightGradient: values.isEmpty
          ? nil
          : weightGradient.map {
            StepGradient(gradients!, columns: values, input, into: $0.block(rows: values))
          })
    }
  }

  var activated: Matrix { output }
  var outputGradient: Matrix? { nil }

  func forward(_ worker: Int) {
    for block in workers[worker].blocks {
      for step in 0..<plan.steps { block.forward(input(step, block.rows), into: outputs(step, block.rows)) }
    }
  }

  func backward(_ worker: Int) {
    guard let gradients else { return }
    for block in workers[worker].blocks {
      guard let (product, target) = block.back else { continue }
      for step in 0..<plan.steps { product(gradients(step, block.rows), into: target(step)) }
    }
  }

  func parameterGradient(_ worker: Int, finished: GradientUse) {
    let (work, values) = (workers[worker], workers[worker].values)
    guard let products = work.weightGradient, let gradient, let biasGradient else { return }
    products()
    gradient.inRows(of: plan.width).block(columns: values)
      .columnSums(into: biasGradient.floats + values.lowerBound)
    finished(
      plan.weight + values.lowerBound * plan.inputs..<plan.weight + values.upperBound * plan.inputs, nil)
    finished(plan.bias + values.lowerBound..<plan.bias + values.upperBound, nil)
  }

  func rowProducts(_ worker: Int) {
    forward(worker)
    backward(worker)
  }

  func parameterProducts(_ worker: Int) { workers[worker].weightGradient?.products() }

  var operations: Int {
    workers.reduce(0) { total, work in
      work.blocks.reduce(total + (work.weightGradient?.operations ?? 0)) {
        $0 + plan.steps * ($1.forward.operations + ($1.back?.product.operations ?? 0))
      }
    }
  }
}
