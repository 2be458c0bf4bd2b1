import CKernels
import Files

/// A safetensors file that lies mapped, with its header read: data are touched where they are asked for, so that a
/// file can be refused by its header whatever its size.
struct SafetensorsFile: Sendable {
  typealias Entry = SafetensorsHeader.Entry

  let path: String
  /// In the order of their data.
  let entries: [Entry]
  /// Without the checksum.
  let metadata: [String: String]
  private let checksum: String?
  private let file: MappedFile
  private let indices: [String: Int]

  /// Reads the header.
  ///
  /// - Throws: `FileError` where the file cannot be read, `StorageError` where its header breaks the format.
  init(_ path: String) throws {
    let file = try MappedFile(path)
    let header = try withExtendedLifetime(file) { try SafetensorsHeader(file.bytes, path: path) }
    self.path = path
    self.file = file
    entries = header.entries
    checksum = try SafetensorsChecksum.stored(in: header.metadata, path: path)
    metadata = header.metadata.filter { $0.key != SafetensorsChecksum.key }
    indices = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.name, $0) })
  }

  /// The tensor called `name`, which must have this shape. Its data are not looked at.
  ///
  /// - Throws: `StorageError` where there is none, or one of another shape.
  func require(_ name: String, shape: [Int]) throws -> Entry {
    guard let index = indices[name] else { throw StorageError.missingTensor(path: path, tensor: name) }
    let entry = entries[index]
    guard entry.shape == shape else {
      throw StorageError.tensorShape(
        path: path, tensor: name, offset: entry.bytes.lowerBound, expected: shape, found: entry.shape)
    }
    return entry
  }

  /// Reads all data once and compares them, and all else that the file says, with its checksum; a file without one
  /// is taken at its word.
  ///
  /// - Throws: `StorageError.damaged`.
  func checkIntegrity() throws {
    guard let checksum else { return }
    let found = SafetensorsChecksum(metadata: metadata, tensors: entries.map(\.name)) { sum, index in
      let entry = entries[index]
      withBytes(of: entry) { sum.add(entry.name, entry.type, entry.shape, $0) }
    }.text
    guard found == checksum else {
      throw StorageError.damaged(
        path: path, problem: "its content has the checksum \(found), and \(shown(checksum)) is written in it")
    }
  }

  /// A tensor's values. Those of type F64, F16 and BF16 become `Float`.
  ///
  /// - Throws: `StorageError` where a number of F64 is beyond `Float`.
  func values(of entry: Entry) throws -> [Float] {
    let values = withBytes(of: entry) { entry.type.floats($0) }
    if entry.type == .f64 {
      for (i, value) in values.enumerated() where value.isInfinite {
        let stored = double(i, of: entry)
        guard stored.isFinite else { continue }
        throw broken(entry, i, "holds \(stored), which no 32-bit float can", fix: "scale it or leave it out")
      }
    }
    return values
  }

  /// Copies a tensor's values to `target`, which has room for them.
  ///
  /// - Throws: `StorageError` where one is no finite number, naming its place in the tensor.
  func copyFinite(_ entry: Entry, to target: UnsafeMutablePointer<Float>) throws {
    let count: Int
    if entry.type == .f32 {
      count = entry.bytes.count / 4
      withBytes(of: entry) {
        UnsafeMutableRawBufferPointer(start: target, count: $0.count).copyMemory(from: $0)
      }
    } else {
      let values = try values(of: entry)
      count = values.count
      target.update(from: values, count: count)
    }
    let finite = selva_finite_prefix(target, count)
    guard finite == count else {
      let place = Self.place(finite, in: entry.shape).map(String.init).joined(separator: ", ")
      throw broken(
        entry, finite, "holds \(target[finite]) at [\(place)]",
        fix: "a model can be made of finite numbers only, so use one from before its training went wrong")
    }
  }

  /// As `copyFinite`, into an array.
  func finiteValues(of entry: Entry) throws -> [Float] {
    let count = entry.bytes.count / entry.type.byteCount
    return try [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let start = buffer.baseAddress { try copyFinite(entry, to: start) }
      initialized = count
    }
  }

  /// The index of element `number`, row-major, outermost first.
  private static func place(_ number: Int, in shape: [Int]) -> [Int] {
    var rest = number
    var place: [Int] = []
    for size in shape.reversed() {
      place.append(rest % size)
      rest /= size
    }
    return place.reversed()
  }

  private func withBytes<Result>(of entry: Entry, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    withExtendedLifetime(file) { body(UnsafeRawBufferPointer(rebasing: file.bytes[entry.bytes])) }
  }

  private func double(_ index: Int, of entry: Entry) -> Double {
    withBytes(of: entry) { $0.loadUnaligned(fromByteOffset: 8 * index, as: Double.self) }
  }

  /// The fault of element `index` of a tensor.
  func broken(_ entry: Entry, _ index: Int, _ problem: String, fix: String) -> StorageError {
    .brokenTensor(
      path: path, tensor: entry.name, offset: entry.bytes.lowerBound + entry.type.byteCount * index,
      problem: problem, fix: fix)
  }
}
