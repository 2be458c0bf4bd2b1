import Files

/// Writes IDX files.
public enum IDXWriter {
  /// Writes `elements` in C order.
  ///
  /// - Parameters:
  ///   - sizes: one a dimension, at most 255 of them; their product is the number of elements.
  ///   - compressed: as gzip.
  /// - Throws: `FileError` when the file cannot be written; what was there before then stays.
  public static func write<Element: IDXElement>(
    _ elements: some Collection<Element>, sizes: [Int], to path: String, compressed: Bool = false
  ) throws {
    precondition(
      sizes.count <= 255 && sizes.allSatisfy { (0...Int(UInt32.max)).contains($0) }, "sizes \(sizes)")
    precondition(
      elements.count == sizes.reduce(1, *), "\(elements.count) elements for sizes \(sizes)")
    try AtomicFile.write(to: path) { file in
      var gzip = compressed ? GzipWriter() : nil
      var block = header(Element.idxType, sizes)
      var rest = elements[...]
      repeat {
        let part = rest.prefix(1 << 16)
        rest = rest.dropFirst(part.count)
        for element in part { append(element, to: &block) }
        if compressed {
          try gzip!.write(block, last: rest.isEmpty, to: file)
        } else {
          try file.write(block)
        }
        block.removeAll(keepingCapacity: true)
      } while !rest.isEmpty
    }
  }

  private static func header(_ type: IDXElementType, _ sizes: [Int]) -> [UInt8] {
    sizes.reduce(into: [0, 0, type.rawValue, UInt8(sizes.count)]) { bytes, size in
      for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: size >> shift)) }
    }
  }

  private static func append<Element: IDXElement>(_ element: Element, to block: inout [UInt8]) {
    let bits = element.bigEndianBits
    for byte in stride(from: Element.idxType.byteCount - 1, through: 0, by: -1) {
      block.append(UInt8(truncatingIfNeeded: bits >> (8 * UInt64(byte))))
    }
  }
}
