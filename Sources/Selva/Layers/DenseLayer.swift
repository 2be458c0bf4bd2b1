import CKernels
import Compute

/// Where a layer finds its parameters, and where their gradient goes.
struct LayerParameters: Sendable {
  /// `[outputs, inputs]`, in the element type of the products.
  let weight: Matrix
  /// `[1, outputs]`, float32.
  let bias: Matrix
  /// Like `weight` and `bias`, float32; nil where nothing is learned.
  let weightGradient: Matrix?
  let biasGradient: Matrix?

  var learns: Bool { weightGradient != nil }
}

/// y = f(x·Wᵀ + b) over the rows of a batch, forward and backward.
///
/// Forward and the gradient of x are split over workers by rows; the gradient of W and b by outputs, each worker
/// taking every row, so that no gradients are summed over workers. A barrier must lie between the two.
final class DenseLayer: Sendable {
  /// x, `[rows, inputs]`.
  let input: Matrix
  /// y, `[rows, outputs]`, in the element type of the products: the next layer's input.
  let output: Matrix
  /// f(x·Wᵀ + b), before dropout.
  let activated: Matrix
  /// ∂loss/∂y, float32, which the next layer fills.
  let outputGradient: Matrix?
  /// ∂loss/∂(x·Wᵀ + b). In a layer without activation the objective fills it.
  let gradient: Matrix?

  private let parameters: LayerParameters
  private let activation: Activation?
  private let dropout: Dropout?
  private let number: Int
  private let preactivation: Matrix
  private let workers: [Work]

  /// One worker's part: its rows, its outputs, and the products over them.
  private struct Work: Sendable {
    let rows: Range<Int>
    let outputs: Range<Int>
    let forward: Product?
    let inputGradient: Product?
    let weightGradient: Product?
  }

  /// - Parameters:
  ///   - number: tells the dropout masks of different layers apart.
  ///   - rows: each worker's rows.
  ///   - inputGradient: float32 `[rows, inputs]` that `backward` fills; nil where it is not needed.
  init(
    _ parameters: LayerParameters, number: Int, input: Matrix, activation: Activation?, dropout: Dropout?,
    rows: [Range<Int>], inputGradient: Matrix?
  ) {
    let (count, width, type) = (input.rows, parameters.weight.rows, input.type)
    let learns = parameters.learns
    // In place wherever neither the derivative nor the element type needs what would be overwritten.
    let inPlace = activation.map { type == .float32 && $0.derivativeIsFromOutput } ?? true
    let dropout = activation == nil ? nil : dropout
    let preactivation = Matrix(rows: count, columns: width)
    let gradient = learns ? Matrix(rows: count, columns: width, type: type) : nil
    self.parameters = parameters
    self.number = number
    self.input = input
    self.activation = activation
    self.dropout = dropout
    self.preactivation = preactivation
    self.gradient = gradient
    activated = inPlace ? preactivation : Matrix(rows: count, columns: width, type: type)
    output = dropout == nil ? activated : Matrix(rows: count, columns: width, type: type)
    outputGradient = learns && type == .bfloat16 ? Matrix(rows: count, columns: width) : gradient
    workers = rows.indices.map { index in
      let mine = rows[index]
      let outputs = Worker.share(of: width, grain: 16, index: index, count: rows.count)
      let x = input.block(rows: mine)
      return Work(
        rows: mine, outputs: outputs,
        forward: mine.isEmpty
          ? nil
          : Product(
            x, parameters.weight, transposeB: true, bias: parameters.bias,
            into: preactivation.block(rows: mine)),
        inputGradient: inputGradient.flatMap { target in
          mine.isEmpty || !learns
            ? nil
            : Product(gradient!.block(rows: mine), parameters.weight, into: target.block(rows: mine))
        },
        weightGradient: parameters.weightGradient.flatMap { target in
          outputs.isEmpty
            ? nil
            : Product(
              gradient!.block(columns: outputs), transposeA: true, input, into: target.block(rows: outputs))
        })
    }
  }

  func forward(_ worker: Int, noise: DropoutNoise?) {
    let work = workers[worker]
    guard let product = work.forward else { return }
    product()
    guard let activation else { return }
    activation.forward(preactivation.block(rows: work.rows), into: activated.block(rows: work.rows))
    guard let dropout, let noise else { return }
    for row in work.rows {
      dropout.forward(
        activated, mask: noise.mask(dropout, row, number, output.columns), row: row, into: output)
    }
  }

  func backward(_ worker: Int, noise: DropoutNoise?) {
    let work = workers[worker]
    guard !work.rows.isEmpty, let gradient, let outputGradient else { return }
    if let dropout, let noise {
      for row in work.rows {
        dropout.backward(outputGradient.row(row), mask: noise.mask(dropout, row, number, output.columns))
      }
    }
    activation?.backward(
      input: preactivation.block(rows: work.rows), output: activated.block(rows: work.rows),
      gradient: outputGradient.block(rows: work.rows), into: gradient.block(rows: work.rows))
    work.inputGradient?()
  }

  /// The gradient of this worker's rows of W and elements of b. Returns which outputs those are.
  @discardableResult
  func parameterGradient(_ worker: Int) -> Range<Int> {
    let work = workers[worker]
    guard let product = work.weightGradient, let gradient, let bias = parameters.biasGradient else {
      return 0..<0
    }
    product()
    let columns = gradient.block(columns: work.outputs)
    let sums = bias.floats + work.outputs.lowerBound
    sums.update(repeating: 0, count: work.outputs.count)
    switch gradient.type {
    case .float32: selva_column_sums(columns.floats, columns.rows, columns.stride, columns.columns, sums)
    case .bfloat16:
      selva_column_sums_bf16(columns.halves, columns.rows, columns.stride, columns.columns, sums)
    }
    return work.outputs
  }

  /// Forward's and backward's products of one worker, without the rest.
  func imageProducts(_ worker: Int) {
    workers[worker].forward?()
    workers[worker].inputGradient?()
  }

  /// The weight gradient's product of one worker, without the rest.
  func parameterProduct(_ worker: Int) { workers[worker].weightGradient?() }

  /// Multiplications and additions of one step over all workers, products only.
  var operations: Int {
    workers.reduce(0) {
      $0 + [$1.forward, $1.inputGradient, $1.weightGradient].reduce(0) { $0 + ($1?.operations ?? 0) }
    }
  }
}
