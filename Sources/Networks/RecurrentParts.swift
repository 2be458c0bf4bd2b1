import CKernels
import Compute

/// What a recurrent layer makes of an input that is the same at every step: its product once, and back the sum over steps.
struct RepeatedInput: Sendable {
  /// x·W_xᵀ + b, and the class's bias, float32 `[rows, units]`.
  let projection: Matrix
  /// Σ over steps of ∂loss/∂preactivation, in the element type of the products.
  let gradient: Matrix?
  /// The same in float32.
  private let sum: Matrix?
  let classes: ClassBias?

  init(_ plan: RecurrentPlan, _ binding: NetworkBinding, type: ElementType, goesBack: Bool) {
    let rows = binding.rows.count
    projection = Matrix(rows: rows, columns: plan.units)
    sum = goesBack ? Matrix(rows: rows, columns: plan.units) : nil
    gradient = type == .float32 ? sum : sum.map { Matrix(rows: $0.rows, columns: $0.columns, type: type) }
    classes = plan.classBias.flatMap { ClassBias($0, binding) }
  }

  func clear(_ rows: Range<Int>) {
    guard let sum = sum?.block(rows: rows) else { return }
    sum.floats.update(repeating: 0, count: sum.rows * sum.columns)
  }

  /// Of one step, to those before.
  func add(_ step: Matrix, rows: Range<Int>) {
    guard let sum = sum?.block(rows: rows), let gradient else { return }
    let count = sum.rows * sum.columns
    switch step.type {
    case .float32: selva_add(step.floats, sum.floats, count)
    case .bfloat16: selva_add_bf16(step.halves, sum.floats, gradient.block(rows: rows).halves, count)
    }
  }

  static func byteCount(_ plan: RecurrentPlan, rows: Int, _ type: ElementType, learns: Bool) -> Double {
    let plain = Matrix.byteCount(rows, plan.units)
    return plain + (learns ? plain : 0)
      + (learns && type == .bfloat16 ? Matrix.byteCount(rows, plan.units, type) : 0)
  }
}

/// The gradient of some units' weights in a recurrent layer.
struct WeightGradients: Sendable {
  /// Of W_x: over all steps at once, or, where these do not lie alike, step by step.
  private enum Input: Sendable {
    case whole(Product)
    case steps(StepGradient)
  }

  private let input: Input
  /// Of W_h; nil where there is one step.
  private let state: Product?
  private let stateTarget: Matrix

  init(
    _ plan: RecurrentPlan, _ parameters: Parameters, units: Range<Int>, input: Steps, states: Steps,
    gradients: Steps, repeated: RepeatedInput?
  ) {
    func target(_ offset: Int, _ columns: Int) -> Matrix {
      parameters.gradient(offset, rows: plan.units, columns: columns)!.block(rows: units)
    }
    let weight = target(plan.weight, plan.inputs)
    stateTarget = target(plan.stateWeight, plan.units)
    if plan.source == .columns {
      self.input = .steps(StepGradient(gradients, columns: units, input, into: weight))
    } else {
      let gradient = repeated?.gradient ?? gradients.matrix
      self.input = .whole(
        Product(gradient.block(columns: units), transposeA: true, input.matrix, into: weight))
    }
    let (rows, all) = (gradients.rows, gradients.matrix.rows)
    state =
      plan.steps == 1
      ? nil
      : Product(
        gradients.matrix.block(rows: rows..<all).block(columns: units), transposeA: true,
        states.matrix.block(rows: 0..<all - rows), into: stateTarget)
  }

  func callAsFunction() {
    if case .steps(let gradient) = input { gradient() } else { inputProducts() }
    if let state {
      state()
    } else {
      stateTarget.floats.update(repeating: 0, count: stateTarget.rows * stateTarget.columns)
    }
  }

  func products() {
    inputProducts()
    state?()
  }

  private func inputProducts() {
    switch input {
    case .whole(let product): product()
    case .steps(let gradient): gradient.products()
    }
  }

  var operations: Int {
    let rest = state?.operations ?? 0
    return switch input {
    case .whole(let product): product.operations + rest
    case .steps(let gradient): gradient.operations + rest
    }
  }
}
