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

  package init(
    layout: ParameterLayout, weights: Storage, halves: Storage? = nil, gradients: Storage? = nil
  ) {
    self.layout = layout
    self.weights = weights
    self.halves = halves
    self.gradients = gradients
  }

  /// What products are computed in.
  package var elementType: ElementType { halves == nil ? .float32 : .bfloat16 }

  package var learns: Bool { gradients != nil }

  /// The same parameters for a part that learns nothing.
  package var frozen: Parameters { Parameters(layout: layout, weights: weights, halves: halves) }

  /// The same parameters for a part whose products are always in float32.
  package var single: Parameters { Parameters(layout: layout, weights: weights, gradients: gradients) }

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
}
