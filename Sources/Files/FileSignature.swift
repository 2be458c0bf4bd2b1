/// What a file is, told by its first bytes. The raw value says it in words, for messages: "is a PNG picture".
public enum FileSignature: String, Sendable, CaseIterable {
  case empty = "an empty file"
  case zeros = "a file that begins with nothing but zeros, as a copy that was not finished does"
  case gitLFS = "a Git LFS pointer, which only stands for a file"

  case safetensors = "a safetensors file"
  case idx = "an IDX file"
  case littleEndianIDX = "an IDX file with the bytes of its sizes in the wrong order (little-endian)"
  case npy = "a NumPy array (.npy)"
  case npz = "a NumPy archive (.npz)"
  case torch = "a PyTorch file (.pt)"
  case pickle = "a Python pickle"
  case hdf5 = "an HDF5 file"
  case matlab = "a MATLAB file (.mat)"
  case parquet = "a Parquet file"
  case arrow = "an Arrow file"
  case sqlite = "an SQLite database"
  case gguf = "a GGUF model"

  case png = "a PNG picture"
  case jpeg = "a JPEG picture"
  case gif = "a GIF picture"
  case bmp = "a BMP picture"
  case tiff = "a TIFF picture"
  case webp = "a WebP picture"
  case heif = "a HEIF or AVIF picture"
  case netpbm = "a Netpbm picture"

  case zip = "a zip archive"
  case tar = "a tar archive"
  case sevenZip = "a 7z archive"
  case rar = "a RAR archive"
  case gzip = "a gzip file"
  case xz = "an xz file"
  case bzip2 = "a bzip2 file"
  case zstd = "a zstd file"
  case lz4 = "an lz4 file"

  case pdf = "a PDF document"
  case office = "a spreadsheet or another office document"
  case program = "a program"
  case html = "a web page"
  case xml = "an XML document"
  case json = "a JSON document"
  case utf16 = "text in UTF-16"
  case utf32 = "text in UTF-32"
  case csv = "a table of comma-separated values"
  case text = "plain text"
  /// Bytes that none of these begins with.
  case unknown = "a file of unknown kind"

  /// As many bytes as tell one kind from the others.
  public static let length = 4096

  /// - Parameter file: a file's bytes, at least the first `length` of them where there are so many.
  public init(_ file: UnsafeRawBufferPointer) {
    let start = UnsafeRawBufferPointer(rebasing: file.prefix(Self.length))
    self =
      Self.ofLittle(start) ?? Self.ofNumbers(start) ?? Self.ofMagic(start) ?? Self.ofText(start) ?? .unknown
  }

  /// What to do with a file that is kept where another is needed: unpack it, fetch it again; `otherwise` where it
  /// simply is another file.
  public func fix(otherwise: String) -> String {
    switch self {
    case .empty, .zeros: "get or write it again"
    case .gitLFS: "get the file itself with 'git lfs pull'"
    case .html: "it came instead of the file that was asked for, so get that again"
    case .gzip, .xz, .bzip2, .zstd, .lz4: "unpack it first"
    case .zip, .tar, .sevenZip, .rar: "unpack it and name a file that was in it"
    default: otherwise
    }
  }

  /// Whether `selva data import` makes a set of such a file.
  public var isImportable: Bool {
    [.png, .jpeg, .npy, .npz, .zip, .tar, .sevenZip, .csv].contains(self)
  }

  /// Several of them: "PNG pictures".
  public var plural: String {
    let name = rawValue.drop { $0 != " " }.dropFirst()
    return "\(name)s"
  }

  /// What to type to make a set of what is at `path`.
  public static func importCommand(_ path: String) -> String {
    let isPlain = path.utf8.allSatisfy {
      $0 > 0x20 && $0 < 0x7F && !"'\"\\$`*?[]()<>|&;!~#".utf8.contains($0)
    }
    let word = isPlain ? path : "'" + path.replacing("'", with: "'\\''") + "'"
    return "'selva data import \(word) -o set'"
  }

  /// What to do with a file where a set of IDX images or labels is expected.
  public func importFix(_ path: String) -> String? {
    switch self {
    case _ where isImportable: "make a set of it with \(FileSignature.importCommand(path))"
    case .xz: "unpack it first, with 'xz -d'"
    case .bzip2: "unpack it first, with 'bzip2 -d'"
    case .zstd: "unpack it first, with 'zstd -d'"
    case .lz4: "unpack it first, with 'lz4 -d'"
    case .gif, .bmp, .tiff, .webp, .heif, .netpbm:
      "convert it to PNG and make a set of it with 'selva data import'"
    case .littleEndianIDX: "write its sizes with the highest byte first, as IDX has them"
    default: nil
    }
  }

