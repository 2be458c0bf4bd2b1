import CKernels
import Compute

/// Dropout that keeps what the activation needs kept.
///
/// For SELU: alpha dropout (Klambauer et al. 2017, section 3): a dropped unit becomes α′ = −λα, then a·x + b
/// restores mean 0 and variance 1. For every other activation: inverted dropout (α′ = 0, a = 1/q, b = 0).
struct Dropout: Sendable {
  /// The probability of being kept.
  let keep: Float
  /// What a dropped unit becomes before the affine map.
  private let dropped: Float
  private let scale: Float
  private let shift: Float

  init(rate: Double, activation: Activation) {
    precondition(rate > 0 && rate < 1, "a dropout rate of \(rate)")
    let q = 1 - rate
    keep = Float(q)
    if activation == .selu {
      let saturation = -1.7580993408473766
      let a = 1 / (q + saturation * saturation * q * rate).squareRoot()
      (dropped, scale, shift) = (Float(saturation), Float(a), Float(-a * rate * saturation))
    } else {
      (dropped, scale, shift) = (0, Float(1 / q), 0)
    }
  }

  /// y = a·(keep ? x : α′) + b on one row of `x`, into the same row of `y`; both in one element type. `mask` is 1
  /// where a unit is kept and 0 elsewhere.
  func forward(_ x: Matrix, mask: UnsafePointer<Float>, row: Int, into y: Matrix) {
    let count = x.columns
    func drop(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
      for i in 0..<count { y[i] = scale * (mask[i] * x[i] + (1 - mask[i]) * dropped) + shift }
    }
    switch x.type {
    case .float32: drop(x.row(row), y.row(row))
    case .bfloat16:
      withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { values in
        guard let base = values.baseAddress else { return }
        selva_from_bf16(x.halfRow(row), base, count)
        drop(base, base)
        selva_to_bf16(base, y.halfRow(row), count)
      }
    }
  }

  /// The gradient of a kept unit is scaled, that of a dropped one is 0; in place on one row.
  func backward(_ gradient: UnsafeMutablePointer<Float>, mask: UnsafePointer<Float>, count: Int) {
    for i in 0..<count { gradient[i] *= mask[i] * scale }
  }
}

/// Which units of a layer are kept in one step: a function of what a row stands for, so that a run stopped and
/// resumed sees the same masks.
struct DropoutMask: Sendable {
  /// `[rows, units]`, 1 or 0.
  let mask: Matrix
  private let probabilities: Matrix
  private let tags: RowTags
  private let rowsPerTag: Int
  private let layer: Int

  init(_ dropout: Dropout, rows: Int, units: Int, tags: RowTags, rowsPerTag: Int, layer: Int) {
    mask = Matrix(rows: rows, columns: units)
    probabilities = Matrix(rows: 1, columns: units)
    probabilities.floats.update(repeating: dropout.keep, count: units)
    self.tags = tags
    self.rowsPerTag = rowsPerTag
    self.layer = layer
  }

  /// Draws the mask of `row`.
  func draw(_ row: Int) {
    RandomStream(
      seed: tags.seed, .dropout, epoch: tags.epoch, image: Int(tags.numbers[row / rowsPerTag]),
      sample: row % rowsPerTag * 256 + layer
    ).binarize(probabilities.floats, into: mask.row(row), count: mask.columns)
  }
}
