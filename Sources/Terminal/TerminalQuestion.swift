import Files

/// What a terminal answers when it is asked what it can do.
struct TerminalAnswer: Equatable {
  var hasSixels = false
  /// Whether its background is light; nil where it does not say.
  var isLight: Bool?

  /// Reads the answers to a question about the background (`OSC 11`) and to that about the terminal's kind (primary
  /// device attributes), as far as they have come.
  ///
  /// - Returns: nil until the second is whole, which comes last.
  init?(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let attributes = text.firstMatch(of: /\u{1B}\[\?([0-9;]*)c/) else { return nil }
    // 4 are sixel graphics (DEC's VT340).
    hasSixels = attributes.1.split(separator: ";").dropFirst().contains("4")
    guard
      let color = text.firstMatch(of: /\u{1B}\]11;rgba?:([0-9a-fA-F]+)\/([0-9a-fA-F]+)\/([0-9a-fA-F]+)/)
    else { return }
    let parts = [color.1, color.2, color.3].map { part in
      Double(UInt64(part.prefix(4), radix: 16) ?? 0) / Double(1 << (4 * min(part.count, 4)) - 1)
    }
    isLight = 0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2] > 0.5
  }
}

enum TerminalQuestion {
  /// An answer that takes longer will not come.
  private static let patience: Int32 = 250
  private static let question = "\u{1B}]11;?\u{1B}\\\u{1B}[c"

  /// Asks the terminal on `output`, which answers on `input`. What a person types meanwhile is lost.
  ///
  /// - Returns: nil where there is no terminal on both, where this process may not read from it, or where none answers.
  static func ask(input: Int32 = STDIN_FILENO, output: Int32 = STDOUT_FILENO) -> TerminalAnswer? {
    guard isatty(input) != 0, isatty(output) != 0, tcgetpgrp(input) == getpgrp() else { return nil }
    var saved = termios()
    guard tcgetattr(input, &saved) == 0 else { return nil }
    // A signal would leave the terminal as it is made here.
    var (blocked, before) = (sigset_t(), sigset_t())
    sigemptyset(&blocked)
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGQUIT] { sigaddset(&blocked, signal) }
    pthread_sigmask(SIG_BLOCK, &blocked, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    // Letter by letter, and not shown.
    var raw = saved
    raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
    withUnsafeMutableBytes(of: &raw.c_cc) { ($0[Int(VMIN)], $0[Int(VTIME)]) = (0, 0) }
    guard tcsetattr(input, TCSANOW, &raw) == 0 else { return nil }
    defer { tcsetattr(input, TCSANOW, &saved) }
    let bytes = Array(question.utf8)
    guard write(output, bytes, bytes.count) == bytes.count else { return nil }
    return answer(input)
  }

  private static func answer(_ input: Int32) -> TerminalAnswer? {
    let end = milliseconds() + Int64(patience)
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 256)
    while true {
      var wait = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
      let left = Int32(max(0, end - milliseconds()))
      guard poll(&wait, 1, left) > 0 else { return nil }
      let count = read(input, &part, part.count)
      guard count > 0 else { return nil }
      bytes += part[..<count]
      if let answer = TerminalAnswer(bytes) { return answer }
    }
  }

  private static func milliseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
  }
}
