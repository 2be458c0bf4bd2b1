import Files

/// NumPy's file format for one array, as far as tables of numbers need it.
enum NPY {
  /// Reads an array of floats, integers or truth values, of either byte order, in C or Fortran order, of rank 2; one
  /// of rank 1 is one row.
  ///
  /// - Throws: `StorageError`.
  static func read(_ bytes: UnsafeRawBufferPointer, path: String) throws -> LatentTable {
    func broken(_ offset: Int, _ problem: String, _ fix: String) -> StorageError {
      .brokenFile(path: path, offset: offset, problem: problem, fix: fix)
    }
    let header = try NPYHeader(bytes, fault: broken)
    guard (1...2).contains(header.shape.count) else {
      throw broken(
        header.textStart, "the array has \(header.shape.count) dimensions, not [count, latent]",
        "save array.reshape(len(array), -1)")
    }
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
    let isFortran = header.isFortran && header.shape.count == 2
    if let index = stored.firstIndex(where: { !$0.isFinite }) {
      let (row, column) =
        isFortran ? (index % height, index / height) : (index / width, index % width)
      throw broken(
        header.dataStart + index * header.type.byteCount,
        "row \(row + 1), column \(column + 1) is not a finite 32-bit number",
        "remove the row or the cause of it")
    }
    let values = isFortran ? transposed(stored, height: height, width: width) : stored
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

  /// - Throws: `FileError` where the file cannot be written.
  static func write(_ values: [Float], shape: [Int], to path: String) throws {
    try AtomicFile.write(to: path) { file in
      try file.write(NPYHeader.bytes(shape: shape))
      try values.withUnsafeBytes { try file.write(raw: $0) }
    }
  }
}
