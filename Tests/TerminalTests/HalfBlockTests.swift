import ImageGrid
import Testing

@testable import Terminal

@Suite struct HalfBlockTests {
  private static let colours = Raster(
    width: 2, height: 3, channels: 3,
    bytes: [255, 0, 0, 255, 0, 0] + [0, 0, 255, 0, 255, 0] + [10, 20, 30, 255, 255, 255])

  /// Made by hand: two rows, then the last without a lower half, over the terminal's own background.
  @Test func aTinyPicture() {
    let expected =
      "\u{1B}[38;2;255;0;0;48;2;0;0;255m▀\u{1B}[48;2;0;255;0m▀\u{1B}[0m\n"
      + "\u{1B}[38;2;10;20;30m▀\u{1B}[38;2;255;255;255m▀\u{1B}[0m\n"
    #expect(HalfBlocks.text(Self.colours, hasAllColors: true) == expected)
  }

  @Test func theSameIn256Colours() {
    let expected =
      "\u{1B}[38;5;196;48;5;21m▀\u{1B}[48;5;46m▀\u{1B}[0m\n\u{1B}[38;5;233m▀\u{1B}[38;5;231m▀\u{1B}[0m\n"
    #expect(HalfBlocks.text(Self.colours, hasAllColors: false) == expected)
  }

  /// Each of the 240 is nearest to itself, and none is nearer to any colour than that which is taken.
  @Test func theNearestOf256IsTaken() {
    let levels = [0, 95, 135, 175, 215, 255]
    var all: [(Int, Int, Int)] = []
    for red in levels { for green in levels { for blue in levels { all.append((red, green, blue)) } } }
    for step in 0..<24 { all.append((8 + 10 * step, 8 + 10 * step, 8 + 10 * step)) }
    func distance(_ a: (Int, Int, Int), _ b: (Int, Int, Int)) -> Int {
      (a.0 - b.0) * (a.0 - b.0) + (a.1 - b.1) * (a.1 - b.1) + (a.2 - b.2) * (a.2 - b.2)
    }
    var wrong: [Int] = []
    let tried =
      all
      + stride(from: 0, to: 256, by: 15).flatMap { red in
        stride(from: 0, to: 256, by: 17).flatMap { green in
          stride(from: 0, to: 256, by: 23).map { (red, green, $0) }
        }
      } + (0..<256).map { ($0, $0, $0) }
    for (place, color) in tried.enumerated() {
      let taken = Palette256.nearest(
        to: Color(red: UInt8(color.0), green: UInt8(color.1), blue: UInt8(color.2)))
      guard (16..<256).contains(taken) else { return #expect(Bool(false), "colour \(taken)") }
      let least = all.map { distance($0, color) }.min() ?? 0
      if distance(all[taken - 16], color) != least { wrong.append(place) }
    }
    #expect(wrong == [])
  }

  @Test func shadesAreMadeOfInk() {
    let grey = Raster(width: 3, height: 4, bytes: [0, 128, 255, 0, 128, 255] + [255, 255, 255, 0, 0, 0])
    let screen = TerminalScreen(columns: 80)
    #expect(Shades.text(grey, screen, isLight: false) == " +@\n+++\n")
    #expect(Shades.text(grey, screen, isLight: true) == "@= \n===\n")
  }

  @Test(arguments: [(4, 3, 2), (8, 3, 2), (1, 1, 1), (2, 2, 1)])
  func noPictureIsWiderThanTheScreen(columns: Int, width: Int, lines: Int) throws {
    let terminal = PictureTerminal(way: .blocks, screen: TerminalScreen(columns: columns))
    let small = Raster(width: 3, height: 3, bytes: [UInt8](0..<9))
    let text = String(decoding: try terminal.bytes(small), as: UTF8.self)
    let rows = text.split(separator: "\n")
    #expect(rows.count == lines && rows.allSatisfy { row in row.count { $0 == "▀" } == width })
  }

  /// Means over areas, by hand: columns of 2 pixels.
  @Test func smallerPicturesAreMeans() throws {
    let wide = Raster(
      width: 4, height: 4, bytes: [0, 100, 200, 100, 100, 200, 0, 100, 8, 8, 4, 4, 8, 8, 4, 4])
    let terminal = PictureTerminal(way: .blocks, screen: TerminalScreen(columns: 2))
    #expect(
      String(decoding: try terminal.bytes(wide), as: UTF8.self)
        == "\u{1B}[38;2;100;100;100;48;2;8;8;8m▀\u{1B}[48;2;4;4;4m▀\u{1B}[0m\n")
  }
}
