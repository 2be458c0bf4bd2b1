import CKernels
import Compute

/// Dropout that keeps what the activation needs kept.
///
/// For SELU: alpha dropout (Klambauer et al. 2017, section 3): a dropped unit becomes α′ = −λα, then a·x + b
/// restores mean 0 and variance 1. For every other activation: inverted dropout (α′ = 0, a = 1/q, b = 0).
struct Dropout: Sendable {
  private let keep: Float
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

  /// Which units of one row are kept: 1 or 0, `[columns]`.
  func mask(_ stream: RandomStream, count: Int) -> [Float] {
    let probabilities = [Float](repeating: keep, count: count)
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let base = buffer.baseAddress { stream.binarize(probabilities, into: base, count: count) }
      initialized = count
    }
  }

  /// y = a·(keep ? x : α′) + b on one row of `x`, into the same row of `y`; both in one element type.
  func forward(_ x: Matrix, mask: [Float], row: Int, into y: Matrix) {
    func drop(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
      for i in mask.indices { y[i] = scale * (mask[i] * x[i] + (1 - mask[i]) * dropped) + shift }
    }
    switch x.type {
    case .float32: drop(x.row(row), y.row(row))
    case .bfloat16:
      withUnsafeTemporaryAllocation(of: Float.self, capacity: mask.count) { values in
        guard let base = values.baseAddress else { return }
        selva_from_bf16(x.halves + row * x.stride, base, mask.count)
        drop(base, base)
        selva_to_bf16(base, y.halves + row * y.stride, mask.count)
      }
    }
  }

  /// The gradient of a kept unit is scaled, that of a dropped one is 0; in place on one row.
  func backward(_ gradient: UnsafeMutablePointer<Float>, mask: [Float]) {
    for i in mask.indices { gradient[i] *= mask[i] * scale }
  }
}

/// The random part of dropout in one step: a function of where a unit is, so that forward and backward, and a
/// run stopped and resumed, see the same masks.
struct DropoutNoise: Sendable {
  let seed: UInt64
  let epoch: Int
  /// The image behind each row of the batch.
  let images: [Int32]
  /// Rows for each image (importance samples).
  let samples: Int

  func mask(_ dropout: Dropout, _ row: Int, _ layer: Int, _ columns: Int) -> [Float] {
    let stream = RandomStream(
      seed: seed, .dropout, epoch: epoch, image: Int(images[row / samples]),
      sample: row % samples * 256 + layer)
    return dropout.mask(stream, count: columns)
  }
}
