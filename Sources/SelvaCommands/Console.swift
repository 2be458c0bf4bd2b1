import Files

/// Standard streams. Results go to standard output, everything else to standard error, so that pipes stay clean.
enum Console {
  /// One line to standard error; on a terminal too narrow for it, several, broken between words. Whatever control
  /// characters a file's name brings along, none of them reaches the terminal. Of several processes the first speaks for
  /// all, but where `isForced`.
  static func message(_ text: String, isForced: Bool = false) {
    guard Launch.speaks || isForced else { return }
    let text = shown(text, most: .max)
    let lines = isTerminal ? wrapped(text, width: terminalWidth) : [text]
    write(lines.joined(separator: "\n") + "\n", to: STDERR_FILENO)
  }

  /// Lines of at most `width` columns where words allow that, all but the first indented.
  static func wrapped(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      if !line.isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = "  \(word)"
      } else {
        line += line.isEmpty ? String(word) : " \(word)"
      }
    }
    return lines + [line]
  }

  /// Columns; asked for every time, since a window may change.
  static var terminalWidth: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Text to standard error as it is, without a line's end.
  static func raw(_ text: String) { write(text, to: STDERR_FILENO) }

  /// One line of result to standard output.
  /// - Throws: `FileError` when standard output does not take it (a full disk; a closed pipe ends the process).
  static func result(_ text: String) throws { try output(Array("\(text)\n".utf8)) }

  /// Bytes of a result to standard output.
  /// - Throws: as `result` does, and `FileError` when a mapped file was cut short, since the result is then wrong.
  static func output(_ bytes: [UInt8]) throws {
    guard Launch.speaks else { return }
    try MappedFile.checkNoneIsCut()
    if bytes.withUnsafeBytes({ write($0, to: STDOUT_FILENO) }) { return }
    let code = errno
    if code == EPIPE { endByClosedPipe() }
    throw FileError(
      .inputOutput, path: "standard output", reason: "cannot be written: \(String(cString: strerror(code)))")
  }

  /// As programs end that leave SIGPIPE alone: nobody reads any more, which is no fault.
  private static func endByClosedPipe() -> Never {
    signal(SIGPIPE, SIG_DFL)
    raise(SIGPIPE)
    endProcess(128 + SIGPIPE)
  }

  /// What is taken from standard input at most: a pipe may have no end.
  private static let longestInput = 1 << 32

  /// All of standard input.
  /// - Throws: `FileError` when it cannot be read or has no end.
  static func input() throws -> [UInt8] {
    var all: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(STDIN_FILENO, &part, part.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else {
        throw FileError(
          .inputOutput, path: "standard input", reason: "cannot be read: \(String(cString: strerror(errno)))")
      }
      if count == 0 { return all }
      guard all.count + count <= longestInput else {
        throw FileError(
          .badData, path: "standard input", reason: "has more than 4 GiB; write it into a file and name that")
      }
      all.append(contentsOf: part[..<count])
    }
  }

  /// Whether standard error is a terminal, where a line may be drawn over.
  static var isTerminal: Bool { Launch.speaks && isatty(STDERR_FILENO) != 0 }

  @discardableResult
  private static func write(_ text: String, to descriptor: Int32) -> Bool {
    Array(text.utf8).withUnsafeBytes { write($0, to: descriptor) }
  }

  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      #if canImport(Darwin)
        let count = Darwin.write(descriptor, part.baseAddress, part.count)
      #else
        let count = Glibc.write(descriptor, part.baseAddress, part.count)
      #endif
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

/// Ends the process; by another name than the method that every parsable command brings along.
func endProcess(_ status: Int32) -> Never { exit(status) }

/// Numbers as people read them.
enum Format {
  /// `value` with `digits` after the point; 3.26e16 where it is so large that nobody would count its digits.
  static func fixed(_ value: Double, _ digits: Int = 2) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    guard abs(value) < 1e9 else { return scientific(value) }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    let sign = value < 0 && scaled > 0 ? "-" : ""
    let whole = (scaled / scale).rounded(.down)
    guard digits > 0 else { return "\(sign)\(Int(whole))" }
    let fraction = String(Int(scaled - whole * scale))
    return "\(sign)\(Int(whole)).\(String(repeating: "0", count: max(0, digits - fraction.count)))\(fraction)"
  }

  /// Two digits after the point, and the power of ten.
  private static func scientific(_ value: Double) -> String {
    var exponent = Int(log10(abs(value)).rounded(.down))
    var text = fixed(value / pow(10, Double(exponent)))
    if text.hasSuffix("10.00") {
      exponent += 1
      text = value < 0 ? "-1.00" : "1.00"
    }
    return "\(text)e\(exponent)"
  }

  /// 1 thread, 2 threads.
  static func threads(_ count: Int) -> String { "\(count) \(count == 1 ? "thread" : "threads")" }

  /// 1 vector, 2 vectors.
  static func vectors(_ count: Int) -> String { "\(grouped(count)) \(count == 1 ? "vector" : "vectors")" }

  /// 12345678 as 12,345,678; what is no number, or beyond counting, as `fixed` says it.
  static func grouped(_ value: Double) -> String {
    abs(value) < 1e15 ? grouped(Int(value)) : fixed(value, 0)
  }

  /// 12345678 as 12,345,678.
  static func grouped(_ value: Int) -> String {
    var digits = Array(String(abs(value)))
    var position = digits.count - 3
    while position > 0 {
      digits.insert(",", at: position)
      position -= 3
    }
    return (value < 0 ? "-" : "") + String(digits)
  }

  /// Seconds as 45 s, 3:05 or 1:02:03.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    let whole = Int(seconds.rounded())
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60):\(two(whole % 60))" }
    return "\(whole / 3600):\(two(whole / 60 % 60)):\(two(whole % 60))"
  }
}
