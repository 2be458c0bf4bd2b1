import Files

/// What stands before the data of an IDX file.
public struct IDXHeader: Sendable, Equatable {
  public let type: IDXElementType
  /// One size a dimension, the slowest first.
  public let sizes: [Int]

  public init(type: IDXElementType, sizes: [Int]) {
    self.type = type
    self.sizes = sizes
  }

  /// Elements in all.
  public var count: Int { sizes.reduce(1, *) }
  /// Bytes before the data.
  public var headerByteCount: Int { 4 + 4 * sizes.count }

  /// Reads a header and checks it against the length of the file, without looking at the data.
  init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
    guard bytes.count >= 4 else { throw IDXError.truncated(path: path, offset: bytes.count, expected: 4) }
    guard bytes[0] == 0, bytes[1] == 0 else {
      throw IDXError.wrongMagic(path: path, found: Array(bytes[..<4]))
    }
    guard let type = IDXElementType(rawValue: bytes[2]) else {
      throw IDXError.unknownType(path: path, code: bytes[2])
    }
    let rank = Int(bytes[3])
    let start = 4 + 4 * rank
    guard bytes.count >= start else {
      throw IDXError.truncated(path: path, offset: bytes.count, expected: start)
    }
    let sizes = (0..<rank).map {
      Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4 + 4 * $0, as: UInt32.self)))
    }
    var expected = type.byteCount
    for size in sizes {
      let (product, overflow) = expected.multipliedReportingOverflow(by: size)
      // No file system holds 2^56 bytes; above, the sizes are noise rather than a file cut short.
      guard !overflow, product < 1 << 56 else {
        throw IDXError.absurdSizes(path: path, sizes: sizes, fileLength: bytes.count)
      }
      expected = product
    }
    let found = bytes.count - start
    if expected > found {
      // A download that broke off has some of its data; a header that is noise hardly any.
      if expected / 4096 > found + 4096 {
        throw IDXError.absurdSizes(path: path, sizes: sizes, fileLength: bytes.count)
      }
      throw IDXError.truncated(path: path, offset: bytes.count, expected: start + expected)
    }
    if expected < found {
      throw IDXError.bytesLeftOver(path: path, offset: start + expected, count: found - expected)
    }
    self.init(type: type, sizes: sizes)
  }
}

/// An IDX file, plain or gzip (told by content), of any type and rank.
///
/// A plain file stays memory-mapped: its data is read as it is used. A gzip file is expanded in memory.
///
/// `@unchecked Sendable`: immutable after `init`.
public final class IDXFile: @unchecked Sendable {
  public let path: String
  public let header: IDXHeader
  public let isCompressed: Bool
  /// The elements as they lie in the file, big-endian. Valid while the object lives.
  public let bytes: UnsafeRawBufferPointer
  private let mapping: MappedFile?
  private let expanded: UnsafeMutableRawBufferPointer?

  /// - Throws: `FileError` when the file cannot be read, `IDXError` when it is not sound.
  public init(_ path: String) throws {
    self.path = path
    let file = try MappedFile(path)
    isCompressed = Gzip.isCompressed(file.bytes)
    guard isCompressed else {
      header = try IDXHeader(file.bytes, path: path)
      mapping = file
      expanded = nil
      bytes = UnsafeRawBufferPointer(rebasing: file.bytes[header.headerByteCount...])
      return
    }
    let content = try Gzip.inflate(file.bytes, path: path)
    header = try content.withUnsafeBytes { try IDXHeader($0, path: path) }
    let start = header.headerByteCount
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(1, content.count - start), alignment: 64)
    content.withUnsafeBytes { memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start...])) }
    mapping = nil
    expanded = memory
    bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<(content.count - start)])
  }

  deinit { expanded?.deallocate() }

  /// The elements in `range`, whatever their type.
  public func doubles(_ range: Range<Int>) -> [Double] {
    switch header.type {
    case .uint8: elements(range, UInt8.self).map(Double.init)
    case .int8: elements(range, Int8.self).map(Double.init)
    case .int16: elements(range, Int16.self).map(Double.init)
    case .int32: elements(range, Int32.self).map(Double.init)
    case .float32: elements(range, Float.self).map(Double.init)
    case .float64: elements(range, Double.self)
    }
  }

  /// The elements in `range`; `Element` must be the file's type.
  public func elements<Element: IDXElement>(_ range: Range<Int>, _: Element.Type) -> [Element] {
    precondition(Element.idxType == header.type, "\(Element.idxType) asked of a file of \(header.type)")
    precondition(
      range.lowerBound >= 0 && range.upperBound <= header.count, "elements \(range) of \(header.count)")
    guard let base = bytes.baseAddress else { return [] }
    let size = header.type.byteCount
    return range.map { Element(bigEndianBytes: base + $0 * size) }
  }

  /// Where element `index` stands in the (expanded) file.
  func offset(_ index: Int) -> Int { header.headerByteCount + index * header.type.byteCount }
}
