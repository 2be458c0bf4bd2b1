import Files

/// What is wrong with a PNG file, and where.
public enum PNGError: Fault, Equatable {
  /// The first bytes are those of some other format.
  case notPNG(path: String)
  /// The file ends inside the chunk that begins at `byte`.
  case truncated(path: String, byte: Int)
  /// A checksum or the structure of the chunk that begins at `byte` is wrong; `reason` is libpng's.
  case damaged(path: String, byte: Int, reason: String)
  /// More pixels than are read or written: a picture of such a size is more likely a fault than meant.
  case tooLarge(path: String, width: Int, height: Int)
  /// libpng could not make the file; `reason` is its own.
  case cannotEncode(path: String, reason: String)

  public var category: FaultCategory {
    switch self {
    case .cannotEncode: .cannotWrite
    case .notPNG, .truncated, .damaged, .tooLarge: .badData
    }
  }

  public var description: String {
    switch self {
    case .notPNG(let path):
      "\(path): byte 0: no PNG signature; give a PNG file or convert the picture to PNG first"
    case .truncated(let path, let byte):
      "\(path): byte \(byte): the file ends inside the chunk that begins here; copy or make it again"
    case .damaged(let path, let byte, let reason):
      "\(path): byte \(byte): damaged (\(reason)); copy or make the file again"
    case .tooLarge(let path, let width, let height):
      "\(path): byte 16: \(width) x \(height) pixels are too many; keep to \(PNG.maximumSide) a side and "
        + "\(PNG.maximumPixels) in all"
    case .cannotEncode(let path, let reason):
      "\(path): byte 0: no PNG could be made (\(reason)); make the picture smaller"
    }
  }
}
