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
    Console.raw("\r\(ProgressLine.fitted(texts, width: Console.terminalWidth - 1))\u{1B}[K")
  }

  /// Puts a line above, which stays: the first of `texts` that fits.
  mutating func leave(_ texts: [String]) {
    guard isShown else { return }
    clear()
    Console.raw(ProgressLine.fitted(texts, width: Console.terminalWidth - 1) + "\n")
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
}
