import ImageGrid

/// How a picture of another shape is brought to a size.
public enum PictureFit: String, Sendable, CaseIterable {
  /// Its middle, as much of it as has the new shape.
  case crop
  /// All of it, with the background beside or above and below it.
  case pad
  /// All of it, out of proportion.
  case stretch
}

/// A part of a picture at another size: means over areas where it gets smaller, linear between pixels where it gets
/// larger, so that no side of the picture is favoured and no row left out.
enum Scaling {
  static func scaled(
    _ raster: Raster, width: Int, height: Int, fit: PictureFit, background: Color
  ) -> Raster {
    guard (raster.width, raster.height) != (width, height) else { return raster }
    // Sides of what has the new shape, in pixels of the old: width as broad as it is, or height as high.
    let isBroad = raster.width * height > raster.height * width
    switch fit {
    case .stretch: return resampled(raster, 0..<raster.width, 0..<raster.height, width, height)
    case .crop:
      let side =
        isBroad
        ? max(1, rounded(raster.height * width, by: height))
        : max(1, rounded(raster.width * height, by: width))
      let (x, y) = isBroad ? ((raster.width - side) / 2, 0) : (0, (raster.height - side) / 2)
      let (w, h) = isBroad ? (side, raster.height) : (raster.width, side)
      return resampled(raster, x..<x + w, y..<y + h, width, height)
    case .pad:
      let w = isBroad ? width : max(1, rounded(raster.width * height, by: raster.height))
      let h = isBroad ? max(1, rounded(raster.height * width, by: raster.width)) : height
      let inner = resampled(raster, 0..<raster.width, 0..<raster.height, w, h)
      return padded(inner, width, height, background)
    }
  }

  private static func rounded(_ value: Int, by divisor: Int) -> Int { (value + divisor / 2) / divisor }

  private static func padded(_ inner: Raster, _ width: Int, _ height: Int, _ background: Color) -> Raster {
    let isGrey = background.red == background.green && background.green == background.blue
    let channels = isGrey ? inner.channels : 3
    var outer = Raster(width: width, height: height, channels: channels, fill: background)
    let (left, top) = ((width - inner.width) / 2, (height - inner.height) / 2)
    for y in 0..<inner.height {
      for x in 0..<inner.width { outer[left + x, top + y] = inner[x, y] }
    }
    return outer
  }

  /// What a new pixel is made of: old pixels from `first` on, with their weights.
  private struct Mix {
    let first: Int
    let weights: [Float]
  }

  private static func mixes(_ old: Range<Int>, _ new: Int) -> [Mix] {
    let scale = Double(old.count) / Double(new)
    return (0..<new).map { place in
      let (start, end) = (Double(place) * scale, Double(place + 1) * scale)
      if scale >= 1 {
        let first = Int(start)
        let last = min(old.count - 1, Int(end.rounded(.up)) - 1)
        let weights = (first...last).map {
          Float((min(Double($0 + 1), end) - max(Double($0), start)) / scale)
        }
        return Mix(first: old.lowerBound + first, weights: weights)
      }
      // Between the middles of two pixels; at the edge there is one alone.
      let middle = (start + end) / 2 - 0.5
      let first = Int(middle.rounded(.down))
      let share = Float(middle - Double(first))
      if first < 0 { return Mix(first: old.lowerBound, weights: [1]) }
      if first + 1 >= old.count { return Mix(first: old.lowerBound + old.count - 1, weights: [1]) }
      return Mix(first: old.lowerBound + first, weights: [1 - share, share])
    }
  }

  private static func resampled(
    _ raster: Raster, _ columns: Range<Int>, _ rows: Range<Int>, _ width: Int, _ height: Int
  ) -> Raster {
    let (across, down) = (mixes(columns, width), mixes(rows, height))
    let channels = raster.channels
    var sums = [Float](repeating: 0, count: width * channels)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(width * height * channels)
    raster.pixels.withUnsafeBufferPointer { pixels in
      for row in down {
        for i in sums.indices { sums[i] = 0 }
        for (offset, rowWeight) in row.weights.enumerated() {
          let line = (row.first + offset) * raster.width * channels
          for (x, mix) in across.enumerated() {
            for (step, weight) in mix.weights.enumerated() {
              let from = line + (mix.first + step) * channels
              for channel in 0..<channels {
                sums[x * channels + channel] += rowWeight * weight * Float(pixels[from + channel])
              }
            }
          }
        }
        for sum in sums { bytes.append(UInt8(max(0, min(255, (sum + 0.5).rounded(.down))))) }
      }
    }
    return Raster(width: width, height: height, channels: channels, bytes: bytes)
  }
}
