/// A type that the elements of a `.npy` array have; every one becomes `Float` as NumPy's `astype(numpy.float32)`
/// makes it.
package struct NPYElement: Sendable {
  private enum Kind: Character, Sendable {
    case bool = "b"
    case signed = "i"
    case unsigned = "u"
    case float = "f"
  }

  private let kind: Kind
  package let byteCount: Int
  private let isBigEndian: Bool

  /// - Parameter description: NumPy's, as `<f4`.
  /// - Returns: nil for types of which no `Float` can be made, or that NumPy does not have.
  package init?(_ description: String) {
    var rest = description[...]
    isBigEndian = rest.first == ">"
    if let order = rest.first, "<>|=".contains(order) { rest = rest.dropFirst() }
    guard let kind = rest.popFirst().flatMap(Kind.init), let size = Int(rest), "\(size)" == rest else {
      return nil
    }
    let sizes =
      switch kind {
      case .bool: [1]
      case .signed, .unsigned: [1, 2, 4, 8]
      case .float: [2, 4, 8]
      }
    guard sizes.contains(size) else { return nil }
    self.kind = kind
    byteCount = size
  }

  package var isFloat: Bool { kind == .float }
  /// Bytes from 0 to 255, which pixels mostly are.
  package var isByte: Bool { kind == .unsigned && byteCount == 1 }

  /// The values in `bytes`, which need not be aligned.
  package func floats(_ bytes: UnsafeRawBufferPointer) -> [Float] {
    switch (kind, byteCount) {
    case (.bool, _): map(bytes) { (bits: UInt8) in bits == 0 ? 0 : 1 }
    case (.float, 2): map(bytes) { HalfFloat.value($0) }
    case (.float, 4): map(bytes) { Float(bitPattern: $0) }
    case (.float, _): map(bytes) { Float(Double(bitPattern: $0)) }
    case (.signed, 1): map(bytes) { (bits: Int8) in Float(bits) }
    case (.signed, 2): map(bytes) { (bits: Int16) in Float(bits) }
    case (.signed, 4): map(bytes) { (bits: Int32) in Float(bits) }
    case (.signed, _): map(bytes) { (bits: Int64) in Float(bits) }
    case (.unsigned, 1): map(bytes) { (bits: UInt8) in Float(bits) }
    case (.unsigned, 2): map(bytes) { (bits: UInt16) in Float(bits) }
    case (.unsigned, 4): map(bytes) { (bits: UInt32) in Float(bits) }
    case (.unsigned, _): map(bytes) { (bits: UInt64) in Float(bits) }
    }
  }

  private func map<Bits: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, _ value: (Bits) -> Float
  ) -> [Float] {
    let size = MemoryLayout<Bits>.size
    return (0..<bytes.count / size).map { index in
      let bits = bytes.loadUnaligned(fromByteOffset: index * size, as: Bits.self)
      return value(isBigEndian ? Bits(bigEndian: bits) : Bits(littleEndian: bits))
    }
  }

  /// What an array of another type holds, and what to save instead.
  package static func refusal(_ description: String?) -> (problem: String, fix: String) {
    let plain = "save array.astype('<f4')"
    guard let description else {
      return ("the array is of a structured type", "save a plain array, as array['name']")
    }
    let letter = description.first { !"<>|=".contains($0) } ?? "?"
    let (content, fix) =
      switch letter {
      case "c": ("complex numbers", "save its real part and its imaginary part as columns")
      case "O": ("Python objects", plain)
      case "S", "U", "a": ("text", plain)
      case "M", "m": ("dates or times", plain)
      case "V": ("raw bytes, as it does for bfloat16", plain)
      default: ("numbers of a type unknown here", plain)
      }
    return ("the array holds \(content) (\(shown(description)))", fix)
  }
}

/// IEEE 754 halves; by hand because `Float16` is not there on every platform.
package enum HalfFloat {
  package static func value(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10 & 0x1F)
    let fraction = UInt32(bits & 0x3FF)
    switch exponent {
    case 0: return Float(bitPattern: (Float(fraction) * 0x1p-24).bitPattern | sign)
    case 0x1F: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}
