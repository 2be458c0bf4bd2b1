import CKernels
import Compute

/// h_t = f(W_x·x_t + W_h·h_{t−1} + b) over the steps of a batch's rows, and back-propagation through time.
///
/// States lie as blocks, one step of all rows after the other: what a step works on has no gaps, and the gradient of W_h is
/// one product over all steps.
final class RecurrentLayer: Layer {
  private let plan: RecurrentPlan
  private let result: LayerOutput
  private let input: Steps
  /// What the states' products are put into, and the states.
  private let preactivations: Steps
  private let states: Steps
  private let gradients: Steps?
  private let outputGradients: Steps?
  /// Where the input is the same at every step.
  private let repeated: RepeatedInput?
  private let biasGradient: Matrix?
  private let workers: [Work]

  /// One worker's part: its rows, its units, and the products over them.
  private struct Work: Sendable {
    let blocks: [Block]
    let units: Range<Int>
    let gradient: WeightGradients?
  }

  private struct Block: Sendable {
    let rows: Range<Int>
    /// x_t·W_xᵀ + b; c += h_{t−1}·W_hᵀ, nil where there is one step.
    let input: Product
    let state: Product?
    /// g_t·W_h, added to what comes from above where all states are handed on.
    let stateGradient: Product?
    let inputGradient: (product: Product, target: StepTarget)?
  }

  init(
    _ plan: RecurrentPlan, _ binding: NetworkBinding, number: Int, input: Matrix,
    inputGradient: InputGradient?
  ) {
    precondition(binding.dropoutRate == 0, "dropout in a recurrent layer")
    let (parameters, steps, units) = (binding.parameters, plan.steps, plan.units)
    let result = LayerOutput(
      outputs: units, plan.activation, binding, number: number, rows: steps * binding.rows.count,
      type: input.type, goesBack: parameters.learns || inputGradient != nil)
    self.plan = plan
    self.result = result
    self.input = Steps(input, plan.source, count: steps)
    preactivations = Steps(result.preactivation, .blocks, count: steps)
    states = Steps(result.activated, .blocks, count: steps)
    gradients = result.gradient.map { Steps($0, .blocks, count: steps) }
    outputGradients = result.outputGradient.map { Steps($0, .blocks, count: steps) }
    repeated =
      plan.source == .same
      ? RepeatedInput(plan, binding, type: input.type, goesBack: result.gradient != nil) : nil
    biasGradient = parameters.gradient(plan.bias, rows: 1, columns: units)
    let parts = Parts(
      plan, parameters, input: self.input, preactivations: preactivations, states: states,
      gradients: gradients, outputGradients: outputGradients, repeated: repeated)
    workers = binding.rows.blocks.enumerated().map { index, blocks in
      let share = binding.share(of: units, worker: index, number: number)
      return Work(
        blocks: blocks.filter { !$0.isEmpty }.map { parts.block($0, inputGradient) }, units: share,
        gradient: parameters.learns && !share.isEmpty ? parts.weightGradients(share) : nil)
    }
  }

  /// What products are made of.
  private struct Parts {
    let plan: RecurrentPlan
    let parameters: Parameters
    let weight: Matrix
    let stateWeight: Matrix
    let input: Steps
    let preactivations: Steps
    let states: Steps
    let gradients: Steps?
    let outputGradients: Steps?
    let repeated: RepeatedInput?

    init(
      _ plan: RecurrentPlan, _ parameters: Parameters, input: Steps, preactivations: Steps, states: Steps,
      gradients: Steps?, outputGradients: Steps?, repeated: RepeatedInput?
    ) {
      self.plan = plan
      self.parameters = parameters
      weight = parameters.operand(plan.weight, rows: plan.units, columns: plan.inputs)
      stateWeight = parameters.operand(plan.stateWeight, rows: plan.units, columns: plan.units)
      self.input = input
      self.preactivations = preactivations
      self.states = states
      self.gradients = gradients
      self.outputGradients = outputGradients
      self.repeated = repeated
    }

    func block(_ rows: Range<Int>, _ inputGradient: InputGradient?) -> Block {
      let target = StepTarget(inputGradient, rows: rows, plan.source, count: plan.steps)
      let hasPast = plan.steps > 1
      return Block(
        rows: rows,
        input: Product(
          input(0, rows), weight, transposeB: true,
          bias: parameters.matrix(plan.bias, rows: 1, columns: plan.units),
          into: repeated?.projection.block(rows: rows) ?? preactivations(0, rows)),
        state: hasPast
          ? Product(states(0, rows), stateWeight, transposeB: true, into: preactivations(1, rows), adds: true)
          : nil,
        stateGradient: hasPast
          ? gradients.map {
            Product($0(1, rows), stateWeight, into: outputGradients!(0, rows), adds: plan.keepsSequence)
          } : nil,
        inputGradient: target.map {
          (Product(repeated?.gradient?.block(rows: rows) ?? gradients!(0, rows), weight, into: $0(0)), $0)
        })
    }