  /// Refuses a file of another kind than its reader takes, in words that say what it is.
  ///
  /// - Parameters:
  ///   - file: as `init` wants it.
  ///   - kinds: those that the reader takes, or has its own words for.
  ///   - verb: what the file at `path` is to those bytes.
  ///   - fix: which file to give instead.
  ///   - first: what to do with a file of some kind, before anything else; nil for others.
  /// - Throws: `FileError` (`badData`).
  public static func check(
    _ file: UnsafeRawBufferPointer, isOneOf kinds: Set<FileSignature>, path: String, verb: String = "is",
    fix: String, first: (FileSignature) -> String? = { _ in nil }
  ) throws {
    let kind = FileSignature(file)
    guard !kinds.contains(kind) else { return }
    throw FileError(
      .badData, path: path,
      reason: "\(verb) \(kind.rawValue); \(first(kind) ?? kind.fix(otherwise: fix))")
  }

  /// Files of which the first bytes say nothing, or not enough.
  private static func ofLittle(_ start: UnsafeRawBufferPointer) -> FileSignature? {
    if start.isEmpty { return .empty }
    return start.count >= 4 && start.allSatisfy { $0 == 0 } ? .zeros : nil
  }

  /// Formats that begin with numbers.
  private static func ofNumbers(_ start: UnsafeRawBufferPointer) -> FileSignature? {
    guard start.count >= 4 else { return nil }
    // A length of 8 bytes, then an object; the length alone may look like IDX.
    if start.count > 8, start[8] == UInt8(ascii: "{"), start[4..<8].allSatisfy({ $0 == 0 }) {
      return .safetensors
    }
    let types: [UInt8] = [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E]
    if start[0] == 0, start[1] == 0, types.contains(start[2]) { return .idx }
    if (1...4).contains(start[0]), types.contains(start[1]), start[2] == 0, start[3] == 0 {
      return .littleEndianIDX
    }
    // A pickle's protocol, and then how newer protocols begin their only frame.
    if start[0] == 0x80, (2...5).contains(start[1]), start[1] < 4 || start[2] == 0x95 {
      return start[2] == 0x8A && start[3] == 0x0A ? .torch : .pickle
    }
    return nil
  }
}

// MARK: Formats that begin with fixed bytes

extension FileSignature {
  private struct Magic {
    let bytes: [UInt8]
    let offset: Int
    let kind: FileSignature

    init(_ bytes: [UInt8], _ kind: FileSignature, offset: Int = 0) {
      (self.bytes, self.kind, self.offset) = (bytes, kind, offset)
    }

    init(_ text: StaticString, _ kind: FileSignature, offset: Int = 0) {
      self.init(text.withUTF8Buffer { Array($0) }, kind, offset: offset)
    }
  }

  private static let magics: [Magic] = [
    Magic([0x93] + Array("NUMPY".utf8), .npy),
    Magic([0x89] + Array("HDF\r\n\u{1A}\n".utf8), .hdf5),
    Magic("MATLAB 5.0 MAT-file", .matlab), Magic("PAR1\u{15}", .parquet), Magic("ARROW1\0", .arrow),
    Magic("SQLite format 3", .sqlite), Magic("GGUF\u{3}\0", .gguf), Magic("GGUF\u{2}\0", .gguf),
    Magic([0x89] + Array("PNG\r\n\u{1A}\n".utf8), .png), Magic([0xFF, 0xD8, 0xFF], .jpeg),
    Magic("GIF87a", .gif), Magic("GIF89a", .gif), Magic([0x49, 0x49, 0x2A, 0], .tiff),
    Magic([0x4D, 0x4D, 0, 0x2A], .tiff), Magic("WEBP", .webp, offset: 8),
    Magic("ftyphei", .heif, offset: 4), Magic("ftypmif1", .heif, offset: 4),
    Magic("ftypavif", .heif, offset: 4),
    Magic("P5\n", .netpbm), Magic("P6\n", .netpbm), Magic("P2\n", .netpbm),
    Magic([0x50, 0x4B, 3, 4], .zip), Magic([0x50, 0x4B, 5, 6], .zip), Magic("ustar", .tar, offset: 257),
    Magic([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], .sevenZip), Magic("Rar!\u{1A}\u{7}", .rar),
    Magic([0x1F, 0x8B], .gzip), Magic([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], .xz),
    Magic("1AY&SY", .bzip2, offset: 4),
    Magic([0x28, 0xB5, 0x2F, 0xFD], .zstd), Magic([0x04, 0x22, 0x4D, 0x18], .lz4),
    Magic("%PDF-", .pdf), Magic([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], .office),
    Magic([0x7F, 0x45, 0x4C, 0x46], .program), Magic([0xCF, 0xFA, 0xED, 0xFE], .program),
    Magic("version https://git-lfs", .gitLFS),
  ]

