import Files

/// A named array of 32-bit floats.
public struct Tensor: Sendable, Equatable {
  public let name: String
  /// Sizes, outermost first; empty for a single value.
  public let shape: [Int]
  /// Row-major; as many as the product of `shape`.
  public let values: [Float]

  public init(name: String, shape: [Int], values: [Float]) {
    precondition(
      shape.reduce(1, *) == values.count, "tensor '\(name)' of shape \(shape) with \(values.count) values")
    self.name = name
    self.shape = shape
    self.values = values
  }
}

/// The content of a safetensors file: tensors and a few strings about them.
///
/// The format: 8 bytes of little-endian header length, a JSON header, then the tensors' bytes.
/// Equal contents make equal files, byte for byte.
public struct Safetensors: Sendable {
  /// Written in this order; read in the order of the data.
  public var tensors: [Tensor]
  public var metadata: [String: String]
  /// Where the content was read from, for messages.
  private var path = "safetensors"
  /// Where each tensor's data began in that file, bytes.
  private var offsets: [String: Int] = [:]

  /// The data begin at a multiple of this many bytes, so that a mapped file's tensors can be used in place.
  private static let alignment = 64

  public init(tensors: [Tensor] = [], metadata: [String: String] = [:]) {
    self.tensors = tensors
    self.metadata = metadata
  }

  /// Reads a whole file. Tensors of type F64, F16 and BF16 become `Float`.
  ///
  /// - Throws: `FileError` where the file cannot be read, `StorageError` where it breaks the format.
  public init(contentsOf path: String) throws {
    self = try MappedFile.withBytes(of: path) { bytes in
      let header = try SafetensorsHeader(bytes, path: path)
      var content = Safetensors(
        tensors: try header.entries.map { try Self.read($0, bytes, path: path) },
        metadata: header.metadata)
      content.path = path
      for entry in header.entries { content.offsets[entry.name] = entry.bytes.lowerBound }
      return content
    }
  }

  public subscript(name: String) -> Tensor? { tensors.first { $0.name == name } }

  /// The tensor called `name`, which must have this shape.
  ///
  /// - Throws: `StorageError` where there is none, or one of another shape.
  public func requireTensor(_ name: String, shape: [Int]) throws -> Tensor {
    guard let tensor = self[name] else { throw StorageError.missingTensor(path: path, tensor: name) }
    guard tensor.shape == shape else {
      throw StorageError.tensorShape(
        path: path, tensor: name, offset: offsets[name] ?? 0, expected: shape, found: tensor.shape)
    }
    return tensor
  }

  /// Writes the file whole or not at all, as F32.
  ///
  /// Names must differ from each other and from `__metadata__`.
  /// - Throws: `FileError` where the file cannot be written.
  public func write(to path: String) throws {
    let header = headerBytes()
    try AtomicFile.write(to: path) { file in
      try file.write(header)
      for tensor in tensors {
        // As the format wants them: all hosts that Swift runs on are little-endian.
        try tensor.values.withUnsafeBytes { try file.write(raw: $0) }
      }
    }
  }

  private func headerBytes() -> [UInt8] {
    var names: Set = [SafetensorsHeader.metadataKey]
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { quotedJSON($0.key) + ":" + quotedJSON($0.value) }
      members.append("\"\(SafetensorsHeader.metadataKey)\":{\(pairs.joined(separator: ","))}")
    }
    var end = 0
    for tensor in tensors {
      precondition(names.insert(tensor.name).inserted, "two tensors called '\(tensor.name)'")
      let begin = end
      end += 4 * tensor.values.count
      let shape = tensor.shape.map { "\($0)" }.joined(separator: ",")
      members.append(
        "\(quotedJSON(tensor.name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(begin),\(end)]}"
      )
    }
    var json = Array("{\(members.joined(separator: ","))}".utf8)
    let misfit = (8 + json.count) % Self.alignment
    if misfit > 0 { json += Array(repeating: UInt8(ascii: " "), count: Self.alignment - misfit) }
    return (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) } + json
  }

  private static func read(
    _ entry: SafetensorsHeader.Entry, _ file: UnsafeRawBufferPointer, path: String
  ) throws -> Tensor {
    let bytes = UnsafeRawBufferPointer(rebasing: file[entry.bytes])
    let values = entry.type.floats(bytes)
    if entry.type == .f64 {
      for (i, value) in values.enumerated() where value.isInfinite {
        let stored = bytes.loadUnaligned(fromByteOffset: 8 * i, as: Double.self)
        guard stored.isFinite else { continue }
        throw StorageError.brokenTensor(
          path: path, tensor: entry.name, offset: entry.bytes.lowerBound + 8 * i,
          problem: "holds \(stored), which no 32-bit float can", fix: "scale it or leave it out")
      }
    }
    return Tensor(name: entry.name, shape: entry.shape, values: values)
  }
}
