import Files

/// An IDX file, plain or gzip (told by content), of any type and rank.
///
/// A plain file stays memory-mapped: its data is read as it is used. A gzip file is expanded in
/// memory, or into a nameless file where it is large.
///
/// `@unchecked Sendable`: immutable after `init`.
public final class IDXFile: @unchecked Sendable {
  /// The file, as it was named.
  public let path: String
  /// Type and sizes.
  public let header: IDXHeader
  /// Whether the file is gzip.
  public let isCompressed: Bool
  /// The elements as they lie in the file, big-endian. Valid while the object lives.
  public let bytes: UnsafeRawBufferPointer
  private let mapping: MappedFile?
  private let expanded: ScratchMemory?

  /// Opens a file, and checks its sizes against its length (of gzip, all of its content and its checksum).
  ///
  /// - Throws: `FileError` when the file cannot be read or is of another kind, `IDXError` when it is not sound.
  public init(_ path: String) throws {
    self.path = path
    let file = try MappedFile(path)
    isCompressed = GzipReader.isCompressed(file.bytes)
    if isCompressed {
      let (header, memory) = try IDXFile.expand(file.bytes, path: path)
      self.header = header
      bytes = UnsafeRawBufferPointer(memory.bytes)
      mapping = nil
      expanded = memory
    } else {
      header = try IDXHeader(file.bytes, path: path, fileLength: file.bytes.count)
      bytes = UnsafeRawBufferPointer(rebasing: file.bytes[header.headerByteCount...])
      mapping = file
      expanded = nil
      try header.check(dataFound: bytes.count, path: path)
    }
  }

  /// Whether the file is as it was when it was opened; always, where its content was copied.
  var isIntact: Bool { mapping?.isIntact ?? true }

  /// The elements in `range` of 0 ..< `header.count`, in C order, whatever their type.
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

  /// The elements in `range` of 0 ..< `header.count`, in C order, whatever their type, rounded to the nearest `Float`.
  public func floats(_ range: Range<Int>) -> [Float] {
    switch header.type {
    case .uint8: elements(range, UInt8.self).map(Float.init)
    case .int8: elements(range, Int8.self).map(Float.init)
    case .int16: elements(range, Int16.self).map(Float.init)
    case .int32: elements(range, Int32.self).map(Float.init)
    case .float32: elements(range, Float.self)
    case .float64: elements(range, Double.self).map(Float.init)
    }
  }

  /// The elements in `range` of 0 ..< `header.count`, in C order; `Element` must be the file's type.
  public func elements<Element: IDXElement>(_ range: Range<Int>, _: Element.Type) -> [Element] {
    precondition(
      Element.idxType == header.type, "\(Element.idxType) asked of a file of \(header.type)")
    precondition(
      range.lowerBound >= 0 && range.upperBound <= header.count,
      "elements \(range) of \(header.count)")
    guard let base = bytes.baseAddress else { return [] }
    let size = header.type.byteCount
    return range.map { Element(bigEndianBytes: base + $0 * size) }
  }

  /// Where element `index` stands in the (expanded) file.
  func offset(_ index: Int) -> Int { header.headerByteCount + index * header.type.byteCount }

  /// Header and data of a gzip file. The data takes exactly as much as the header asks for: what would
  /// expand to more is counted, not kept.
  private static func expand(
    _ compressed: UnsafeRawBufferPointer, path: String
  ) throws -> (IDXHeader, ScratchMemory) {
    let reader = GzipReader(compressed, path: path)
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { scratch.deallocate() }
    let first = UnsafeMutableRawBufferPointer(rebasing: scratch[..<IDXHeader.largestByteCount])
    let begun = try reader.read(into: first)
    let header = try IDXHeader(
      UnsafeRawBufferPointer(rebasing: first[..<begun]), path: path, fileLength: compressed.count,
      isExpanded: true)
    let count = header.dataByteCount
    // No stream expands more than 1,032 times, so a header that lies asks for no memory.
    guard count / 1032 <= compressed.count else {
      throw IDXError.absurdSizes(path: path, sizes: header.sizes, fileLength: compressed.count)
    }
    let memory = try ScratchMemory(byteCount: count, for: path)
    let data = memory.bytes
    let early = min(begun - header.headerByteCount, count)
    data.copyMemory(from: UnsafeRawBufferPointer(rebasing: first[header.headerByteCount...].prefix(early)))
    var found = begun - header.headerByteCount
    found += try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: data[early...]))
    // To the very end, where the checksum is, but not through all that a stream made to expand without end has.
    var more = scratch.count
    while more == scratch.count, found - count < IDXError.mostCounted {
      more = try reader.read(into: scratch)
      found += more
    }
    try header.check(dataFound: found, path: path)
    return (header, memory)
  }
}
