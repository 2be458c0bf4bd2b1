/// A picture of 8-bit samples: grey (1 channel) or RGB (3), row by row from the top left.
public struct Raster: Sendable, Equatable {
  /// Pixels in a row.
  public let width: Int
  /// Rows of pixels.
  public let height: Int
  /// 1 grey, 3 RGB.
  public let channels: Int
  /// `[height, width, channels]`.
  public internal(set) var pixels: [UInt8]

  /// A raster of one colour (of its luma when grey).
  public init(width: Int, height: Int, channels: Int = 1, fill: Color = .black) {
    Raster.check(width, height, channels)
    self.width = width
    self.height = height
    self.channels = channels
    let uniform = channels == 1 || (fill.red == fill.green && fill.green == fill.blue)
    pixels = Array(repeating: uniform ? fill.luma : 0, count: width * height * channels)
    guard !uniform else { return }
    for start in stride(from: 0, to: pixels.count, by: 3) {
      pixels[start] = fill.red
      pixels[start + 1] = fill.green
      pixels[start + 2] = fill.blue
    }
  }

  /// A raster of given samples.
  ///
  /// - Parameters:
  ///   - width: pixels in a row.
  ///   - height: rows of pixels.
  ///   - channels: 1 grey, 3 RGB.
  ///   - bytes: `[height, width, channels]`, 0 to 255.
  public init(width: Int, height: Int, channels: Int = 1, bytes: [UInt8]) {
    Raster.check(width, height, channels)
    Raster.check(bytes.count, width, height, channels)
    self.width = width
    self.height = height
    self.channels = channels
    pixels = bytes
  }

  /// Intensities in [0, 1] as `round(255 * value)`. Values outside are clamped; NaN becomes 0.
  ///
  /// - Parameters:
  ///   - width: pixels in a row.
  ///   - height: rows of pixels.
  ///   - channels: 1 grey, 3 RGB.
  ///   - floats: `[height, width, channels]`.
  public init(width: Int, height: Int, channels: Int = 1, floats: [Float]) {
    self = floats.withUnsafeBufferPointer {
      Raster(width: width, height: height, channels: channels, floats: $0)
    }
  }

  /// The same from storage that someone else owns, such as one row of a matrix.
  public init(width: Int, height: Int, channels: Int = 1, floats: UnsafeBufferPointer<Float>) {
    Raster.check(width, height, channels)
    Raster.check(floats.count, width, height, channels)
    self.width = width
    self.height = height
    self.channels = channels
    pixels = Array(unsafeUninitializedCapacity: floats.count) { bytes, count in
      for index in 0..<floats.count {
        let value = floats[index]
        // Written so that NaN fails the first comparison.
        let clamped: Float = value > 0 ? (value < 1 ? value : 1) : 0
        bytes.initializeElement(at: index, to: UInt8(truncatingIfNeeded: Int32(clamped * 255 + 0.5)))
      }
      count = floats.count
    }
  }

  /// The colour at column `x` (from the left) and row `y` (from the top).
  public subscript(x: Int, y: Int) -> Color {
    get {
      precondition(contains(x, y), "pixel (\(x), \(y)) is outside a raster of \(width) x \(height)")
      let start = (y * width + x) * channels
      if channels == 1 { return Color(grey: pixels[start]) }
      return Color(red: pixels[start], green: pixels[start + 1], blue: pixels[start + 2])
    }
    set {
      precondition(contains(x, y), "pixel (\(x), \(y)) is outside a raster of \(width) x \(height)")
      let start = (y * width + x) * channels
      if channels == 1 {
        pixels[start] = newValue.luma
      } else {
        pixels[start] = newValue.red
        pixels[start + 1] = newValue.green
        pixels[start + 2] = newValue.blue
      }
    }
  }

  /// Fills a rectangle with its upper left corner at (x, y), sizes in pixels; what is outside the raster is left out.
  public mutating func fill(x: Int, y: Int, width: Int, height: Int, color: Color) {
    let columns = max(x, 0)..<max(min(x + width, self.width), max(x, 0))
    for row in max(y, 0)..<max(min(y + height, self.height), max(y, 0)) {
      for column in columns { self[column, row] = color }
    }
  }

  /// Mixes a colour into a pixel; outside the raster nothing happens.
  ///
  /// - Parameter coverage: 0 leaves the pixel, 255 replaces it.
  package mutating func blend(x: Int, y: Int, color: Color, coverage: Int) {
    guard coverage > 0, contains(x, y) else { return }
    let start = (y * width + x) * channels
    if channels == 1 {
      pixels[start] = Raster.mix(pixels[start], color.luma, coverage)
    } else {
      pixels[start] = Raster.mix(pixels[start], color.red, coverage)
      pixels[start + 1] = Raster.mix(pixels[start + 1], color.green, coverage)
      pixels[start + 2] = Raster.mix(pixels[start + 2], color.blue, coverage)
    }
  }

  static func mix(_ below: UInt8, _ above: UInt8, _ coverage: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: (Int(below) * (255 - coverage) + Int(above) * coverage + 127) / 255)
  }

  private func contains(_ x: Int, _ y: Int) -> Bool { x >= 0 && y >= 0 && x < width && y < height }

  private static func check(_ width: Int, _ height: Int, _ channels: Int) {
    precondition(width > 0 && height > 0, "a raster of \(width) x \(height) has no pixels")
    precondition(channels == 1 || channels == 3, "a raster has 1 channel or 3, not \(channels)")
  }

  private static func check(_ count: Int, _ width: Int, _ height: Int, _ channels: Int) {
    precondition(
      count == width * height * channels,
      "\(count) samples do not make \(width) x \(height) pixels of \(channels) channel(s)")
  }
}
