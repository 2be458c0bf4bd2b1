import Files

/// One line of a terminal that is drawn over again and again. Draws nothing where standard error is no terminal.
struct ProgressLine {
  private let isShown: Bool
  private var isDrawn = false

  init(isShown: Bool = true) { self.isShown = isShown && Console.isTerminal }

  /// Draws the first of `texts`, the fullest first, that fits the terminal's width.
  mutating func draw(_ texts: [String]) {
    guard isShown else { return }
    isDrawn = true
    // One column stays free: a cursor beyond the last one would move to the next line.
    Console.raw("\r\(ProgressLine.fitted(texts, width: ProgressLine.terminalWidth - 1))\u{1B}[K")
  }

  /// Leaves the line empty, for a message or for the shell's prompt.
  mutating func clear() {
    guard isDrawn else { return }
    isDrawn = false
    Console.raw("\r\u{1B}[K")
  }

  static func fitted(_ texts: [String], width: Int) -> String {
    texts.first { $0.count <= width } ?? String((texts.last ?? "").prefix(max(0, width)))
  }

  /// Columns; asked for every time, since a window may change.
  private static var terminalWidth: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}
