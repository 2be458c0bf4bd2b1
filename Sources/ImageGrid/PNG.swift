import CPNG
import Files

/// A picture as it was read, with the text that its file carried.
public struct PNGImage: Sendable {
  /// Its pixels, grey or RGB.
  public let raster: Raster
  /// In the order of the file; a key may occur more than once.
  public let text: [(key: String, value: String)]

  /// The first text under `key`.
  public func text(_ key: String) -> String? { text.first { $0.key == key }?.value }
}

/// PNG files through libpng.
public enum PNG {
  /// The longest width or height that is read or written.
  public static let maximumSide = 1_000_000
  /// The most pixels that are read or written, so that a damaged header cannot ask for all memory.
  public static let maximumPixels = 1 << 27

  /// Writes an 8-bit grey or RGB file, whole or not at all. See `encode` for the text.
  ///
  /// - Throws: `FileError` when the file cannot be written, `PNGError` as `encode`.
  public static func write(
    _ raster: Raster, to path: String, text: [(key: String, value: String)] = []
  ) throws {
    try AtomicFile.write(encode(raster, text: text, name: path), to: path)
  }

  /// The bytes of an 8-bit grey or RGB file. The same raster and text always give the same bytes.
  ///
  /// - Parameters:
  ///   - raster: the pixels.
  ///   - text: in `tEXt` chunks where the value is Latin-1, in `iTXt` chunks (UTF-8) otherwise. A key has 1 to
  ///     79 printable ASCII characters without spaces at its ends. NUL in a value becomes U+FFFD.
  ///   - pixelsPerInch: how dense a picture is that has a size of its own on paper and screen; nil: not said.
  ///   - name: what an error calls the file.
  /// - Throws: `PNGError.tooLarge`, or `PNGError.cannotEncode` when memory runs out.
  public static func encode(
    _ raster: Raster, text: [(key: String, value: String)] = [], pixelsPerInch: Double? = nil,
    name: String = "PNG data"
  ) throws -> [UInt8] {
    guard fits(raster.width, raster.height) else {
      throw PNGError.tooLarge(path: name, width: raster.width, height: raster.height)
    }
    let packed = PNGText.pack(text)
    var output = selva_png_output()
    let done = selva_png_encode(
      raster.pixels, UInt32(raster.width), UInt32(raster.height), Int32(raster.channels), level, filters,
      packed, packed.count, UInt32(((pixelsPerInch ?? 0) / 0.0254).rounded()), &output)
    guard done == 1, let start = output.bytes else {
      throw PNGError.cannotEncode(path: name, reason: message(output.message))
    }
    defer { free(start) }
    return Array(UnsafeBufferPointer(start: start, count: output.count))
  }

  /// Reads any PNG as 8-bit grey or RGB: palettes are resolved, 1, 2, 4 and 16 bits scaled to 8, interlaced
  /// files put in order, transparent pixels laid over white. Gamma and colour profiles are not applied.
  ///
  /// - Throws: `FileError` when the file cannot be read, `PNGError` when it is not a PNG or is damaged.
  public static func read(_ path: String) throws -> PNGImage {
    try MappedFile.withBytes(of: path) { try decode($0.bindMemory(to: UInt8.self), name: path) }
  }

  /// Reads a PNG that is in memory, as `read` does.
  ///
  /// - Parameters:
  ///   - bytes: those of the whole file.
  ///   - name: what an error calls the file.
  /// - Throws: `PNGError`.
  public static func decode(_ bytes: [UInt8], name: String = "PNG data") throws -> PNGImage {
    try bytes.withUnsafeBufferPointer { try decode($0, name: name) }
  }

  /// The same, with transparent pixels laid over `background`. What was grey is RGB where the background has a hue.
  ///
  /// - Throws: `PNGError`.
  public static func decode(
    _ bytes: UnsafeBufferPointer<UInt8>, name: String, over background: Color = .white
  ) throws -> PNGImage {
    let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    guard signature.starts(with: bytes.prefix(8)), !bytes.isEmpty else { throw PNGError.notPNG(path: name) }
    var source = selva_png_source()
    source.bytes = bytes.baseAddress
    source.count = bytes.count
    source.max_pixels = UInt64(maximumPixels)
    var picture = selva_png_picture()
    guard selva_png_decode(&source, &picture) == 1, let pixels = picture.pixels else {
      throw fault(source, picture, name)
    }
    defer {
      free(pixels)
      free(picture.text)
    }
    let text = UnsafeRawBufferPointer(start: picture.text, count: picture.text_size)
    let (width, height) = (Int(picture.width), Int(picture.height))
    let samples = UnsafeBufferPointer(start: pixels, count: width * height * Int(picture.channels))
    let colors = picture.channels < 3 ? 1 : 3
    let raster =
      picture.channels % 2 == 1
      ? Raster(width: width, height: height, channels: colors, bytes: Array(samples))
      : flattened(samples, colors: colors, width: width, height: height, over: background)
    return PNGImage(raster: raster, text: PNGText.unpack(text))
  }

  // Measured on grids of digits, enlarged and not: level 6 takes 1.6 to 3.5 times as long as 3, and makes files larger by
  // 3 % to smaller by 16 %. Filters make some smaller and some larger, by up to a fifth.
  private static let level: Int32 = 3
  private static let filters = Int32(PNG_FILTER_NONE)

  private static func fits(_ width: Int, _ height: Int) -> Bool {
    width <= maximumSide && height <= maximumSide && width * height <= maximumPixels
  }

  /// Mixes samples followed by their opacity with the background, and drops the opacity.
  private static func flattened(
    _ samples: UnsafeBufferPointer<UInt8>, colors: Int, width: Int, height: Int, over background: Color
  ) -> Raster {
    let below = [background.red, background.green, background.blue]
    let isGrey = colors == 1 && below[0] == below[1] && below[1] == below[2]
    let channels = isGrey ? 1 : 3
    let mixed = [UInt8](unsafeUninitializedCapacity: width * height * channels) { mixed, count in
      for pixel in 0..<width * height {
        let start = pixel * (colors + 1)
        let opacity = Int(samples[start + colors])
        for channel in 0..<channels {
          let above = samples[start + (colors == 1 ? 0 : channel)]
          mixed[pixel * channels + channel] = Raster.mix(below[channel], above, opacity)
        }
      }
      count = width * height * channels
    }
    return Raster(width: width, height: height, channels: channels, bytes: mixed)
  }

  private static func fault(
    _ source: selva_png_source, _ picture: selva_png_picture, _ name: String
  ) -> PNGError {
    if source.too_large == 1 {
      return .tooLarge(path: name, width: Int(picture.width), height: Int(picture.height))
    }
    if source.truncated == 1 { return .truncated(path: name, byte: source.chunk) }
    return .damaged(path: name, byte: source.chunk, reason: message(source.message))
  }

  /// A message that C left in an array of its structure.
  private static func message<Characters>(_ characters: Characters) -> String {
    withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
