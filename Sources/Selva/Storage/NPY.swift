import Files

/// NumPy's file format for one array, as far as tables of numbers need it.
enum NPY {
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// The values begin at a multiple of this many bytes, as NumPy has it.
  private static let alignment = 64

  /// No header is longer, and no array wider; NumPy's own limit for headers is 10,000 bytes.
  private static let longestHeader = 1 << 16

  /// Reads an array of floats, integers or truth values, of either byte order, in C or Fortran order, of rank 2; one
  /// of rank 1 is one row.
  ///
  /// - Throws: `StorageError`.
  static func read(_ bytes: UnsafeRawBufferPointer, path: String) throws -> LatentTable {
    func broken(_ offset: Int, _ problem: String, _ fix: String) -> StorageError {
      .brokenFile(path: path, offset: offset, problem: problem, fix: fix)
    }
    let header = try Header(bytes, fault: broken)
    let again = "save it again with numpy.save"
    guard let needed = header.byteCount, needed <= bytes.count - header.dataStart else {
      throw broken(
        bytes.count, "the file ends before the values of an array of shape \(header.shape) do", again)
    }
    guard needed == bytes.count - header.dataStart else {
      let end = header.dataStart + needed
      throw broken(end, "\(bytes.count - end) bytes follow the array", "save one array in a file")
    }
    guard needed > 0 else { throw StorageError.noRows(path: path) }
    let width = header.shape[header.shape.count - 1]
    guard width <= LatentTable.mostColumns else {
      throw broken(
        header.dataStart, "rows of \(width) values are longer than \(LatentTable.mostColumns)",
        "save array.reshape(count, latent)")
    }
    let stored = header.type.floats(UnsafeRawBufferPointer(rebasing: bytes[header.dataStart...]))
    let height = stored.count / width
    if let index = stored.firstIndex(where: { !$0.isFinite }) {
      let (row, column) =
        header.isFortran ? (index % height, index / height) : (index / width, index % width)
      throw broken(
        header.dataStart + index * header.type.byteCount,
        "row \(row + 1), column \(column + 1) is not a finite 32-bit number",
        "remove the row or the cause of it")
    }
    let values = header.isFortran ? transposed(stored, height: height, width: width) : stored
    return LatentTable(latent: width, values: values)
  }

  /// From column by column to row by row.
  private static func transposed(_ values: [Float], height: Int, width: Int) -> [Float] {
    Array(unsafeUninitializedCapacity: values.count) { rows, count in
      for column in 0..<width {
        for row in 0..<height {
          rows.initializeElement(at: row * width + column, to: values[column * height + row])
        }
      }
      count = values.count
    }
  }

  private struct Header {
    let type: NPYElement
    let shape: [Int]
    /// Column by column, which for one row is no different.
    let isFortran: Bool
    let dataStart: Int

    /// Nil where it does not fit into an `Int`.
    var byteCount: Int? {
      var count = type.byteCount
      for size in shape {
        let (product, overflow) = count.multipliedReportingOverflow(by: size)
        if overflow { return nil }
        count = product
      }
      return count
    }

    init(_ bytes: UnsafeRawBufferPointer, fault: (Int, String, String) -> StorageError) throws {
      let text: String
      (text, dataStart) = try Self.text(bytes, fault: fault)
      let start = dataStart - text.utf8.count
      let description = Self.entry("descr", in: text).flatMap(Self.quoted)
      guard let type = description.flatMap(NPYElement.init) else {
        let (problem, fix) = NPYElement.refusal(description)
        throw fault(start, problem, fix)
      }
      self.type = type
      guard let order = Self.entry("fortran_order", in: text),
        order.hasPrefix("False") || order.hasPrefix("True")
      else {
        throw fault(
          start, "the header does not say in which order the values lie", "save it again with numpy.save")
      }
      guard let sizes = Self.entry("shape", in: text).flatMap(Self.sizes) else {
        throw fault(start, "the array's shape cannot be read", "save it again with numpy.save")
      }
      guard sizes.count == 1 || sizes.count == 2 else {
        throw fault(
          start, "the array has \(sizes.count) dimensions, not [count, latent]",
          "save array.reshape(len(array), -1)")
      }
      shape = sizes
      isFortran = sizes.count == 2 && order.hasPrefix("True")
    }

    /// The header's Python dictionary, and where the values begin.
    private static func text(
      _ bytes: UnsafeRawBufferPointer, fault: (Int, String, String) -> StorageError
    ) throws -> (String, Int) {
      let again = "save it again with numpy.save"
      guard bytes.starts(with: NPY.magic) else { throw fault(0, "this is no .npy file", again) }
      guard bytes.count >= 12 else { throw fault(bytes.count, "the file ends within its header", again) }
      let version = bytes[6]
      guard (1...3).contains(version) else {
        throw fault(6, "the format's version is \(version), not 1 to 3", again)
      }
      let start = version == 1 ? 10 : 12
      let length =
        version == 1
        ? Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
        : Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
      guard length <= bytes.count - start else { throw fault(8, "the file ends within its header", again) }
      guard length <= NPY.longestHeader else {
        throw fault(8, "a header of \(length) bytes is longer than \(NPY.longestHeader)", again)
      }
      guard let text = String(validating: bytes[start..<start + length], as: UTF8.self) else {
        throw fault(start, "the header is not text", again)
      }
      return (text, start + length)
    }

    /// What follows a key of the dictionary.
    private static func entry(_ key: String, in text: String) -> Substring? {
      for quote in ["'", "\""] {
        guard let found = text.firstRange(of: quote + key + quote) else { continue }
        let rest = text[found.upperBound...].drop { $0 == " " }
        return rest.first == ":" ? rest.dropFirst().drop { $0 == " " } : nil
      }
      return nil
    }

    private static func quoted(_ text: Substring) -> String? {
      guard let quote = text.first, quote == "'" || quote == "\"" else { return nil }
      return String(text.dropFirst().prefix { $0 != quote })
    }

    /// Python 2 wrote `(3L, 4L)`.
    private static func sizes(_ text: Substring) -> [Int]? {
      guard text.first == "(", let end = text.firstIndex(of: ")") else { return nil }
      let parts = text[..<end].dropFirst().split(separator: ",").map { $0.filter { !" L".contains($0) } }
        .filter { !$0.isEmpty }
      let sizes = parts.compactMap { Int($0) }
      return sizes.count == parts.count && !sizes.contains { $0 < 0 } ? sizes : nil
    }
  }

  /// - Throws: `FileError` where the file cannot be written.
  static func write(_ values: [Float], shape: [Int], to path: String) throws {
    try AtomicFile.write(to: path) { file in
      try file.write(header(shape: shape))
      try values.withUnsafeBytes { try file.write(raw: $0) }
    }
  }

  /// What lies before the values of a `<f4` array in C order.
  static func header(shape: [Int]) -> [UInt8] {
    let sizes = shape.map { "\($0)" }.joined(separator: ", ")
    var text = Array("{'descr': '<f4', 'fortran_order': False, 'shape': (\(sizes)), }".utf8)
    let lead = magic.count + 4
    let misfit = (lead + text.count + 1) % alignment
    if misfit > 0 { text += Array(repeating: UInt8(ascii: " "), count: alignment - misfit) }
    text.append(UInt8(ascii: "\n"))
    let length = [UInt8(truncatingIfNeeded: text.count), UInt8(truncatingIfNeeded: text.count >> 8)]
    return magic + [1, 0] + length + text
  }
}
