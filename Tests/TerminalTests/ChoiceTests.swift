import Testing

@testable import Terminal

/// Which terminal is taken for what.
@Suite struct ChoiceTests {
  private static let screen = TerminalScreen(columns: 80)

  private func terminal(
    _ environment: [String: String], _ way: PictureProtocol? = nil, answer: String? = nil
  ) -> (terminal: PictureTerminal, isAsked: Bool) {
    var isAsked = false
    let terminal = PictureTerminal.standard(way, TerminalEnvironment(environment), Self.screen) {
      isAsked = true
      return answer.flatMap { TerminalAnswer(Array($0.utf8)) }
    }
    return (terminal, isAsked)
  }

  @Test(arguments: [
    (["TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"], PictureProtocol.kitty),
    (["TERM": "xterm-ghostty"], .kitty),
    (["TERM": "xterm-256color", "TERM_PROGRAM": "ghostty"], .kitty),
    (["TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"], .kitty),
    (["TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"], .iterm),
    (["TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"], .iterm),
    (["TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"], .iterm),
    // Started from kitty.
    (["TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm", "KITTY_WINDOW_ID": "1"], .iterm),
    (["TERM": "xterm-256color", "TERM_PROGRAM": "vscode", "KITTY_WINDOW_ID": "1"], .blocks),
    (["TERM": "xterm-kitty", "TMUX": "/tmp/tmux-0/default,1,0"], .blocks),
    (["TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"], .blocks),
    (["TERM": "screen", "TERM_PROGRAM": "iTerm.app"], .blocks),
    (["TERM": "xterm-kitty", "ZELLIJ": "0"], .blocks), (["TERM": "xterm-256color"], .blocks),
    (["TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"], .blocks), ([:], .blocks),
  ]) func byItsName(environment: [String: String], way: PictureProtocol) {
    #expect(terminal(environment).terminal.way == way)
  }

  @Test(arguments: PictureProtocol.allCases) func whoNamesAWayGetsIt(way: PictureProtocol) {
    for environment in [["TERM": "xterm-kitty"], ["TERM": "xterm"], ["TERM": "tmux"]] {
      let (terminal, isAsked) = terminal(environment, way)
      #expect(terminal.way == way && !isAsked)
    }
  }

  @Test func sixelsByTheAnswer() {
    guard Sixel.isAvailable else { return }
    #expect(terminal(["TERM": "xterm"], answer: "\u{1B}[?62;4;22c").terminal.way == .sixel)
    #expect(terminal(["TERM": "xterm"], answer: "\u{1B}[?4;22c").terminal.way == .blocks)
    #expect(terminal(["TERM": "xterm"], answer: "\u{1B}[?62;14;44c").terminal.way == .blocks)
    let tmux = terminal(["TERM": "tmux", "TMUX": "a"], answer: "\u{1B}[?1;2;4c")
    #expect(tmux.terminal.way == .blocks && !tmux.isAsked)
    #expect(!terminal(["TERM": "dumb"], answer: "\u{1B}[?62;4c").isAsked)
    #expect(!terminal(["TERM": "xterm-kitty"], answer: "\u{1B}[?62;4c").isAsked)
  }

  @Test(arguments: [
    (["TERM": "xterm", "COLORTERM": "truecolor"], TerminalColors.all),
    (["TERM": "xterm", "COLORTERM": "24bit"], .all),
    (["TERM": "xterm-kitty"], .all), (["TERM": "xterm-direct"], .all), (["TERM": "xterm-256color"], .palette),
    (["TERM": "screen"], .palette), (["TERM": "xterm", "COLORTERM": "1"], .palette),
    (["TERM": "dumb"], .none),
    (["TERM": "vt100"], .none), ([:], .none), (["TERM": "xterm", "NO_COLOR": ""], .palette),
    (["TERM": "xterm", "COLORTERM": "truecolor", "NO_COLOR": "1"], .none),
  ]) func colours(environment: [String: String], colors: TerminalColors) {
    #expect(TerminalEnvironment(environment).colors == colors)
  }

  @Test(arguments: [
    ("15;0", nil, false), ("0;15", nil, true), ("0;default;7", nil, true), ("7;8", nil, false),
    (nil, nil, false),
    (nil, "ffff/ffff/ffff", true), (nil, "0000/0000/0000", false), (nil, "fd/f6/e3", true),
    (nil, "00/2b/36", false),
    ("15;0", "ffff/ffff/ffff", false),
  ]) func inkIsDarkOnLight(variable: String?, answer: String?, isLight: Bool) {
    var environment = ["TERM": "xterm", "NO_COLOR": "1", "TMUX": "a"]
    environment["COLORFGBG"] = variable
    let text = (answer.map { "\u{1B}]11;rgb:\($0)\u{07}" } ?? "") + "\u{1B}[?1;2c"
    let (terminal, isAsked) = terminal(environment, answer: text)
    #expect(terminal.isLight == isLight && isAsked == (variable == nil))
  }

  @Test func anAnswerIsReadWhenItIsWhole() {
    #expect(TerminalAnswer(Array("\u{1B}]11;rgb:ffff/ffff/ffff\u{07}".utf8)) == nil)
    #expect(TerminalAnswer(Array("\u{1B}[?62;4".utf8)) == nil)
    #expect(TerminalAnswer(Array("ls\u{1B}[?62;4c".utf8))?.hasSixels == true)
  }
}
