#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where and why a text is not comma-separated values.
struct CSVFault: Error {
  /// From 1.
  let line: Int
  let problem: String
}

/// Reads comma-separated values row by row: white space about fields is dropped, fields may be quoted
/// (RFC 4180), blank lines and lines that begin with `#` are passed over, lines end in LF or CRLF.
struct CSVScanner {
  /// A field's place, without its quotes.
  struct Field {
    var start: Int
    var end: Int
    var isQuoted: Bool
  }

  private let bytes: UnsafeRawBufferPointer
  private var position = 0
  private var nextLine = 1
  /// Of the row that was read last.
  private(set) var fields: [Field] = []
  /// Where that row begins, from 1.
  private(set) var line = 1

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    if bytes.starts(with: mark) { position = mark.count }
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// Reads the next row into `fields`; false at the end.
  mutating func readRow() throws(CSVFault) -> Bool {
    while true {
      skipBlanks()
      switch next {
      case nil: return false
      case UInt8(ascii: "\n"): passNewline()
      case UInt8(ascii: "#"): while let byte = next, byte != UInt8(ascii: "\n") { position += 1 }
      default:
        line = nextLine
        fields.removeAll(keepingCapacity: true)
        try readFields()
        return true
      }
    }
  }

  private mutating func passNewline() {
    position += 1
    nextLine += 1
  }

  private mutating func skipBlanks() {
    while let byte = next, Self.isBlank(byte) { position += 1 }
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

  private mutating func readFields() throws(CSVFault) {
    while true {
      skipBlanks()
      if next == UInt8(ascii: "\"") { try readQuoted() } else { readPlain() }
      guard next == UInt8(ascii: ",") else { break }
      position += 1
    }
    if next != nil { passNewline() }
  }

  private mutating func readPlain() {
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n") { break }
      position += 1
    }
    var end = position
    while end > start, Self.isBlank(bytes[end - 1]) { end -= 1 }
    fields.append(Field(start: start, end: end, isQuoted: false))
  }

  private mutating func readQuoted() throws(CSVFault) {
    position += 1
    let start = position
    let quote = UInt8(ascii: "\"")
    while true {
      guard let byte = next else { throw CSVFault(line: line, problem: "a quoted field does not end") }
      position += 1
      if byte == UInt8(ascii: "\n") { nextLine += 1 }
      guard byte == quote else { continue }
      guard next == quote else { break }
      position += 1
    }
    fields.append(Field(start: start, end: position - 1, isQuoted: true))
    skipBlanks()
    guard next == nil || next == UInt8(ascii: ",") || next == UInt8(ascii: "\n") else {
      throw CSVFault(line: nextLine, problem: "text follows a closing quote")
    }
  }

  /// A field as text; bytes that are not UTF-8 become U+FFFD.
  func text(_ field: Field) -> String {
    let raw = bytes[field.start..<field.end]
    guard field.isQuoted, raw.contains(UInt8(ascii: "\"")) else {
      return String(decoding: raw, as: UTF8.self)
    }
    var unescaped: [UInt8] = []
    var skips = false
    for byte in raw {
      if byte == UInt8(ascii: "\""), !skips {
        skips = true
      } else {
        unescaped.append(byte)
        skips = false
      }
    }
    return String(decoding: unescaped, as: UTF8.self)
  }

  /// A field's correctly rounded value; infinite where it is too large; nil where it is no number.
  func float(_ field: Field) -> Float? { number(field) { strtof($0, $1) } }

  /// The same in 64 bits.
  func double(_ field: Field) -> Double? { number(field) { strtod($0, $1) } }

  private func number<Value>(
    _ field: Field,
    _ parse: (UnsafePointer<CChar>, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value
  ) -> Value? {
    let count = field.end - field.start
    guard count > 0, !Self.isBlank(bytes[field.start]) else { return nil }
    // The C functions want a string that ends in 0, and are several times as fast as `Float(Substring)`.
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { buffer -> Value? in
      for i in 0..<count { buffer[i] = CChar(bitPattern: bytes[field.start + i]) }
      buffer[count] = 0
      guard let start = buffer.baseAddress else { return nil }
      var end: UnsafeMutablePointer<CChar>?
      let value = parse(start, &end)
      return end == start + count ? value : nil
    }
  }
}

/// `text` as a field: quoted where `CSVScanner` would take it for something else.
func quotedCSV(_ text: String) -> String {
  let isPlain =
    text.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\"") }
    && !text.isEmpty && !text.hasPrefix("#")
  if isPlain { return text }
  return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}
