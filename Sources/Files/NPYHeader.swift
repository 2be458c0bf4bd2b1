/// What stands before the values of a `.npy` array.
package struct NPYHeader: Sendable {
  package let type: NPYElement
  package let shape: [Int]
  /// The first size runs fastest, as column by column; for one size that is no different.
  package let isFortran: Bool
  package let dataStart: Int
  /// Where the description begins, for messages.
  package let textStart: Int

  package static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// The values begin at a multiple of this many bytes, as NumPy has it.
  private static let alignment = 64
  /// No header is longer; NumPy's own limit is 10,000 bytes.
  private static let longest = 1 << 16

  /// Nil where it does not fit into an `Int`.
  package var byteCount: Int? {
    var count = type.byteCount
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      count = product
    }
    return count
  }

  /// - Parameter fault: makes an error of a place, what is wrong there and what to do.
  package init(_ bytes: UnsafeRawBufferPointer, fault: (Int, String, String) -> any Error) throws {
    let text: String
    (text, dataStart) = try Self.text(bytes, fault: fault)
    let start = dataStart - text.utf8.count
    textStart = start
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
    shape = sizes
    isFortran = sizes.count > 1 && order.hasPrefix("True")
  }

  /// The header's Python dictionary, and where the values begin.
  private static func text(
    _ bytes: UnsafeRawBufferPointer, fault: (Int, String, String) -> any Error
  ) throws -> (String, Int) {
    let again = "save it again with numpy.save"
    guard bytes.starts(with: magic) else { throw fault(0, "this is no .npy file", again) }
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
    guard length <= longest else {
      throw fault(8, "a header of \(length) bytes is longer than \(longest)", again)
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

  /// What lies before the values of an array in C order, of little-endian values of a type that NumPy calls `type`.
  package static func bytes(shape: [Int], type: String = "<f4") -> [UInt8] {
    let sizes = shape.map { "\($0)" }.joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var text = Array("{'descr': '\(type)', 'fortran_order': False, 'shape': (\(sizes)), }".utf8)
    let lead = magic.count + 4
    let misfit = (lead + text.count + 1) % alignment
    if misfit > 0 { text += Array(repeating: UInt8(ascii: " "), count: alignment - misfit) }
    text.append(UInt8(ascii: "\n"))
    let length = [UInt8(truncatingIfNeeded: text.count), UInt8(truncatingIfNeeded: text.count >> 8)]
    return magic + [1, 0] + length + text
  }
}
