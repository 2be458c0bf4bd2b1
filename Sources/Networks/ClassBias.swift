import CKernels
import Compute

/// The places of a learned bias for each class, `[classes, outputs]`.
package struct ClassBiasPlan: Sendable {
  package let offset: Int
  package let classes: Int
  package let outputs: Int

  /// - Parameter gain: of the layer's inputs together. A class is twice as loud: one that begins quietly is found late,
  ///   when the rest of the network has learned to do without it.
  init(_ name: String, classes: Int, outputs: Int, gain: Double, in layout: inout ParameterLayout) {
    layout.align()
    let width = Double(outputs)
    offset =
      layout.add(
        name, [classes, outputs], .normal(gain: 2 * gain * width.squareRoot(), fanIn: width)
      ).offset
    self.classes = classes
    self.outputs = outputs
  }
}

/// A learned bias for each class, which equals appending a one-hot vector to the layer's input.
struct ClassBias: Sendable {
  private let offset: Int
  private let values: Matrix
  private let gradient: Matrix?
  private let tags: RowTags
  private let rowsPerTag: Int

  init?(_ plan: ClassBiasPlan, _ binding: NetworkBinding) {
    guard let tags = binding.tags else { return nil }
    offset = plan.offset
    self.tags = tags
    rowsPerTag = binding.rowsPerTag
    values = binding.parameters.matrix(plan.offset, rows: plan.classes, columns: plan.outputs)
    gradient = binding.parameters.gradient(plan.offset, rows: plan.classes, columns: plan.outputs)
  }

  /// The class of `row`; nil where it has none.
  private func kind(_ row: Int) -> Int? {
    let kind = tags.classes[row / rowsPerTag]
    return kind == RowTags.noClass ? nil : Int(kind)
  }

  func add(to preactivation: Matrix, rows: Range<Int>) {
    for row in rows {
      guard let kind = kind(row) else { continue }
      let (bias, target) = (values.row(kind), preactivation.row(row))
      for i in 0..<preactivation.columns { target[i] += bias[i] }
    }
  }

  /// Of some outputs, from the gradient of all rows.
  func parameterGradient(_ rows: Matrix, outputs: Range<Int>, finished: GradientUse) {
    guard let gradient else { return }
    for kind in 0..<gradient.rows {
      (gradient.row(kind) + outputs.lowerBound).update(repeating: 0, count: outputs.count)
    }
    for row in 0..<rows.rows {
      guard let kind = kind(row) else { continue }
      let target = gradient.row(kind) + outputs.lowerBound
      switch rows.type {
      case .float32:
        selva_column_sums(rows.row(row) + outputs.lowerBound, 1, rows.stride, outputs.count, target)
      case .bfloat16:
        selva_column_sums_bf16(
          rows.halfRow(row) + outputs.lowerBound, 1, rows.stride, outputs.count, target)
      }
    }
    for kind in 0..<gradient.rows {
      let start = offset + kind * gradient.columns
      finished(start + outputs.lowerBound..<start + outputs.upperBound, nil)
    }
  }
}
