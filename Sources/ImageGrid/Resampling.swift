extension Raster {
  /// A part of the picture at another size: means over areas where it gets smaller, linear between pixels where it gets
  /// larger, so that no side of the picture is favoured and no row left out.
  ///
  /// - Parameter columns: of the picture, from the left; nil: all. Likewise `rows`, from the top.
  package func resampled(
    columns: Range<Int>? = nil, rows: Range<Int>? = nil, width newWidth: Int, height newHeight: Int
  ) -> Raster {
    let across = Raster.mixes(columns ?? 0..<width, newWidth)
    let down = Raster.mixes(rows ?? 0..<height, newHeight)
    var sums = [Float](repeating: 0, count: newWidth * channels)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(newWidth * newHeight * channels)
    pixels.withUnsafeBufferPointer { pixels in
      for row in down {
        for i in sums.indices { sums[i] = 0 }
        for (offset, rowWeight) in row.weights.enumerated() {
          let line = (row.first + offset) * width * channels
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
    return Raster(width: newWidth, height: newHeight, channels: channels, bytes: bytes)
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
}
