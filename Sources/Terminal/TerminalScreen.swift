import Files

/// How much room a terminal has.
public struct TerminalScreen: Sendable, Equatable {
  /// Cells of a line.
  public let columns: Int
  /// Pixels of a line; nil where the terminal does not say.
  public let pixelWidth: Int?

  public init(columns: Int, pixelWidth: Int? = nil) {
    self.columns = columns
    self.pixelWidth = pixelWidth
  }

  /// That of the terminal behind `descriptor`; 80 columns where it does not say.
  public init(descriptor: Int32) {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      self.init(columns: 80)
      return
    }
    self.init(columns: Int(size.ws_col), pixelWidth: size.ws_xpixel > 0 ? Int(size.ws_xpixel) : nil)
  }

  /// A cell of the usual fonts is about so wide.
  private static let usualCellWidth = 8

  /// Pixels of a line, guessed where the terminal does not say.
  var width: Int { pixelWidth ?? columns * TerminalScreen.usualCellWidth }
}
