import CKernels
import Compute

/// What comes out of a layer's products, over the rows of a batch: activation and dropout, forward and backward.
struct LayerOutput: Sendable {
  /// What the products, bias included, are put into: float32 `[rows, outputs]`.
  let preactivation: Matrix
  /// f of it, before dropout.
  let activated: Matrix
  /// What the next layer reads.
  let output: Matrix
  /// ∂loss/∂output, float32.
  let outputGradient: Matrix?
  /// ∂loss/∂preactivation, in the element type of the products.
  let gradient: Matrix?
  private let activation: Activation?
  private let dropout: (function: Dropout, mask: DropoutMask)?

  /// - Parameters:
  ///   - activation: nil for the last layer of a network, whose `gradient` the objective fills.
  ///   - number: tells the dropout masks of different layers apart.
  ///   - goesBack: whether anything asks for the gradient.
  init(
    outputs: Int, _ activation: Activation?, _ binding: NetworkBinding, number: Int, rows: Int,
    type: ElementType, goesBack: Bool
  ) {
    self.activation = activation
    preactivation = Matrix(rows: rows, columns: outputs)
    gradient = goesBack ? Matrix(rows: rows, columns: outputs, type: type) : nil
    activated =
      LayerOutput.isInPlace(activation, type)
      ? preactivation : Matrix(rows: rows, columns: outputs, type: type)
    dropout = LayerOutput.dropout(activation, binding, number: number, rows: rows, outputs: outputs)
    output = dropout == nil ? activated : Matrix(rows: rows, columns: outputs, type: type)
    outputGradient =
      gradient.map { $0.type == .bfloat16 ? Matrix(rows: rows, columns: outputs) : $0 }
  }

  private static func dropout(
    _ activation: Activation?, _ binding: NetworkBinding, number: Int, rows: Int, outputs: Int
  ) -> (Dropout, DropoutMask)? {
    guard binding.dropoutRate > 0, let activation, let tags = binding.tags else { return nil }
    let dropout = Dropout(rate: binding.dropoutRate, activation: activation)
    return (
      dropout,
      DropoutMask(
        dropout, rows: rows, units: outputs, tags: tags, rowsPerTag: binding.rowsPerTag, layer: number)
    )
  }

  /// From `preactivation` to `output`.
  func forward(_ rows: Range<Int>) {
    guard let activation else { return }
    activation.forward(preactivation.block(rows: rows), into: activated.block(rows: rows))
    guard let (dropout, mask) = dropout else { return }
    for row in rows {
      mask.draw(row)
      dropout.forward(activated, mask: mask.mask.row(row), row: row, into: output)
    }
  }

  /// The same of some outputs of all rows, `part`, where there is no dropout.
  func forward(_ part: Matrix, outputs: Range<Int>) {
    precondition(dropout == nil, "dropout of some outputs")
    activation?.forward(part, into: activated.block(columns: outputs))
  }

  /// From `outputGradient` to `gradient`; nothing where there is no activation.
  func backward(_ rows: Range<Int>) {
    guard let gradient, let outputGradient else { return }
    if let (dropout, mask) = dropout {
      for row in rows {
        dropout.backward(outputGradient.row(row), mask: mask.mask.row(row), count: gradient.columns)
      }
    }
    activation?.backward(
      input: preactivation.block(rows: rows), output: activated.block(rows: rows),
      gradient: outputGradient.block(rows: rows), into: gradient.block(rows: rows))
  }

  /// Bytes of its matrices.
  static func byteCount(
    outputs: Int, _ activation: Activation?, rows: Int, type: ElementType, hasDropout: Bool, learns: Bool
  ) -> Double {
    let plain = Matrix.byteCount(rows, outputs)
    let typed = Matrix.byteCount(rows, outputs, type)
    var bytes = plain + (isInPlace(activation, type) ? 0 : typed)
    if activation != nil && hasDropout { bytes += typed + plain + Matrix.byteCount(1, outputs) }
    if learns { bytes += typed + (type == .bfloat16 ? plain : 0) }
    return bytes
  }

  /// Wherever neither the derivative nor the element type needs what the activation would overwrite.
  private static func isInPlace(_ activation: Activation?, _ type: ElementType) -> Bool {
    activation.map { type == .float32 && $0.derivativeIsFromOutput } ?? true
  }
}

/// A layer whose output is what comes out of its products.
protocol ResultLayer: Layer {
  var result: LayerOutput { get }
}

extension ResultLayer {
  var output: Matrix { result.output }
  var activated: Matrix { result.activated }
  var outputGradient: Matrix? { result.outputGradient }
  var gradient: Matrix? { result.gradient }
}

extension Matrix {
  /// The sums of all rows, in float32, into `sums`, one a column.
  func columnSums(into sums: UnsafeMutablePointer<Float>) {
    sums.update(repeating: 0, count: columns)
    switch type {
    case .float32: selva_column_sums(floats, rows, stride, columns, sums)
    case .bfloat16: selva_column_sums_bf16(halves, rows, stride, columns, sums)
    }
  }
}
