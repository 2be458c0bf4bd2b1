import CKernels
import Compute

/// The parameters that passes through networks read, and where their gradients go when something is learned.
package struct Parameters: Sendable {
  package let layout: ParameterLayout
  package let weights: Storage
  /// The weights in bfloat16, kept in step by the optimizer; nil for products in float32.
  package let halves: Storage?
  /// Nil for inference, and for parts that stay as they are.
  package let gradients: Storage?
  /// For gradients of weights that nobody looks at after they were used; nil: all are kept in `gradients`.
  private let scratch: GradientScratch?

  package init(
    layout: ParameterLayout, weights: Storage, halves: Storage? = nil, gradients: Storage? = nil,
    scratch: GradientScratch? = nil
  ) {
    self.layout = layout
    self.weights = weights
    self.halves = halves
    self.gradients = gradients
    self.scratch = scratch
  }

  /// What products are computed in.
  package var elementType: ElementType { halves == nil ? .float32 : .bfloat16 }

  package var learns: Bool { gradients != nil }

  /// The same parameters for a part that learns nothing.
  package var frozen: Parameters { Parameters(layout: layout, weights: weights, halves: halves) }

  /// The same parameters for a part whose products are always in float32.
  package var single: Parameters {
    Parameters(layout: layout, weights: weights, gradients: gradients, scratch: scratch)
  }

  /// The same parameters for products in `type`; in bfloat16, with a copy of the weights as they are now.
  package func copied(to type: ElementType) -> Parameters {
    guard type == .bfloat16 else { return Parameters(layout: layout, weights: weights) }
    let halves = Storage(byteCount: layout.count * type.byteCount)
    selva_to_bf16(
      ParameterStore.floats(weights).baseAddress!, halves.base.assumingMemoryBound(to: UInt16.self),
      layout.count)
    return Parameters(layout: layout, weights: weights, halves: halves)
  }

  /// `[rows, columns]` at `offset` in the element type of products.
  package func operand(_ offset: Int, rows: Int, columns: Int) -> Matrix {
    Matrix(halves ?? weights, offset: offset, rows: rows, columns: columns, type: elementType)
  }

  /// `[rows, columns]` at `offset`, float32.
  package func matrix(_ offset: Int, rows: Int, columns: Int) -> Matrix {
    Matrix(weights, offset: offset, rows: rows, columns: columns)
  }

  /// The gradient of `matrix`, float32.
  package func gradient(_ offset: Int, rows: Int, columns: Int) -> Matrix? {
    gradients.map { Matrix($0, offset: offset, rows: rows, columns: columns) }
  }

  /// Where a worker makes the gradient of its `share` of the rows of weights at `offset`, one piece after the other; none
  /// where nothing is learned.
  ///
  /// - Parameter grain: rows that pieces had better be made of, where they fit.
  func gradientPieces(
    _ offset: Int, rows: Int, columns: Int, share: Range<Int>, worker: Int, grain: Int = 16
  ) -> [(rows: Range<Int>, values: Matrix)] {
    guard let all = gradient(offset, rows: rows, columns: columns) else { return [] }
    let fitting = GradientScratch.rows(of: columns)
    let scratch = fitting == 0 ? nil : scratch
    // Not all rows at once where they could be shared out: where nothing lies between its operand's rows, oneDNN may add up
    // in another order, and weights would depend on how many workers there are.
    let limit = max(16, min(scratch == nil ? rows : fitting, rows - 1) / 16 * 16)
    let most = limit < grain ? limit : limit / grain * grain
    return stride(from: share.lowerBound, to: share.upperBound, by: most).map { first in
      let piece = first..<min(first + most, share.upperBound)
      return (
        piece,
        scratch?.matrix(rows: piece.count, columns: columns, worker: worker) ?? all.block(rows: piece)
      )
    }
  }
}