    func weightGradients(_ units: Range<Int>) -> WeightGradients {
      WeightGradients(
        plan, parameters, units: units, input: input, states: states, gradients: gradients!,
        repeated: repeated)
    }
  }

  /// All states where they are handed on, else the last ones.
  var output: Matrix { handedOn(result.activated) }
  /// All states, whatever is handed on.
  var activated: Matrix { result.activated }
  var outputGradient: Matrix? { result.outputGradient.map(handedOn) }
  var gradient: Matrix? { result.gradient.map(handedOn) }

  private func handedOn(_ matrix: Matrix) -> Matrix {
    plan.keepsSequence ? matrix : matrix.block(rows: states.block(plan.steps - 1, 0..<states.rows))
  }

  func forward(_ worker: Int) {
    for block in workers[worker].blocks {
      if let repeated {
        block.input()
        repeated.classes?.add(to: repeated.projection, rows: block.rows)
      }
      for step in 0..<plan.steps {
        let target = preactivations(step, block.rows)
        if let repeated {
          target.floats.update(
            from: repeated.projection.row(block.rows.lowerBound), count: target.rows * target.columns)
        } else {
          block.input(input(step, block.rows), into: target)
        }
        if step > 0 { block.state?(states(step - 1, block.rows), into: target) }
        result.forward(states.block(step, block.rows))
      }
    }
  }

  func backward(_ worker: Int) {
    guard let gradients, let outputGradients else { return }
    for block in workers[worker].blocks {
      repeated?.clear(block.rows)
      for step in (0..<plan.steps).reversed() {
        result.backward(gradients.block(step, block.rows))
        let gradient = gradients(step, block.rows)
        if step > 0 { block.stateGradient?(gradient, into: outputGradients(step - 1, block.rows)) }
        if let repeated {
          repeated.add(gradient, rows: block.rows)
        } else if let (product, target) = block.inputGradient {
          product(gradient, into: target(step))
        }
      }
      if repeated != nil { block.inputGradient?.product() }
    }
  }

  func parameterGradient(_ worker: Int, finished: GradientUse) {
    let (work, units) = (workers[worker], workers[worker].units)
    guard let products = work.gradient, let gradient = result.gradient, let biasGradient else { return }
    products()
    gradient.block(columns: units).columnSums(into: biasGradient.floats + units.lowerBound)
    func rows(_ start: Int, of columns: Int) -> Range<Int> {
      start + units.lowerBound * columns..<start + units.upperBound * columns
    }
    finished(rows(plan.weight, of: plan.inputs), nil)
    finished(rows(plan.stateWeight, of: plan.units), nil)
    finished(rows(plan.bias, of: 1), nil)
    if let repeated, let sum = repeated.gradient {
      repeated.classes?.parameterGradient(sum, outputs: units, finished: finished)
    }
  }

  func rowProducts(_ worker: Int) {
    for block in workers[worker].blocks {
      if repeated != nil {
        block.input()
        block.inputGradient?.product()
      }
      for step in 0..<plan.steps {
        let target = preactivations(step, block.rows)
        if repeated == nil { block.input(input(step, block.rows), into: target) }
        if step > 0 { block.state?(states(step - 1, block.rows), into: target) }
        guard let gradients, let outputGradients else { continue }
        let gradient = gradients(step, block.rows)
        if step > 0 { block.stateGradient?(gradient, into: outputGradients(step - 1, block.rows)) }
        if repeated == nil, let (product, target) = block.inputGradient {
          product(gradient, into: target(step))
        }
      }
    }
  }

  func parameterProducts(_ worker: Int) { workers[worker].gradient?.products() }

  var operations: Int {
    let times = repeated == nil ? plan.steps : 1
    return workers.reduce(0) { total, work in
      work.blocks.reduce(total + (work.gradient?.operations ?? 0)) {
        $0 + times * ($1.input.operations + ($1.inputGradient?.product.operations ?? 0))
          + (plan.steps - 1) * (($1.state?.operations ?? 0) + ($1.stateGradient?.operations ?? 0))
      }
    }
  }
}
