import Compute
import IDX
import Networks

// When the encoder's first layer leaves out pixels that are 0.

extension TrainingStep {
  /// Whether the encoder's first layer would be faster without pixels that are 0, if most are. In bfloat16 whole products are
  /// as fast; pseudo-inputs have no zeros.
  static func mayLeaveOutZeros(_ layout: ModelLayout, training: TrainingSettings, batch: Int) -> Bool {
    training.precision.elementType == .float32 && layout.prior.encodedRows == 0
      && layout.encoder.gainsFromZeros(rows: batch)
  }
}

extension BatchSource {
  /// Whether three pixels of four are 0, as in handwriting: of a thousand images from the whole set.
  var hasMostlyZeros: Bool {
    let (count, step) = (images.pixelCount, max(1, images.count / 1000))
    var (pixels, zeros) = (0, 0)
    for image in stride(from: 0, to: images.count, by: step) {
      pixels += count
      switch images.pixels {
      case .bytes(let bytes): for i in 0..<count where bytes[image * count + i] == 0 { zeros += 1 }
      case .floats(let floats): for i in 0..<count where floats[image * count + i] == 0 { zeros += 1 }
      }
    }
    return 4 * zeros >= 3 * pixels
  }
}
