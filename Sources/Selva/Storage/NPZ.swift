import Archives
import Files

/// NumPy's archives of arrays, as far as latent vectors need them.
enum NPZ {
  /// The array of vectors, and that of labels.
  private static let (vectors, labels) = ("z", ["labels", "label", "y"])

  /// Reads the array `z`, or the only one that is none of labels, with the labels where there are any.
  ///
  /// - Throws: `StorageError` or `FileError`.
  static func read(_ bytes: UnsafeRawBufferPointer, path: String) throws -> LatentTable {
    let names = try arrayNames(bytes, path)
    let others = names.filter { !labels.contains($0) }
    guard let name = names.contains(vectors) ? vectors : others.count == 1 ? others.first : nil else {
      throw StorageError.brokenFile(
        path: path, offset: 0,
        problem: "has no array z among \(others.sorted().map { shown($0) }.joined(separator: ", "))",
        fix: "save it as numpy.savez('all.npz', z=…)")
    }
    let labelled = labels.first(where: names.contains)
    let arrays = try arrays(bytes, path) { $0 == name || $0 == labelled }
    let array = arrays[name] ?? []
    var table = try array.withUnsafeBytes { try NPY.read($0, path: "\(path): \(name)") }
    if let labelled, let array = arrays[labelled] {
      table.labels = try array.withUnsafeBytes {
        try readLabels($0, "\(path): \(labelled)", count: table.count)
      }
    }
    return table
  }

  private static func arrayNames(_ bytes: UnsafeRawBufferPointer, _ path: String) throws -> Set<String> {
    var names: Set<String> = []
    try forEachArray(bytes, path) { name, _ in names.insert(name) }
    return names
  }

  /// Only those that are wanted are unpacked: what a stranger's archive holds besides may be long.
  private static func arrays(
    _ bytes: UnsafeRawBufferPointer, _ path: String, where isWanted: (String) -> Bool
  ) throws -> [String: [UInt8]] {
    var arrays: [String: [UInt8]] = [:]
    try forEachArray(bytes, path) { name, archive in
      if isWanted(name) { arrays[name] = try archive.content(most: 1 << 32) }
    }
    return arrays
  }

  private static func forEachArray(
    _ bytes: UnsafeRawBufferPointer, _ path: String, _ body: (String, ArchiveReader) throws -> Void
  ) throws {
    let archive = try ArchiveReader(bytes, name: path)
    while let name = try archive.next() {
      if name.hasSuffix(".npy") { try body(String(name.dropLast(4)), archive) }
    }
  }

  private static func readLabels(
    _ bytes: UnsafeRawBufferPointer, _ path: String, count: Int
  ) throws -> [String] {
    let values = try NPY.read(bytes, path: path).values
    guard values.count == count else {
      throw StorageError.brokenFile(
        path: path, offset: 0, problem: "has \(values.count) labels for \(count) vectors",
        fix: "save one a vector")
    }
    return values.map { value in Int(exactly: value).map { "\($0)" } ?? "\(value)" }
  }

  /// - Throws: `FileError`.
  static func write(_ table: LatentTable, to path: String) throws {
    try AtomicFile.write(to: path) { file in
      let zip = try ZipWriter(path)
      for name in names(table.columns) {
        guard let (width, values) = table.part(name) else { continue }
        let header = NPYHeader.bytes(shape: [table.count, width])
        try zip.add("\(name).npy", byteCount: header.count + 4 * values.count, to: file) { write in
          try header.withUnsafeBytes { try write($0) }
          try values.withUnsafeBytes { try write($0) }
        }
      }
      if let labels = table.labels?.compactMap({ Int32($0) }), labels.count == table.count {
        let header = NPYHeader.bytes(shape: [labels.count], type: "<i4")
        try zip.add("labels.npy", byteCount: header.count + 4 * labels.count, to: file) { write in
          try header.withUnsafeBytes { try write($0) }
          try labels.withUnsafeBytes { try write($0) }
        }
      }
      try zip.finish(to: file)
    }
  }

  /// What the columns are called before their numbers, in order.
  private static func names(_ columns: [String]) -> [String] {
    columns.filter { $0.hasSuffix("0") && !($0.dropLast().last?.isNumber ?? true) }.map {
      String($0.dropLast())
    }
  }
}
