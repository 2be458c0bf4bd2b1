@testable import Networks

/// A convolution between a large map and a small one in plain loops and float64: what the layers are held against.
struct PlainConvolution {
  let large: MapShape
  let smallChannels: Int
  let kernel: Int
  let stride: Int

  var height: Int { (large.height + stride - 1) / stride }
  var width: Int { (large.width + stride - 1) / stride }
  var smallCount: Int { height * width * smallChannels }

  /// Calls `body` with the indices of every small value, weight and large value that meet, within one image.
  func each(_ body: (_ small: Int, _ weight: Int, _ large: Int) -> Void) {
    let top = max(0, (height - 1) * stride + kernel - large.height) / 2
    let left = max(0, (width - 1) * stride + kernel - large.width) / 2
    for y in 0..<height {
      for x in 0..<width {
        for (dy, dx) in (0..<kernel * kernel).map({ ($0 / kernel, $0 % kernel) }) {
          let (py, px) = (y * stride + dy - top, x * stride + dx - left)
          guard py >= 0, py < large.height, px >= 0, px < large.width else { continue }
          for out in 0..<smallChannels {
            for c in 0..<large.channels {
              body(
                (y * width + x) * smallChannels + out,
                ((out * kernel + dy) * kernel + dx) * large.channels + c,
                (py * large.width + px) * large.channels + c)
            }
          }
        }
      }
    }
  }

  /// small = W ∗ large, image by image.
  func reduce(_ large: [Double], _ weight: [Double]) -> [Double] {
    images(large, self.large.count, into: smallCount) { image, result, source in
      each { result[image * smallCount + $0] += weight[$1] * large[source + $2] }
    }
  }

  /// large = Wᵀ ∗ small, image by image.
  func expand(_ small: [Double], _ weight: [Double]) -> [Double] {
    images(small, smallCount, into: large.count) { image, result, source in
      each { result[image * large.count + $2] += weight[$1] * small[source + $0] }
    }
  }

  func weightGradient(_ small: [Double], _ large: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: smallChannels * kernel * kernel * self.large.channels)
    for image in 0..<small.count / smallCount {
      each { result[$1] += small[image * smallCount + $0] * large[image * self.large.count + $2] }
    }
    return result
  }

  private func images(
    _ source: [Double], _ size: Int, into resultSize: Int, _ body: (Int, inout [Double], Int) -> Void
  ) -> [Double] {
    let count = source.count / size
    var result = [Double](repeating: 0, count: count * resultSize)
    for image in 0..<count { body(image, &result, image * size) }
    return result
  }
}
