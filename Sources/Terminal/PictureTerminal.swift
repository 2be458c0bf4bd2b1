import Files
import ImageGrid

/// Ways to show a picture in a terminal.
public enum PictureProtocol: String, Sendable, CaseIterable {
  /// Graphics of kitty, which Ghostty and others have too.
  case kitty
  /// Inline images of iTerm2, which WezTerm and others have too.
  case iterm
  /// Sixels, of xterm, foot, Windows Terminal and others.
  case sixel
  /// Two pixels in every cell, or shades of text where there are no colours.
  case blocks
}

/// A terminal that shows pictures.
public struct PictureTerminal: Sendable {
  public let way: PictureProtocol
  public let screen: TerminalScreen
  public let colors: TerminalColors
  /// Whether text is dark on a light background.
  public let isLight: Bool

  public init(
    way: PictureProtocol, screen: TerminalScreen, colors: TerminalColors = .all, isLight: Bool = false
  ) {
    (self.way, self.screen, self.colors, self.isLight) = (way, screen, colors, isLight)
  }

  /// The terminal behind standard output.
  ///
  /// - Parameter way: how to show pictures; nil: the best that the terminal is known for, or answers that it can.
  public static func standard(_ way: PictureProtocol?) -> PictureTerminal {
    standard(way, .current, TerminalScreen(descriptor: STDOUT_FILENO)) { TerminalQuestion.ask() }
  }

  static func standard(
    _ way: PictureProtocol?, _ environment: TerminalEnvironment, _ screen: TerminalScreen,
    ask: () -> TerminalAnswer?
  ) -> PictureTerminal {
    let colors = environment.colors
    if let known = way ?? environment.graphics, known != .blocks {
      return PictureTerminal(way: known, screen: screen, colors: colors)
    }
    // tmux says that it has sixels where it was built with them, whatever the terminal behind it has.
    let maySixel = way == nil && !environment.isMultiplexed && Sixel.isAvailable
    let isAsked = environment.answers && (maySixel || colors == .none && environment.isLight == nil)
    let answer = isAsked ? ask() : nil
    return PictureTerminal(
      way: maySixel && answer?.hasSixels == true ? .sixel : .blocks, screen: screen, colors: colors,
      isLight: environment.isLight ?? answer?.isLight ?? false)
  }

  /// What to write for a picture to appear, with the end of its line.
  ///
  /// - Parameter text: what a PNG carries.
  /// - Throws: `PNGError`; `SixelError`.
  public func bytes(_ raster: Raster, text: [(key: String, value: String)] = []) throws -> [UInt8] {
    let name = "the terminal"
    switch way {
    case .kitty:
      return KittyPicture.bytes(png: try PNG.encode(raster, text: text, name: name), raster.width, screen)
    case .iterm:
      return InlinePicture.bytes(png: try PNG.encode(raster, text: text, name: name), raster.width, screen)
    case .sixel: return try Sixel.bytes(raster, screen)
    case .blocks:
      return Array((colors == .none ? Shades.text(raster, screen, isLight: isLight) : blocks(raster)).utf8)
    }
  }

  private func blocks(_ raster: Raster) -> String {
    HalfBlocks.text(raster.fitted(width: screen.columns), hasAllColors: colors == .all)
  }
}

extension Raster {
  /// No wider than `width`, in proportion.
  func fitted(width limit: Int) -> Raster {
    guard width > limit else { return self }
    return resampled(width: limit, height: max(1, (height * limit + width / 2) / width))
  }
}
