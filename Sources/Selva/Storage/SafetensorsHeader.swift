import Files

/// The header of a safetensors file, checked against the file's size: every tensor's bytes are there, no two
/// tensors share any, and none is left over.
struct SafetensorsHeader {
  struct Entry {
    let name: String
    let type: TensorType
    let shape: [Int]
    /// The tensor's place in the file.
    let bytes: Range<Int>
  }

  /// In the order of their data.
  private(set) var entries: [Entry] = []
  private(set) var metadata: [String: String] = [:]
  private let path: String
  private let file: UnsafeRawBufferPointer
  private let dataStart: Int

  /// The limit of the format's own library.
  private static let greatestLength: UInt64 = 100_000_000
  /// Of tensors and of metadata each, and of a tensor's sizes: what is kept of a header is then far smaller than the
  /// header may be.
  private static let mostEntries = 1 << 16
  private static let mostSizes = 64
  static let metadataKey = "__metadata__"
  private static let rewrite = "write the file again with a safetensors library"

  /// - Throws: `StorageError`, or `FileError` where the file is of another kind.
  init(_ file: UnsafeRawBufferPointer, path: String) throws {
    let length = file.count < 8 ? 0 : UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
    guard length >= 2, length <= Self.greatestLength, length <= UInt64(file.count - 8) else {
      try FileSignature.check(
        file, isOneOf: [.safetensors, .unknown], path: path, fix: "name a model that selva train wrote")
      throw StorageError.headerLength(path: path, length: length, fileSize: file.count)
    }
    self.path = path
    self.file = file
    dataStart = 8 + Int(length)
    do {
      try read(UnsafeRawBufferPointer(rebasing: file[8..<dataStart]))
    } catch let error as JSONFault {
      throw broken(error.offset, error.problem)
    }
    entries = try checkedLayout()
  }

  private mutating func read(_ text: UnsafeRawBufferPointer) throws {
    var scanner = JSONScanner(text)
    var names: Set<String> = []
    let isObject = try scanner.members { scanner, name in
      let place = scanner.place()
      guard names.insert(name).inserted else { throw broken(name, place, "occurs twice") }
      if name == Self.metadataKey {
        metadata = try readMetadata(&scanner)
      } else {
        guard entries.count < Self.mostEntries else {
          throw broken(place, "the header lists more than \(Self.mostEntries) tensors")
        }
        entries.append(try readEntry(name, &scanner))
      }
    }
    guard isObject else { throw broken(scanner.place(), "the header is not a JSON object") }
    try scanner.end()
  }

  private func readMetadata(_ scanner: inout JSONScanner) throws -> [String: String] {
    var metadata: [String: String] = [:]
    let start = scanner.place()
    let isObject = try scanner.members { scanner, key in
      let place = scanner.place()
      guard let text = try scanner.text() else {
        throw broken(place, "\(Self.metadataKey) '\(shown(key))' is not a string")
      }
      guard metadata.updateValue(text, forKey: key) == nil else {
        throw broken(place, "\(Self.metadataKey) '\(shown(key))' occurs twice")
      }
      guard metadata.count <= Self.mostEntries else {
        throw broken(place, "\(Self.metadataKey) has more than \(Self.mostEntries) entries")
      }
    }
    guard isObject else { throw broken(start, "\(Self.metadataKey) is not a JSON object") }
    return metadata
  }

  private func readEntry(_ name: String, _ scanner: inout JSONScanner) throws -> Entry {
    var type: TensorType?
    var shape: [Int]?
    var range: (place: Int, begin: Int, end: Int)?
    let start = scanner.place()
    let isObject = try scanner.members { scanner, key in
      let place = scanner.place()
      let isRepeated =
        switch key {
        case "dtype": type != nil
        case "shape": shape != nil
        case "data_offsets": range != nil
        default: false
        }
      if isRepeated { throw broken(name, place, "has '\(shown(key))' twice") }
      switch key {
      case "dtype": type = try readType(name, &scanner)
      case "shape": shape = try readShape(name, &scanner)
      case "data_offsets": range = try readRange(name, &scanner)
      default: try scanner.skip()
      }
    }
    guard isObject else { throw broken(name, start, "is not a JSON object") }
    guard let type else { throw broken(name, start, "has no dtype that is a string") }
    guard let shape else { throw broken(name, start, "has no shape that is a list of sizes") }
    guard let range else { throw broken(name, start, "has no data_offsets that are two byte counts") }
    return Entry(
      name: name, type: type, shape: shape,
      bytes: try place(name, range.place, range.begin, range.end, byteCount: byteCount(shape, type)))
  }

