import Files

extension IDXWriter {
  /// Writes a file row by row, so that memory does not grow with it.
  ///
  /// - Parameters:
  ///   - sizes: one a dimension, the rows first.
  ///   - path: the file.
  ///   - compressed: as gzip; the path may say so or not.
  ///   - row: gives the elements of one row; called once for each, in order.
  /// - Throws: `FileError` when the file cannot be written, and what `row` throws; what was there before then stays.
  public static func write<Element: IDXElement>(
    rowsOf sizes: [Int], to path: String, compressed: Bool = false, row: (Int) throws -> [Element]
  ) throws {
    precondition(
      (1...255).contains(sizes.count) && sizes.allSatisfy { (0...Int(UInt32.max)).contains($0) },
      "sizes \(sizes)")
    let width = sizes.dropFirst().reduce(1, *)
    try AtomicFile.write(to: path) { file in
      let gzip = compressed ? GzipWriter() : nil
      var block = header(Element.idxType, sizes)
      for index in 0..<sizes[0] {
        let elements = try row(index)
        precondition(
          elements.count == width, "a row of \(elements.count) elements in a file of sizes \(sizes)")
        append(elements, to: &block)
        guard block.count >= 1 << 16 else { continue }
        if let gzip { try gzip.write(block, last: false, to: file) } else { try file.write(block) }
        block.removeAll(keepingCapacity: true)
      }
      if let gzip { try gzip.write(block, last: true, to: file) } else { try file.write(block) }
    }
  }
}
