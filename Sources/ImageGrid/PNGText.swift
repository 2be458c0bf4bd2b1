/// Text as it crosses to C and back: a kind byte (`t` Latin-1, `i` UTF-8), key, NUL, value, NUL for each.
enum PNGText {
  static func pack(_ entries: [(key: String, value: String)]) -> [CChar] {
    var packed: [UInt8] = []
    for (key, value) in entries {
      precondition(isKey(key), "PNG text key \"\(key)\" must be 1 to 79 printable ASCII characters")
      let scalars = value.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 }
      if scalars.allSatisfy(isLatin1) {
        packed.append(UInt8(ascii: "t"))
        packed += Array(key.utf8) + [0] + scalars.map { UInt8($0.value) }
      } else {
        packed.append(UInt8(ascii: "i"))
        packed += Array(key.utf8) + [0]
        for scalar in scalars { packed += Array(String(scalar).utf8) }
      }
      packed.append(0)
    }
    return packed.map { CChar(bitPattern: $0) }
  }

  static func unpack(_ packed: UnsafeRawBufferPointer) -> [(key: String, value: String)] {
    var entries: [(key: String, value: String)] = []
    var rest = packed[...]
    while let kind = rest.popFirst() {
      let key = rest.prefix { $0 != 0 }
      rest = rest.dropFirst(key.count + 1)
      let value = rest.prefix { $0 != 0 }
      rest = rest.dropFirst(value.count + 1)
      entries.append(
        (latin1(key), kind == UInt8(ascii: "i") ? String(decoding: value, as: UTF8.self) : latin1(value)))
    }
    return entries
  }

  private static func latin1(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: bytes.lazy.map { Unicode.Scalar($0) })
    return String(text)
  }

  /// The characters that the format allows in `tEXt`: printable Latin-1 and the line feed.
  private static func isLatin1(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0A, 0x20...0x7E, 0xA0...0xFF: true
    default: false
    }
  }

  private static func isKey(_ key: String) -> Bool {
    (1...79).contains(key.utf8.count) && key.utf8.allSatisfy { (0x20...0x7E).contains($0) }
      && key.first != " " && key.last != " " && !key.contains("  ")
  }
}
