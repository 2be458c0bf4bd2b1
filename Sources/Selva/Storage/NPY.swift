import Files

/// NumPy's file format for one array, as far as tables of numbers need it.
enum NPY {
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// The values begin at a multiple of this many bytes, as NumPy has it.
  private static let alignment = 64

  /// Reads `<f4` or `<f8` values in C order, of rank 2, or of rank 1 as one row.
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
    let values = header.type.floats(UnsafeRawBufferPointer(rebasing: bytes[header.dataStart...]))
    let width = header.shape[header.shape.count - 1]
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw broken(
        header.dataStart + index * header.type.byteCount,
        "row \(index / width + 1), column \(index % width + 1) is not a finite 32-bit number",
        "remove the row or the cause of it")
    }
    return LatentTable(latent: width, values: values)
  }

  private struct Header {
    let type: TensorType
    let shape: [Int]
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
      switch description {
      case "<f4": type = .f32
      case "<f8": type = .f64
      default:
        throw fault(
          start, "the array is of type \(shown(description ?? "unknown")), not <f4 or <f8",
          "save array.astype('<f4')")
      }
      guard let order = Self.entry("fortran_order", in: text), order.hasPrefix("False") else {
        throw fault(
          start, "the array lies in Fortran order, column by column", "save numpy.ascontiguousarray(array)")
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

    private static func sizes(_ text: Substring) -> [Int]? {
      guard text.first == "(", let end = text.firstIndex(of: ")") else { return nil }
      let parts = text[..<end].dropFirst().split(separator: ",").map { $0.filter { $0 != " " } }.filter {
        !$0.isEmpty
      }
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
