import Files

/// What stands before the data of an IDX file.
public struct IDXHeader: Sendable, Equatable {
  /// Of all elements.
  public let type: IDXElementType
  /// One size a dimension, the slowest first.
  public let sizes: [Int]

  /// The header of such a file.
  ///
  /// - Parameters:
  ///   - type: of all elements.
  ///   - sizes: one a dimension, the slowest first; at most 255.
  public init(type: IDXElementType, sizes: [Int]) {
    self.type = type
    self.sizes = sizes
  }

  /// Elements in all.
  public var count: Int { sizes.reduce(1, *) }
  /// Bytes before the data.
  public var headerByteCount: Int { 4 + 4 * sizes.count }
  /// Bytes of the data.
  var dataByteCount: Int { count * type.byteCount }

  /// Bytes of the longest header there is, of 255 sizes.
  static let largestByteCount = 4 + 4 * 255

  /// - Parameters:
  ///   - bytes: the file, at least as far as its header goes.
  ///   - fileLength: bytes of the file on disk.
  ///   - isExpanded: `bytes` are what a gzip file expands to.
  /// - Throws: `FileError` when this is a file of another kind, `IDXError` when it is no header or its sizes are more than any file holds.
  init(_ bytes: UnsafeRawBufferPointer, path: String, fileLength: Int, isExpanded: Bool = false) throws {
    try FileSignature.check(
      bytes, isOneOf: [.idx, .unknown], path: path, verb: isExpanded ? "expands to" : "is",
      fix: "give an IDX file, as those of MNIST are", first: { $0.importFix(path) })
    guard bytes.count >= 4 else {
      throw IDXError.truncated(path: path, offset: bytes.count, expected: 4)
    }
    guard bytes[0] == 0, bytes[1] == 0 else {
      throw IDXError.wrongMagic(path: path, found: Array(bytes[..<4]))
    }
    guard let type = IDXElementType(rawValue: bytes[2]) else {
      throw IDXError.unknownType(path: path, code: bytes[2])
    }
    let rank = Int(bytes[3])
    guard bytes.count >= 4 + 4 * rank else {
      throw IDXError.truncated(path: path, offset: bytes.count, expected: 4 + 4 * rank)
    }
    let sizes = (1..<1 + rank).map {
      Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
    }
    var length = type.byteCount
    for size in sizes {
      let (product, overflow) = length.multipliedReportingOverflow(by: size)
      // No file system holds 2^56 bytes.
      guard !overflow, product < 1 << 56 else {
        throw IDXError.absurdSizes(path: path, sizes: sizes, fileLength: fileLength)
      }
      length = product
    }
    self.init(type: type, sizes: sizes)
  }

  /// Checks the sizes against the bytes that were found after the header.
  ///
  /// - Throws: `IDXError.truncated`, `.bytesLeftOver` or `.absurdSizes`.
  func check(dataFound found: Int, path: String) throws {
    let start = headerByteCount
    if dataByteCount < found {
      throw IDXError.bytesLeftOver(
        path: path, offset: start + dataByteCount, count: found - dataByteCount)
    }
    guard dataByteCount > found else { return }
    // A download that broke off has some of its data; a file whose header is noise hardly any.
    guard dataByteCount / 4096 <= found + 4096 else {
      throw IDXError.absurdSizes(path: path, sizes: sizes, fileLength: start + found)
    }
    throw IDXError.truncated(path: path, offset: start + found, expected: start + dataByteCount)
  }
}
