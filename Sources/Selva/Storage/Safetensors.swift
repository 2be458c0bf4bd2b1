import Files

/// A named array of 32-bit floats.
public struct Tensor: Sendable, Equatable {
  /// No two tensors of a file share one.
  public let name: String
  /// Sizes, outermost first; empty for a single value.
  public let shape: [Int]
  /// Row-major; as many as the product of `shape`.
  public let values: [Float]

  /// A tensor of values that a program has.
  ///
  /// - Parameters:
  ///   - name: as in the file.
  ///   - shape: sizes, outermost first; empty for a single value.
  ///   - values: row-major; as many as the product of `shape`.
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
/// Equal contents make equal files, byte for byte. A checksum of all else is written into the metadata, under
/// `selva.checksum`, and checked and taken out on reading; it need not be there.
public struct Safetensors: Sendable {
  /// Written in this order; read in the order of the data.
  public var tensors: [Tensor]
  /// Strings about the tensors, by key.
  public var metadata: [String: String]
  /// Where the content was read from, for messages.
  private var path = "safetensors"
  /// Where each tensor's data began in that file, bytes.
  private var offsets: [String: Int] = [:]

  /// The data begin at a multiple of this many bytes, so that a mapped file's tensors can be used in place.
  private static let alignment = 64

  /// Content made by a program.
  public init(tensors: [Tensor] = [], metadata: [String: String] = [:]) {
    self.tensors = tensors
    self.metadata = metadata
  }

  /// Reads a whole file. Tensors of type F64, F16 and BF16 become `Float`.
  ///
  /// - Throws: `FileError` where the file cannot be read, `StorageError` where it breaks the format or differs from
  ///   its checksum, if it has one.
  public init(contentsOf path: String) throws {
    let file = try SafetensorsFile(path)
    try file.checkIntegrity()
    tensors = try file.entries.map {
      Tensor(name: $0.name, shape: $0.shape, values: try file.values(of: $0))
    }
    metadata = file.metadata
    self.path = path
    for entry in file.entries { offsets[entry.name] = entry.bytes.lowerBound }
  }

  /// The tensor called `name`; nil where there is none.
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

  private var checksum: String {
    SafetensorsChecksum(metadata: metadata, tensors: tensors.map(\.name)) { sum, index in
      let tensor = tensors[index]
      tensor.values.withUnsafeBytes { sum.add(tensor.name, .f32, tensor.shape, $0) }
    }.text
  }

  private func headerBytes() -> [UInt8] {
    var names: Set = [SafetensorsHeader.metadataKey]
    var members: [String] = []
    if !tensors.isEmpty || !metadata.isEmpty {
      var metadata = metadata
      metadata[SafetensorsChecksum.key] = checksum
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
}
