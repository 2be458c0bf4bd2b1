import Foundation
import ImageGrid
import Testing

@testable import Terminal

/// Escape sequences are taken apart again.
@Suite struct GraphicsTests {
  /// Its PNG takes more than one sequence of kitty's.
  private static let picture: Raster = {
    var state: UInt32 = 1
    let bytes = (0..<90 * 60 * 3).map { _ -> UInt8 in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(state >> 24)
    }
    return Raster(width: 90, height: 60, channels: 3, bytes: bytes)
  }()
  private static let text = [(key: "Software", value: "Selva")]

  private func output(_ way: PictureProtocol, _ screen: TerminalScreen) throws -> String {
    String(
      decoding: try PictureTerminal(way: way, screen: screen).bytes(Self.picture, text: Self.text),
      as: UTF8.self)
  }

  /// Parts between `start` and `end`, and nothing beside them but the end of the line.
  private func parts(_ text: String, _ start: String, _ end: String) -> [(keys: String, data: String)] {
    #expect(text.hasSuffix("\(end)\n") && text.hasPrefix(start))
    return text.dropLast().components(separatedBy: end).dropLast().map { part in
      #expect(part.hasPrefix(start))
      let halves = part.dropFirst(start.count).split(separator: start == "\u{1B}_G" ? ";" : ":", maxSplits: 1)
      return (String(halves[0]), String(halves[1]))
    }
  }

  @Test func kittyGetsTheFileItself() throws {
    let parts = parts(try output(.kitty, TerminalScreen(columns: 80)), "\u{1B}_G", "\u{1B}\\")
    #expect(parts.count > 2)
    #expect(parts[0].keys == "a=T,f=100,q=2,m=1")
    #expect(parts.dropFirst().dropLast().allSatisfy { $0.keys == "m=1" } && parts.last?.keys == "m=0")
    #expect(
      parts.dropLast().allSatisfy { $0.data.count == 4096 }
        && (1...4096).contains(parts.last?.data.count ?? 0))
    let png = Data(base64Encoded: parts.map(\.data).joined())
    #expect(try png.map { [UInt8]($0) } == PNG.encode(Self.picture, text: Self.text))
  }

  @Test func iTermGetsTheFileItself() throws {
    let parts = parts(try output(.iterm, TerminalScreen(columns: 80)), "\u{1B}]1337;File=", "\u{07}")
    #expect(parts.count == 1)
    let png = try PNG.encode(Self.picture, text: Self.text)
    #expect(parts[0].keys == "inline=1;size=\(png.count);preserveAspectRatio=1")
    #expect(Data(base64Encoded: parts[0].data).map { [UInt8]($0) } == png)
  }

  /// 90 pixels are wider than 11 cells of 8, and than 20 cells of 4.
  @Test(arguments: [
    (TerminalScreen(columns: 11), true), (TerminalScreen(columns: 12), false),
    (TerminalScreen(columns: 20, pixelWidth: 80), true), (TerminalScreen(columns: 5, pixelWidth: 90), false),
  ]) func whatIsTooWideIsMadeToFit(screen: TerminalScreen, isTooWide: Bool) throws {
    #expect(try output(.kitty, screen).contains(",c=\(screen.columns),") == isTooWide)
    #expect(try output(.iterm, screen).contains(";width=\(screen.columns);") == isTooWide)
  }

  @Test(arguments: [(TerminalScreen(columns: 80), "90;60"), (TerminalScreen(columns: 5), "40;27")])
  func sixelsHaveTheSizeThatFits(screen: TerminalScreen, size: String) throws {
    guard Sixel.isAvailable else { return }
    let text = try output(.sixel, screen)
    #expect(text.hasPrefix("\u{1B}P") && text.hasSuffix("\u{1B}\\\n"))
    #expect(text.contains("\"1;1;\(size)"), "\(text.prefix(40))")
  }

  @Test func sixelsAreNoLongerThanXtermShows() throws {
    guard Sixel.isAvailable else { return }
    let high = Raster(width: 10, height: 2000, fill: .white)
    let terminal = PictureTerminal(way: .sixel, screen: TerminalScreen(columns: 80))
    let text = String(decoding: try terminal.bytes(high), as: UTF8.self)
    #expect(text.contains("\"1;1;5;1000"))
    // In hundredths: white is white.
    #expect(text.contains(";2;100;100;100"))
  }
}
