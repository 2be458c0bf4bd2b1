import Files

/// Writes IDX files.
public enum IDXWriter {
  /// Writes `elements` in C order.
  ///
  /// - Parameters:
  ///   - elements: of a type that IDX has, which becomes the file's.
  ///   - sizes: one a dimension, at most 255 of them; their product is the number of elements.
  ///   - path: the file.
  ///   - compressed: as gzip; the path may say so or not.
  /// - Throws: `FileError` when the file cannot be written; what was there before then stays.
  public static func write<Element: IDXElement>(
    _ elements: some Collection<Element>, sizes: [Int], to path: String, compressed: Bool = false
  ) throws {
    precondition(
      sizes.count <= 255 && sizes.allSatisfy { (0...Int(UInt32.max)).contains($0) }, "sizes \(sizes)")
    precondition(
      elements.count == sizes.reduce(1, *), "\(elements.count) elements for sizes \(sizes)")
    precondition(MemoryLayout<Element>.stride == Element.idxType.byteCount)
    try AtomicFile.write(to: path) { file in
      let gzip = compressed ? GzipWriter() : nil
      var block = header(Element.idxType, sizes)
      var rest = elements[...]
      repeat {
        let part = Array(rest.prefix(1 << 16))
        rest = rest.dropFirst(part.count)
        append(part, to: &block)
        if let gzip {
          try gzip.write(block, last: rest.isEmpty, to: file)
        } else {
          try file.write(block)
        }
        block.removeAll(keepingCapacity: true)
      } while !rest.isEmpty
    }
  }

  static func header(_ type: IDXElementType, _ sizes: [Int]) -> [UInt8] {
    sizes.reduce(into: [0, 0, type.rawValue, UInt8(sizes.count)]) { bytes, size in
      for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: size >> shift)) }
    }
  }

  static func append<Element: IDXElement>(_ elements: [Element], to block: inout [UInt8]) {
    let start = block.count
    elements.withUnsafeBytes { block.append(contentsOf: $0) }
    block.withUnsafeMutableBytes { bytes in
      let added = UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
      switch Element.idxType.byteCount {
      case 2: toBigEndian(added, UInt16.self)
      case 4: toBigEndian(added, UInt32.self)
      case 8: toBigEndian(added, UInt64.self)
      default: break
      }
    }
  }

  private static func toBigEndian<Bits: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: UnsafeMutableRawBufferPointer, _: Bits.Type
  ) {
    for offset in stride(from: 0, to: bytes.count, by: MemoryLayout<Bits>.size) {
      let bits = bytes.loadUnaligned(fromByteOffset: offset, as: Bits.self)
      bytes.storeBytes(of: bits.bigEndian, toByteOffset: offset, as: Bits.self)
    }
  }
}
