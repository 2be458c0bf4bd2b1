import ImageGrid

extension Raster {
  /// Whether any pixel is not grey.
  var hasColour: Bool {
    guard channels == 3 else { return false }
    return pixels.withUnsafeBufferPointer { pixels in
      stride(from: 0, to: pixels.count, by: 3).contains {
        pixels[$0] != pixels[$0 + 1] || pixels[$0 + 1] != pixels[$0 + 2]
      }
    }
  }

  /// In grey, by the weights of ITU-R 601 in 16 bits, as Pillow has them.
  func grey() -> Raster {
    guard channels == 3 else { return self }
    let grey = pixels.withUnsafeBufferPointer { pixels in
      stride(from: 0, to: pixels.count, by: 3).map { start -> UInt8 in
        let red = 19_595 * Int(pixels[start])
        let sum = red + 38_470 * Int(pixels[start + 1]) + 7_471 * Int(pixels[start + 2])
        return UInt8(truncatingIfNeeded: (sum + 0x8000) >> 16)
      }
    }
    return Raster(width: width, height: height, bytes: grey)
  }

  func inverted() -> Raster {
    Raster(width: width, height: height, channels: channels, bytes: pixels.map { 255 - $0 })
  }

  /// With rows for columns.
  func transposed() -> Raster { turned(5) }

  /// - Parameter orientation: of TIFF: where its first row and column belong. 2 mirrored, 3 upside down, 4 flipped,
  ///   5 transposed, 6 to be turned clockwise, 7 transposed along the other diagonal, 8 counter-clockwise.
  func turned(_ orientation: Int) -> Raster {
    guard orientation > 1 else { return self }
    let isSwapped = orientation >= 5
    let (newWidth, newHeight) = isSwapped ? (height, width) : (width, height)
    let flipsX = [2, 3, 7, 8].contains(orientation)
    let flipsY = [3, 4, 6, 7].contains(orientation)
    let turned = [UInt8](unsafeUninitializedCapacity: pixels.count) { turned, count in
      count = pixels.count
      for row in 0..<newHeight {
        for column in 0..<newWidth {
          let (x, y) = isSwapped ? (row, column) : (column, row)
          let from = ((flipsY ? height - 1 - y : y) * width + (flipsX ? width - 1 - x : x)) * channels
          let to = (row * newWidth + column) * channels
          for channel in 0..<channels { turned[to + channel] = pixels[from + channel] }
        }
      }
    }
    return Raster(width: newWidth, height: newHeight, channels: channels, bytes: turned)
  }
}
