import Files

/// A checksum of what a safetensors file says, whichever way it is laid out: a file that another library has written
/// again with the same content has the same one.
///
/// It is the CRC-32 of these, one after the other, every length and size as 8 bytes, little-endian: the number of
/// metadata entries, without the checksum's own; of each, by the order of the keys' bytes, the key and the value; of
/// each tensor, by the order of the names' bytes, the name, the type, the number of sizes, the sizes, and the data.
/// Of a text, its length in bytes comes first.
struct SafetensorsChecksum {
  /// Where it stands in the metadata.
  static let key = "selva.checksum"
  /// Begins the value: a checksum is then known as one under whatever key a flipped bit puts it.
  private static let mark = "selva:crc32:"

  private var sum = CRC32()

  /// - Parameter tensors: the names, in any order; `add` is called with each, in the order of the checksum.
  init(
    metadata: [String: String], tensors names: [String],
    add: (inout SafetensorsChecksum, _ index: Int) -> Void
  ) {
    let entries = metadata.filter { $0.key != Self.key }.sorted { Self.precedes($0.key, $1.key) }
    update(entries.count)
    for (key, value) in entries {
      update(key)
      update(value)
    }
    for index in names.indices.sorted(by: { Self.precedes(names[$0], names[$1]) }) { add(&self, index) }
  }

  mutating func add(_ name: String, _ type: TensorType, _ shape: [Int], _ data: UnsafeRawBufferPointer) {
    update(name)
    update(type.rawValue)
    update(shape.count)
    for size in shape { update(size) }
    sum.update(data)
  }

  /// The value that stands in the metadata.
  var text: String {
    let digits = String(sum.value, radix: 16)
    return Self.mark + String(repeating: "0", count: 8 - digits.count) + digits
  }

  /// The checksum in `metadata`; nil where there is none, as in files of other programs.
  ///
  /// - Throws: `StorageError.damaged` where one stands under another key.
  static func stored(in metadata: [String: String], path: String) throws -> String? {
    if let stored = metadata[key] { return stored }
    if let stray = metadata.first(where: { $0.value.hasPrefix(mark) }) {
      throw StorageError.damaged(path: path, problem: "its checksum stands under '\(shown(stray.key))'")
    }
    return nil
  }

  private mutating func update(_ count: Int) {
    withUnsafeBytes(of: UInt64(count).littleEndian) { sum.update($0) }
  }

  private mutating func update(_ text: String) {
    var text = text
    update(text.utf8.count)
    text.withUTF8 { sum.update(UnsafeRawBufferPointer($0)) }
  }

  private static func precedes(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
  }
}
