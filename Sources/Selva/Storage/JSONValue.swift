import Files

/// A JSON value as it is written: numbers as text, members in their order and with their repetitions, which a decoder into
/// dictionaries would hide.
package indirect enum JSONValue: Sendable {
  case object([Member])
  case array([JSONValue])
  case string(String)
  /// A number, `true`, `false` or `null`.
  case word(String)

  package struct Member: Sendable {
    package let name: String
    package let value: JSONValue
  }

  /// Deeper nesting is refused: it would overflow the stack.
  private static let greatestDepth = 32

  /// - Throws: `FileError` that names the line of the file at `path` where `bytes` are not JSON.
  package init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
    var scanner = JSONScanner(bytes)
    do {
      self = try JSONValue(&scanner, depth: 0)
      try scanner.end()
    } catch let fault as JSONFault {
      let line = bytes.prefix(fault.offset).reduce(1) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
      throw FileError(.badData, path: path, reason: "line \(line): \(fault.problem); correct it")
    }
  }

  private init(_ scanner: inout JSONScanner, depth: Int) throws {
    guard depth <= Self.greatestDepth else {
      throw JSONFault(offset: scanner.place(), problem: "the JSON is nested too deeply")
    }
    var members: [Member] = []
    var elements: [JSONValue] = []
    if let text = try scanner.text() {
      self = .string(text)
    } else if try scanner.members({ scanner, name in
      members.append(Member(name: name, value: try JSONValue(&scanner, depth: depth + 1)))
    }) {
      self = .object(members)
    } else if try scanner.elements({ elements.append(try JSONValue(&$0, depth: depth + 1)) }) {
      self = .array(elements)
    } else {
      self = .word(try scanner.word())
    }
  }
}

extension JSONValue: CustomStringConvertible {
  /// As JSON on one line.
  package var description: String {
    switch self {
    case .object(let members):
      "{\(members.map { "\(quotedJSON($0.name)): \($0.value)" }.joined(separator: ", "))}"
    case .array(let elements): "[\(elements.map(\.description).joined(separator: ", "))]"
    case .string(let text): quotedJSON(text)
    case .word(let text): text
    }
  }
}
