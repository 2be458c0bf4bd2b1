import Files

/// Where and why a text is not comma-separated values.
struct CSVFault: Error {
  /// From 1.
  let line: Int
  let problem: String
  var fix = "write a quote within quotes twice"
}

/// Reads comma-separated values row by row: white space about fields is dropped, fields may be quoted
/// (RFC 4180), blank lines and lines that begin with `#` are passed over, lines end in LF or CRLF, or all in CR.
struct CSVScanner {
  /// A field's place, without its quotes.
  struct Field {
    var start: Int
    var end: Int
    var isQuoted: Bool
  }

  /// A number has no more digits than this: the shortest double, written out, has 1,077.
  private static let longestNumber = 4096

  private let bytes: UnsafeRawBufferPointer
  private let newline: UInt8
  private var position = 0
  /// Where the row that was read last begins, and where it ends.
  private var row = 0..<0
  private var nextLine = 1
  /// Of the row that was read last.
  private(set) var fields: [Field] = []
  /// Where that row begins, from 1.
  private(set) var line = 1

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    if bytes.starts(with: mark) { position = mark.count }
    var isQuoted = false
    let end =
      bytes.firstIndex { byte in
        if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
        return !isQuoted && (byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r"))
      } ?? bytes.count
    let isOldMac =
      end < bytes.count && bytes[end] == UInt8(ascii: "\r")
      && (end + 1 == bytes.count || bytes[end + 1] != UInt8(ascii: "\n"))
    newline = isOldMac ? UInt8(ascii: "\r") : UInt8(ascii: "\n")
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// Reads the next row into `fields`; false at the end.
  mutating func readRow() throws(CSVFault) -> Bool {
    while true {
      skipBlanks()
      switch next {
      case nil: return false
      case newline: passNewline()
      case UInt8(ascii: "#"): while let byte = next, byte != newline { position += 1 }
      default:
        line = nextLine
        fields.removeAll(keepingCapacity: true)
        let start = position
        try readFields()
        row = start..<position
        return true
      }
    }
  }

  private mutating func passNewline() {
    position += 1
    nextLine += 1
  }

  private mutating func skipBlanks() {
    while let byte = next, Self.isBlank(byte), byte != newline { position += 1 }
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

  private mutating func readFields() throws(CSVFault) {
    while true {
      skipBlanks()
      guard fields.count < LatentTable.mostColumns else {
        throw CSVFault(
          line: line, problem: "has more than \(LatentTable.mostColumns) fields",
          fix: "end each row with a new line")
      }
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
      if byte == UInt8(ascii: ",") || byte == newline { break }
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
      if byte == newline { nextLine += 1 }
      guard byte == quote else { continue }
      guard next == quote else { break }
      position += 1
    }
    fields.append(Field(start: start, end: position - 1, isQuoted: true))
    skipBlanks()
    guard next == nil || next == UInt8(ascii: ",") || next == newline else {
      throw otherSeparator ?? CSVFault(line: nextLine, problem: "text follows a closing quote")
    }
  }

  /// Where something else than a comma stands between quoted fields.
  private var otherSeparator: CSVFault? {
    let name: String? =
      switch (next, bytes[position - 1]) {
      case (UInt8(ascii: ";"), _): "semicolons"
      case (UInt8(ascii: "\""), UInt8(ascii: "\t")): "tabs"
      case (UInt8(ascii: "\""), UInt8(ascii: " ")): "spaces"
      default: nil
      }
    return name.map {
      CSVFault(line: nextLine, problem: "has \($0) between its fields", fix: "put commas there")
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

  /// The beginning of a field as text, for messages.
  func beginning(_ field: Field) -> String {
    text(Field(start: field.start, end: min(field.end, field.start + 256), isQuoted: field.isQuoted))
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
    guard count > 0, count <= Self.longestNumber, !Self.isBlank(bytes[field.start]) else { return nil }
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

// MARK: What is no comma-separated table

extension CSVScanner {
  /// What is wrong with the row that was read last, and what to do, where it is written as other programs and other
  /// countries write numbers: with other separators, or with commas for points.
  var otherNotation: (problem: String, fix: String)? {
    if let field = fields.first(where: { $0.isQuoted && Self.hasDecimalComma(beginning($0)) }) {
      return ("'\(shown(beginning(field)))' has a comma for a point", "write 0.5 rather than 0,5")
    }
    // Between quoted fields, another separator ends the reading before it comes to this.
    guard !fields.contains(where: \.isQuoted) else { return nil }
    let line = String(decoding: bytes[row].prefix(4096), as: UTF8.self)
    for (separator, name) in [(";", "semicolons"), ("\t", "tabs"), (" ", "spaces")] as [(Character, String)] {
      let parts = line.split(separator: separator).map { $0.filter { !$0.isWhitespace } }
        .filter { !$0.isEmpty }
      guard parts.count > 1 else { continue }
      let hasCommas = parts.contains(where: Self.hasDecimalComma)
      let areNumbers = parts.allSatisfy { Float($0) != nil || Self.hasDecimalComma($0) }
      guard areNumbers || parts.contains("z0") else { continue }
      return hasCommas
        ? (
          "has \(name) between its fields and commas for points",
          "write 0.5,1 rather than 0,5\(separator == "\t" ? " " : separator)1"
        )
        : ("has \(name) between its fields", "put commas there")
    }
    return nil
  }

  private static func hasDecimalComma(_ text: String) -> Bool {
    text.count(where: { $0 == "," }) == 1 && Float(text.replacing(",", with: ".")) != nil
  }
}

extension CSVScanner {
  /// Whether a field with this text is a number.
  static func isNumber(_ text: String) -> Bool {
    Array(text.utf8).withUnsafeBytes { bytes in
      CSVScanner(bytes).float(Field(start: 0, end: bytes.count, isQuoted: false)) != nil
    }
  }
}

/// `text` as a field: quoted where `CSVScanner` would take it for something else.
func quotedCSV(_ text: String) -> String {
  let isPlain =
    text.utf8.allSatisfy { $0 > 0x20 && !",;\"".utf8.contains($0) }
    && !text.isEmpty && !text.hasPrefix("#") && text.unicodeScalars.first != "\u{FEFF}"
  if isPlain { return text }
  return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}
