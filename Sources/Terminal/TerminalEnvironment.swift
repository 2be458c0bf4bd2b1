import Files

/// What the environment of a process says of its terminal.
public struct TerminalEnvironment: Sendable {
  private let values: [String: String]

  public init(_ values: [String: String]) { self.values = values }

  /// That of this process.
  public static var current: TerminalEnvironment {
    let names = [
      "TERM", "TERM_PROGRAM", "LC_TERMINAL", "KITTY_WINDOW_ID", "COLORTERM", "COLORFGBG", "NO_COLOR", "TMUX",
      "STY",
      "ZELLIJ",
    ]
    let pairs = names.compactMap { name in getenv(name).map { (name, String(cString: $0)) } }
    return TerminalEnvironment(Dictionary(uniqueKeysWithValues: pairs))
  }

  private func value(_ name: String) -> String { values[name] ?? "" }

  private var term: String { value("TERM") }

  /// Whether a program stands between this one and the terminal. What it inherited tells of the terminal in which it was
  /// started, and of pictures it lets few through or none.
  public var isMultiplexed: Bool {
    ["TMUX", "STY", "ZELLIJ"].contains { !value($0).isEmpty } || term.hasPrefix("tmux")
      || term.hasPrefix("screen")
  }

  /// The protocol for pictures that the terminal is known for; nil where it is known for none.
  public var graphics: PictureProtocol? {
    guard !isMultiplexed else { return nil }
    if term == "xterm-kitty" || term == "xterm-ghostty" { return .kitty }
    switch value("TERM_PROGRAM") {
    case "ghostty": return .kitty
    case "iTerm.app", "WezTerm", "mintty": return .iterm
    // Another terminal that was started from kitty has its variable too, and says its own name.
    case "" where !value("KITTY_WINDOW_ID").isEmpty: return .kitty
    default: return value("LC_TERMINAL") == "iTerm2" ? .iterm : nil
    }
  }

  /// Whether it makes sense to ask the terminal what it can do.
  var answers: Bool { term != "" && term != "dumb" }

  /// Colours of text, as many as COLORTERM and TERM tell of; none where NO_COLOR is set (no-color.org).
  public var colors: TerminalColors {
    guard value("NO_COLOR").isEmpty, answers, !term.hasPrefix("vt") else { return .none }
    if ["truecolor", "24bit"].contains(value("COLORTERM")) || term.hasSuffix("-direct") { return .all }
    let known = ["xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm"]
    return known.contains(term) ? .all : .palette
  }

  /// Whether text is dark on a light background, where COLORFGBG says so: its last number is the background's.
  var isLight: Bool? {
    guard let last = value("COLORFGBG").split(separator: ";").last, let color = Int(last) else { return nil }
    return color == 7 || (9...15).contains(color)
  }
}

/// Colours that text may have.
public enum TerminalColors: Sendable, Equatable {
  /// 24 bits.
  case all
  /// The 256 of xterm.
  case palette
  case none
}
