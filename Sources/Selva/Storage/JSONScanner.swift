/// Where and why a text is not JSON.
struct JSONFault: Error {
  /// Bytes from the beginning of the text.
  let offset: Int
  let problem: String
}

/// Reads JSON (RFC 8259) from bytes that need not be well-formed, in place: it keeps nothing but what is asked for,
/// so that a hostile text of any length costs no memory.
struct JSONScanner {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0
  /// Deeper nesting is refused: it would overflow the stack.
  private static let greatestDepth = 32

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Bytes before the next value.
  mutating func place() -> Int {
    skipSpace()
    return position
  }

  /// Takes the object that comes next: `body` is given each member's name, and has to take its value. Members come
  /// in their order and with their repetitions, which a decoder into dictionaries would hide.
  ///
  /// - Returns: false, with nothing taken, where the next value is no object.
  mutating func members(_ body: (inout JSONScanner, _ name: String) throws -> Void) throws -> Bool {
    guard take("{") else { return false }
    if take("}") { return true }
    repeat {
      skipSpace()
      let name = try string()
      try expect(":")
      try body(&self, name)
    } while take(",")
    try expect("}")
    return true
  }

  /// Takes the array that comes next: `body` has to take each element.
  ///
  /// - Returns: false, with nothing taken, where the next value is no array.
  mutating func elements(_ body: (inout JSONScanner) throws -> Void) throws -> Bool {
    guard take("[") else { return false }
    if take("]") { return true }
    repeat { try body(&self) } while take(",")
    try expect("]")
    return true
  }

  /// Takes the number, `true`, `false` or `null` that comes next, as it is written.
  mutating func word() throws(JSONFault) -> String {
    let start = place()
    try skip()
    return try utf8(bytes[start..<position], at: start)
  }

  /// Takes the string that comes next; nil, with nothing taken, where the next value is none.
  mutating func text() throws(JSONFault) -> String? {
    skipSpace()
    return next == UInt8(ascii: "\"") ? try string() : nil
  }

  /// Takes the array of integers of at least 0 that comes next; nil where the next value is none, has more of them
  /// than `limit`, or one that does not fit.
  mutating func counts(limit: Int) throws(JSONFault) -> [Int]? {
    guard take("[") else { return nil }
    var counts: [Int] = []
    if take("]") { return counts }
    repeat {
      skipSpace()
      guard counts.count < limit, let count = count() else { return nil }
      counts.append(count)
    } while take(",")
    return take("]") ? counts : nil
  }

  /// Passes over the next value, whatever it is.
  mutating func skip(depth: Int = 0) throws(JSONFault) {
    skipSpace()
    guard depth <= Self.greatestDepth else { throw fault("the JSON is nested too deeply") }
    switch next {
    case UInt8(ascii: "{"): try skipMembers(depth: depth)
    case UInt8(ascii: "["): try skipElements(depth: depth)
    case UInt8(ascii: "\""): try skipString()
    case UInt8(ascii: "-"), .some(0x30...0x39): try skipNumber()
    default: try skipWord()
    }
  }

  /// - Throws: where anything but white space is left.
  mutating func end() throws(JSONFault) {
    skipSpace()
    guard position == bytes.count else { throw fault("the JSON goes on after its end") }
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

  private mutating func skipMembers(depth: Int) throws(JSONFault) {
    position += 1
    if take("}") { return }
    repeat {
      try skipString()
      try expect(":")
      try skip(depth: depth + 1)
    } while take(",")
    try expect("}")
  }

  private mutating func skipElements(depth: Int) throws(JSONFault) {
    position += 1
    if take("]") { return }
    repeat { try skip(depth: depth + 1) } while take(",")
    try expect("]")
  }

  // MARK: Numbers and words

  /// An integer of at least 0 that fits, without a sign, a fraction or an exponent.
  private mutating func count() -> Int? {
    let start = position
    var count = 0
    while let byte = next, (0x30...0x39).contains(byte) {
      let (tens, overflow) = count.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int(byte - 0x30))
      if overflow || carry { return nil }
      count = sum
      position += 1
    }
    let length = position - start
    guard length > 0, length == 1 || bytes[start] != 0x30 else { return nil }
    return count
  }

  private mutating func skipNumber() throws(JSONFault) {
    let start = position
    if next == UInt8(ascii: "-") { position += 1 }
    let isZero = next == 0x30
    let whole = skipDigits()
    var isNumber = whole == 1 || whole > 1 && !isZero
    if next == UInt8(ascii: ".") {
      position += 1
      isNumber = skipDigits() > 0 && isNumber
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      position += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
      isNumber = skipDigits() > 0 && isNumber
    }
    guard isNumber else { throw JSONFault(offset: start, problem: "the JSON has a number that is none") }
  }

  private mutating func skipDigits() -> Int {
    let start = position
    while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
    return position - start
  }

  private mutating func skipWord() throws(JSONFault) {
    let rest = bytes[position...]
    guard let word = ["true", "false", "null"].first(where: { rest.starts(with: $0.utf8) }) else {
      throw fault("the JSON lacks a value")
    }
    position += word.utf8.count
  }

  // MARK: Strings

  private mutating func string() throws(JSONFault) -> String {
    try expect("\"")
    let start = position
    while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
      guard byte >= 0x20 else { throw fault("a JSON string holds a control character") }
      position += 1
    }
    // Most have no escape, and are taken as they stand.
    if next == UInt8(ascii: "\"") {
      position += 1
      return try utf8(bytes[start..<position - 1], at: start)
    }
    var text = Array(bytes[start..<position])
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
    return try utf8(text, at: start)
  }

  /// Without a look at what stands in it.
  private mutating func skipString() throws(JSONFault) {
    try expect("\"")
    while let byte = next, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw fault("a JSON string holds a control character") }
      position += byte == UInt8(ascii: "\\") ? 2 : 1
    }
    guard next != nil else { throw fault("a JSON string does not end") }
    position += 1
  }

  private func utf8(_ text: some Sequence<UInt8>, at start: Int) throws(JSONFault) -> String {
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