  private static func ofMagic(_ start: UnsafeRawBufferPointer) -> FileSignature? {
    let magic = magics.first { $0.offset < start.count && start[$0.offset...].starts(with: $0.bytes) }
    guard let magic else {
      // Two letters alone might be a word: the length of a header of fixed size follows.
      let isBMP =
        start.starts(with: Array("BM".utf8)) && start.count >= 18 && start[6..<10].allSatisfy { $0 == 0 }
      return isBMP ? .bmp : nil
    }
    return magic.kind == .zip ? ofZip(start) : magic.kind
  }

  /// Told by the name of the archive's first file.
  private static func ofZip(_ start: UnsafeRawBufferPointer) -> FileSignature {
    guard start.count > 30 else { return .zip }
    let length = Int(start[26]) | Int(start[27]) << 8
    let name = String(decoding: start[30...].prefix(length), as: UTF8.self)
    if name.hasSuffix(".npy") { return .npz }
    if name.hasSuffix("/data.pkl") || name.hasSuffix(".format_version") { return .torch }
    let office = ["[Content_Types].xml", "_rels/", "docProps/", "xl/", "mimetype"]
    return office.contains { name.hasPrefix($0) } ? .office : .zip
  }
}

// MARK: Text

extension FileSignature {
  private static func ofText(_ start: UnsafeRawBufferPointer) -> FileSignature? {
    if let wide = ofWideText(start) { return wide }
    let hasControls = start.contains { $0 < 0x20 && !isBlank($0) && $0 != 0x1B }
    guard !hasControls, isUTF8(start) || isWestern(start) else { return nil }
    let text = Array(start.starts(with: [0xEF, 0xBB, 0xBF]) ? start.dropFirst(3) : start[...])
      .drop { isBlank($0) }
    if text.first == UInt8(ascii: "<") {
      let lower = String(decoding: text, as: UTF8.self).lowercased()
      if ["<!doctype html", "<html", "<head", "<body"].contains(where: { lower.contains($0) }) {
        return .html
      }
      return lower.hasPrefix("<?xml") || lower.hasPrefix("<svg") ? .xml : .text
    }
    if isJSON(text) { return .json }
    let line = text.prefix { $0 != UInt8(ascii: "\n") }
    return line.contains(UInt8(ascii: ",")) ? .csv : .text
  }

  /// But for a character that the end of `start` cuts.
  private static func isUTF8(_ start: UnsafeRawBufferPointer) -> Bool {
    (0...min(3, start.count)).contains { String(validating: start.dropLast($0), as: UTF8.self) != nil }
  }

  /// Letters with accents in one byte each are few among the others.
  private static func isWestern(_ start: UnsafeRawBufferPointer) -> Bool {
    start.count >= 16 && start.count(where: { $0 >= 0x80 }) <= start.count / 4
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

  /// A bracket, and then what JSON may have in it.
  private static func isJSON(_ text: ArraySlice<UInt8>) -> Bool {
    guard let bracket = text.first, let next = text.dropFirst().first(where: { !isBlank($0) }) else {
      return false
    }
    let inObject = Array("\"}".utf8)
    let inArray = Array("\"[]{-0123456789".utf8)
    return bracket == UInt8(ascii: "{") && inObject.contains(next)
      || bracket == UInt8(ascii: "[") && inArray.contains(next)
  }

  /// Units of 16 or 32 bits: told by their mark, or by every other byte being 0.
  private static func ofWideText(_ start: UnsafeRawBufferPointer) -> FileSignature? {
    if start.starts(with: [0xFF, 0xFE, 0, 0]) || start.starts(with: [0, 0, 0xFE, 0xFF]) { return .utf32 }
    if start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF]) { return .utf16 }
    let units = start.prefix(64)
    guard units.count >= 4 else { return nil }
    func isPlain(_ byte: UInt8) -> Bool { byte >= 0x20 && byte < 0x7F || isBlank(byte) }
    let isWide = [0, 1].contains { zero in
      units.indices.allSatisfy { $0 % 2 == zero ? units[$0] == 0 : isPlain(units[$0]) }
    }
    return isWide ? .utf16 : nil
  }
}
