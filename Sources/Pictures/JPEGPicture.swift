import CJPEG
import Files
import ImageGrid

/// JPEG files through libjpeg, turned as their EXIF orientation says. CMYK becomes RGB without a colour profile.
enum JPEGPicture {
  /// - Throws: `PictureError`.
  static func decode(_ bytes: UnsafeRawBufferPointer, name: String) throws -> Raster {
    var picture = selva_jpeg_picture()
    let start = bytes.bindMemory(to: UInt8.self).baseAddress
    let done = selva_jpeg_decode(start, bytes.count, UInt64(PNG.maximumPixels), &picture)
    guard done == 1, let pixels = picture.pixels else {
      if picture.too_large == 1 {
        throw PNGError.tooLarge(path: name, width: Int(picture.width), height: Int(picture.height))
      }
      throw PictureError(
        path: name, problem: "damaged (\(CText.string(picture.message)))", fix: "copy or make the file again")
    }
    defer {
      free(pixels)
      free(picture.exif)
    }
    let (width, height) = (Int(picture.width), Int(picture.height))
    let samples = UnsafeBufferPointer(start: pixels, count: width * height * Int(picture.channels))
    let raster = Raster(
      width: width, height: height, channels: picture.channels == 1 ? 1 : 3,
      bytes: picture.channels == 4
        ? rgb(ofInk: samples, isInverted: picture.is_inverted == 1) : Array(samples))
    let exif = UnsafeRawBufferPointer(
      start: picture.exif, count: picture.exif == nil ? 0 : picture.exif_count)
    return raster.turned(EXIF.orientation(exif))
  }

  /// Light that neither a colour's ink nor black takes away.
  private static func rgb(ofInk samples: UnsafeBufferPointer<UInt8>, isInverted: Bool) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: samples.count / 4 * 3) { rgb, count in
      count = samples.count / 4 * 3
      for pixel in 0..<samples.count / 4 {
        func light(_ place: Int) -> Int {
          let value = Int(samples[4 * pixel + place])
          return isInverted ? value : 255 - value
        }
        let black = light(3)
        for channel in 0..<3 {
          rgb[3 * pixel + channel] = UInt8(truncatingIfNeeded: (light(channel) * black + 127) / 255)
        }
      }
    }
  }
}

/// The part of EXIF that says how a camera was held.
enum EXIF {
  /// - Parameter bytes: a TIFF header and what follows it.
  /// - Returns: 1 to 8, as TIFF numbers orientations; 1, as it lies, where nothing readable says otherwise.
  static func orientation(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard bytes.count >= 8, bytes[0] == bytes[1] else { return 1 }
    guard bytes[0] == UInt8(ascii: "M") || bytes[0] == UInt8(ascii: "I") else { return 1 }
    let isBig = bytes[0] == UInt8(ascii: "M")
    func number(_ offset: Int, _ size: Int) -> Int? {
      guard offset >= 0, offset + size <= bytes.count else { return nil }
      return (0..<size).reduce(0) { $0 << 8 | Int(bytes[offset + (isBig ? $1 : size - 1 - $1)]) }
    }
    guard let folder = number(4, 4), let entries = number(folder, 2) else { return 1 }
    for entry in 0..<entries {
      let start = folder + 2 + 12 * entry
      guard let tag = number(start, 2), let value = number(start + 8, 2) else { return 1 }
      if tag == 0x0112 { return (1...8).contains(value) ? value : 1 }
    }
    return 1
  }
}

/// A message that C left in an array of its structure.
private enum CText {
  static func string<Characters>(_ characters: Characters) -> String {
    withUnsafeBytes(of: characters) {
      shown(String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self), most: 200)
    }
  }
}
