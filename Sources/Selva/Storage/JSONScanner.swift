/// Where and why a text is not JSON.
struct JSONFault: Error {
  /// Bytes from the beginning of the text.
  let offset: Int
  let problem: String
}

/// A JSON value with its place. Members of objects keep their order, and their repetitions: a decoder into
/// dictionaries would hide that a name occurs twice.
struct JSONNode {
  enum Value {
    case object([(name: String, node: JSONNode)])
    case array([JSONNode])
    case string(String)
    /// As it is written.
    case number(String)
    /// `true`, `false` or `null`.
    case word(String)
  }

  /// Bytes from the beginning of the text.
  let offset: Int
  let value: Value

  /// The value where it is an integer of at least 0 that fits.
  var count: Int? {
    guard case .number(let text) = value, let first = text.utf8.first else { return nil }
    guard (0x30...0x39).contains(first), first != 0x30 || text.utf8.count == 1 else { return nil }
    return Int(text)
  }

  /// The value where it is an array of such integers.
  var counts: [Int]? {
    guard case .array(let nodes) = value else { return nil }
    let counts = nodes.compactMap(\.count)
    return counts.count == nodes.count ? counts : nil
  }

  var string: String? {
    if case .string(let text) = value { text } else { nil }
  }
}

/// Reads JSON (RFC 8259) from bytes that need not be well-formed.
struct JSONScanner {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0
  /// Deeper nesting is refused: it would overflow the stack.
  private static let greatestDepth = 32

  private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The one value that `bytes` hold, with nothing but white space around it.
  static func parse(_ bytes: UnsafeRawBufferPointer) throws(JSONFault) -> JSONNode {
    var scanner = JSONScanner(bytes)
    let node = try scanner.node(depth: 0)
    scanner.skipSpace()
    guard scanner.position == bytes.count else { throw scanner.fault("the JSON goes on after its end") }
    return node
  }

  private func fault(_ problem: String) -> JSONFault { JSONFault(offset: position, problem: problem) }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(JSONFault) {
    guard take(character) else { throw fault("the JSON lacks '\(character)'") }
  }

  private mutating func node(depth: Int) throws(JSONFault) -> JSONNode {
    skipSpace()
    let offset = position
    guard depth <= Self.greatestDepth else { throw fault("the JSON is nested too deeply") }
    let value: JSONNode.Value
    switch next {
    case UInt8(ascii: "{"): value = .object(try members(depth: depth))
    case UInt8(ascii: "["): value = .array(try elements(depth: depth))
    case UInt8(ascii: "\""): value = .string(try string())
    case UInt8(ascii: "-"), .some(0x30...0x39): value = .number(token())
    default: value = .word(try word())
    }
    return JSONNode(offset: offset, value: value)
  }

  private mutating func members(depth: Int) throws(JSONFault) -> [(name: String, node: JSONNode)] {
    position += 1
    var members: [(name: String, node: JSONNode)] = []
    if take("}") { return members }
    repeat {
      skipSpace()
      let name = try string()
      try expect(":")
      members.append((name, try node(depth: depth + 1)))
    } while take(",")
    try expect("}")
    return members
  }

  private mutating func elements(depth: Int) throws(JSONFault) -> [JSONNode] {
    position += 1
    var nodes: [JSONNode] = []
    if take("]") { return nodes }
    repeat { nodes.append(try node(depth: depth + 1)) } while take(",")
    try expect("]")
    return nodes
  }

  /// A run of the characters that numbers and words are made of.
  private mutating func token() -> String {
    let start = position
    while let byte = next, isTokenByte(byte) { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."): true
    default: false
    }
  }

  private mutating func word() throws(JSONFault) -> String {
    let start = position
    let text = token()
    guard text == "true" || text == "false" || text == "null" else {
      throw JSONFault(offset: start, problem: "the JSON lacks a value")
    }
    return text
  }

  private mutating func string() throws(JSONFault) -> String {
    try expect("\"")
    let start = position
    var text: [UInt8] = []
    while let byte = next, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw fault("a JSON string holds a control character") }
      position += 1
      if byte == UInt8(ascii: "\\") {
        text.append(contentsOf: try escaped())
      } else {
        text.append(byte)
      }
    }
    guard next != nil else { throw fault("a JSON string does not end") }
    position += 1
    guard let string = String(validating: text, as: UTF8.self) else {
      throw JSONFault(offset: start, problem: "a JSON string is not UTF-8")
    }
    return string
  }

  /// What follows a backslash, as UTF-8.
  private mutating func escaped() throws(JSONFault) -> [UInt8] {
    guard let byte = next else { throw fault("a JSON string does not end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"): return Array(String(Character(try unicodeScalar())).utf8)
    default: throw fault("a JSON string has an unknown escape")
    }
  }

  /// Characters beyond the basic plane come as two escapes.
  private mutating func unicodeScalar() throws(JSONFault) -> Unicode.Scalar {
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    if first < 0xDC00, next == UInt8(ascii: "\\") {
      position += 1
      if next == UInt8(ascii: "u") {
        position += 1
        let second = try hexadecimal()
        if (0xDC00...0xDFFF).contains(second),
          let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        {
          return scalar
        }
      }
    }
    throw fault("a JSON string has half a surrogate pair")
  }

  private mutating func hexadecimal() throws(JSONFault) -> UInt32 {
    let digits = bytes[position..<min(position + 4, bytes.count)]
    guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw fault("a JSON string has an unknown escape") }
    position += 4
    return value
  }
}

/// `text` as a JSON string, quotes included.
func quotedJSON(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\u{00}"..<"\u{20}":
      let digits = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
