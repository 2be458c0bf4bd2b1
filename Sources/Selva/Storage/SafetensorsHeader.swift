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

  /// The format's own limit.
  private static let greatestLength: UInt64 = 100_000_000
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
    let root: JSONNode
    do {
      root = try JSONScanner.parse(UnsafeRawBufferPointer(rebasing: file[8..<dataStart]))
    } catch {
      throw broken(8 + error.offset, error.problem)
    }
    try read(root)
    entries = try checkedLayout()
  }

  private mutating func read(_ root: JSONNode) throws {
    guard case .object(let members) = root.value else {
      throw broken(8 + root.offset, "the header is not a JSON object")
    }
    var names: Set<String> = []
    for (name, node) in members {
      guard names.insert(name).inserted else {
        throw broken(name, node, "occurs twice")
      }
      if name == Self.metadataKey {
        metadata = try readMetadata(node)
      } else {
        entries.append(try readEntry(name, node))
      }
    }
  }

  private func readMetadata(_ node: JSONNode) throws -> [String: String] {
    guard case .object(let members) = node.value else {
      throw broken(8 + node.offset, "\(Self.metadataKey) is not a JSON object")
    }
    var metadata: [String: String] = [:]
    for (key, node) in members {
      guard let text = node.string else {
        throw broken(8 + node.offset, "\(Self.metadataKey) '\(shown(key))' is not a string")
      }
      guard metadata.updateValue(text, forKey: key) == nil else {
        throw broken(8 + node.offset, "\(Self.metadataKey) '\(shown(key))' occurs twice")
      }
    }
    return metadata
  }

  private func readEntry(_ name: String, _ node: JSONNode) throws -> Entry {
    guard case .object(let members) = node.value else { throw broken(name, node, "is not a JSON object") }
    var fields: [String: JSONNode] = [:]
    for (key, value) in members where fields.updateValue(value, forKey: key) != nil {
      throw broken(name, value, "has '\(shown(key))' twice")
    }
    guard let typeNode = fields["dtype"], let typeName = typeNode.string else {
      throw broken(name, fields["dtype"] ?? node, "has no dtype that is a string")
    }
    guard let type = TensorType(rawValue: typeName) else {
      throw broken(
        name, typeNode, "is of type \(shown(typeName)), which is none of F32, F64, F16, BF16",
        fix: "convert it to F32 or leave it out")
    }
    guard let shapeNode = fields["shape"], let shape = shapeNode.counts else {
      throw broken(name, fields["shape"] ?? node, "has no shape that is a list of sizes")
    }
    guard let rangeNode = fields["data_offsets"], let range = rangeNode.counts, range.count == 2 else {
      throw broken(name, fields["data_offsets"] ?? node, "has no data_offsets that are two byte counts")
    }
    return Entry(
      name: name, type: type, shape: shape,
      bytes: try place(name, rangeNode, range[0], range[1], byteCount: byteCount(shape, type)))
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
    _ name: String, _ node: JSONNode, _ begin: Int, _ end: Int, byteCount: Int?
  ) throws -> Range<Int> {
    let available = file.count - dataStart
    guard begin <= end else { throw broken(name, node, "ends at byte \(end), before its beginning \(begin)") }
    guard end <= available else {
      throw broken(
        name, node, "ends at byte \(end) of data that has \(available)",
        fix: "the file was cut short: copy or write it again")
    }
    guard byteCount == end - begin else {
      let needed = byteCount.map { "\($0)" } ?? "too many"
      throw broken(name, node, "has \(end - begin) bytes of data where its shape needs \(needed)")
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
    guard end == file.count else { throw broken(end, "\(file.count - end) bytes follow the last tensor") }
    return sorted
  }

  private func broken(_ offset: Int, _ problem: String) -> StorageError {
    .brokenFile(path: path, offset: offset, problem: problem, fix: Self.rewrite)
  }

  private func broken(
    _ name: String, _ node: JSONNode, _ problem: String, fix: String = SafetensorsHeader.rewrite
  ) -> StorageError {
    .brokenTensor(path: path, tensor: name, offset: 8 + node.offset, problem: problem, fix: fix)
  }
}
