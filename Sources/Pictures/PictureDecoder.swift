import Files
import ImageGrid

/// PNG and JPEG pictures as 8-bit grey or RGB, told by their first bytes.
public enum PictureDecoder {
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - name: what an error calls it, but for what a terminal would take for commands: names may be a stranger's.
  ///   - background: what shows through transparent pixels.
  /// - Throws: `PictureError`, or `PNGError`.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, name: String, background: Color = .black
  ) throws -> Raster {
    let name = shown(name, most: 800)
    switch FileSignature(bytes) {
    case .png:
      return try PNG.decode(bytes.bindMemory(to: UInt8.self), name: name, over: background).raster
    case .jpeg: return try JPEGPicture.decode(bytes, name: name)
    case let kind:
      throw PictureError(
        path: name, problem: "is \(kind.rawValue), no PNG or JPEG picture",
        fix: kind.isPicture ? "convert it to PNG" : "leave it out")
    }
  }
}

extension FileSignature {
  /// Whether `PictureDecoder` reads it.
  public var isReadable: Bool { self == .png || self == .jpeg }
  var isPicture: Bool { [.png, .jpeg, .gif, .bmp, .tiff, .webp, .heif, .netpbm].contains(self) }
}