  private func readType(_ tensor: String, _ scanner: inout JSONScanner) throws -> TensorType {
    let place = scanner.place()
    guard let name = try scanner.text() else { throw broken(tensor, place, "has no dtype that is a string") }
    guard let type = TensorType(rawValue: name) else {
      throw broken(
        tensor, place, "is of type \(shown(name)), which is none of F32, F64, F16, BF16",
        fix: "convert it to F32 or leave it out")
    }
    return type
  }

  private func readShape(_ tensor: String, _ scanner: inout JSONScanner) throws -> [Int] {
    let place = scanner.place()
    guard let shape = try scanner.counts(limit: Self.mostSizes) else {
      throw broken(tensor, place, "has no shape that is a list of sizes (\(Self.mostSizes) at most)")
    }
    return shape
  }

  private func readRange(
    _ tensor: String, _ scanner: inout JSONScanner
  ) throws -> (place: Int, begin: Int, end: Int) {
    let place = scanner.place()
    guard let range = try scanner.counts(limit: 2), range.count == 2 else {
      throw broken(tensor, place, "has no data_offsets that are two byte counts")
    }
    return (place, range[0], range[1])
  }

  /// Nil where the count does not fit into an `Int`.
  private func byteCount(_ shape: [Int], _ type: TensorType) -> Int? {
    var count = type.byteCount
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      count = product
    }
    return count
  }

  private func place(
    _ name: String, _ place: Int, _ begin: Int, _ end: Int, byteCount: Int?
  ) throws -> Range<Int> {
    let available = file.count - dataStart
    guard begin <= end else {
      throw broken(name, place, "ends at byte \(end), before its beginning \(begin)")
    }
    guard end <= available else {
      throw broken(
        name, place, "ends at byte \(end) of data that has \(available)",
        fix: "the file was cut short: copy or write it again")
    }
    guard byteCount == end - begin else {
      let needed = byteCount.map { "\($0)" } ?? "too many"
      throw broken(name, place, "has \(end - begin) bytes of data where its shape needs \(needed)")
    }
    return dataStart + begin..<dataStart + end
  }

  /// Tensors in the order of their data, which leaves no byte out and uses none twice.
  private func checkedLayout() throws -> [Entry] {
    // Sorting by beginning and end puts an empty tensor before the one that begins where it lies.
    let sorted = entries.enumerated().sorted {
      ($0.element.bytes.lowerBound, $0.element.bytes.upperBound, $0.offset)
        < ($1.element.bytes.lowerBound, $1.element.bytes.upperBound, $1.offset)
    }.map(\.element)
    var end = dataStart
    for entry in sorted {
      let start = entry.bytes.lowerBound
      guard start == end else {
        let problem =
          start < end ? "overlaps the tensor before it" : "leaves \(start - end) unused bytes before it"
        throw StorageError.brokenTensor(
          path: path, tensor: entry.name, offset: start, problem: problem, fix: Self.rewrite)
      }
      end = entry.bytes.upperBound
    }
    guard end == file.count else { throw broken(end - 8, "\(file.count - end) bytes follow the last tensor") }
    return sorted
  }

  /// - Parameter place: bytes from the beginning of the header's text, as the scanner has them.
  private func broken(_ place: Int, _ problem: String) -> StorageError {
    .brokenFile(path: path, offset: 8 + place, problem: problem, fix: Self.rewrite)
  }

  private func broken(
    _ name: String, _ place: Int, _ problem: String, fix: String = SafetensorsHeader.rewrite
  ) -> StorageError {
    .brokenTensor(path: path, tensor: name, offset: 8 + place, problem: problem, fix: fix)
  }
}
