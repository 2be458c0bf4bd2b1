import CPNG
import Files
import ImageGrid

/// PNG files of every kind through libpng, transparent pixels laid over a background.
enum PNGPicture {
  /// - Throws: `PNGError`.
  static func decode(_ bytes: UnsafeRawBufferPointer, name: String, background: Color) throws -> Raster {
    var source = selva_png_source()
    source.bytes = bytes.bindMemory(to: UInt8.self).baseAddress
    source.count = bytes.count
    source.max_pixels = UInt64(PNG.maximumPixels)
    var picture = selva_png_picture()
    guard selva_png_decode(&source, &picture) == 1, let pixels = picture.pixels else {
      throw fault(source, picture, name)
    }
    defer {
      free(pixels)
      free(picture.text)
    }
    let (width, height) = (Int(picture.width), Int(picture.height))
    let colors = picture.channels < 3 ? 1 : 3
    let samples = UnsafeBufferPointer(start: pixels, count: width * height * Int(picture.channels))
    guard picture.channels % 2 == 0 else {
      return Raster(width: width, height: height, channels: colors, bytes: Array(samples))
    }
    return flattened(samples, colors: colors, width: width, height: height, over: background)
  }

  /// Colour where the background has one that shows.
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
          let above = Int(samples[start + (colors == 1 ? 0 : channel)])
          let value = (Int(below[channel]) * (255 - opacity) + above * opacity + 127) / 255
          mixed[pixel * channels + channel] = UInt8(truncatingIfNeeded: value)
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
    return .damaged(path: name, byte: source.chunk, reason: CText.string(source.message))
  }
}

/// A message that C left in an array of its structure.
enum CText {
  static func string<Characters>(_ characters: Characters) -> String {
    withUnsafeBytes(of: characters) {
      shown(String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self), most: 200)
    }
  }
}
