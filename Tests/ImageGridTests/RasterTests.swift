import ImageGrid
import Testing

@Suite struct RasterTests {
  @Test func floatsAreRoundedAndClamped() {
    let floats: [Float] = [
      0, 1, 0.5, -3, 7, .nan, .infinity, -.infinity, 1 / 255, 0.4 / 255, 0.6 / 255, -0.0,
    ]
    let raster = Raster(width: 4, height: 3, floats: floats)
    #expect(raster.pixels == [0, 255, 128, 0, 255, 0, 255, 0, 1, 0, 1, 0])
    #expect(raster.channels == 1)
  }

  @Test func floatsMakeColour() {
    let raster = Raster(width: 1, height: 1, channels: 3, floats: [0, 0.2, 1])
    #expect(raster[0, 0] == Color(red: 0, green: 51, blue: 255))
  }

  @Test func fillAndSubscript() {
    let blue = Color(rgb: 0x0072B2)
    var raster = Raster(width: 3, height: 2, channels: 3, fill: blue)
    #expect(raster.pixels == Array(repeating: [0x00, 0x72, 0xB2], count: 6).flatMap { $0 })
    raster[2, 1] = .white
    #expect(Array(raster.pixels.suffix(3)) == [255, 255, 255])
    raster[0, 1] = Color(rgb: 0x102030)
    #expect(Array(raster.pixels[9..<12]) == [0x10, 0x20, 0x30] && raster[0, 1] == Color(rgb: 0x102030))
    // Rec. 601: 0.587 * 0x72 + 0.114 * 0xB2 = 87.21
    #expect(Raster(width: 1, height: 1, fill: blue).pixels == [87])
  }

  @Test func fillIsCutToTheRaster() {
    var raster = Raster(width: 3, height: 3)
    raster.fill(x: -5, y: 1, width: 7, height: 90, color: .white)
    #expect(raster.pixels == [0, 0, 0, 255, 255, 0, 255, 255, 0])
    raster.fill(x: 5, y: 5, width: 2, height: 2, color: .white)
    raster.fill(x: -5, y: -5, width: 2, height: 2, color: .white)
    #expect(raster.pixels == [0, 0, 0, 255, 255, 0, 255, 255, 0])
  }

  @Test func textIsDrawnPixelByPixel() {
    var raster = Raster(width: 12, height: 9)
    raster.drawText("L.", x: 1, y: 1, color: .white)
    let lit = (0..<9).map { y in
      String((0..<12).map { x in raster[x, y] == .white ? "#" : "." })
    }
    #expect(
      lit == [
        "............", ".#..........", ".#..........", ".#..........", ".#..........", ".#..........",
        ".#.....##...", ".#####.##...", "............",
      ])
    #expect(Raster.textWidth("L.") == 8)
    #expect(Raster.textHeight(scale: 3) == 21)
  }

  @Test func enlargedTextHasItsPixelsEnlarged() {
    var small = Raster(width: 6, height: 9)
    var large = Raster(width: 12, height: 18)
    small.drawText("H", x: 0, y: 0, color: .white)
    large.drawText("H", x: 0, y: 0, color: .white, scale: 2)
    #expect(large == Raster.grid([small], columns: 1, style: GridStyle(padding: 0, scale: 2)))
  }

  @Test func slantedStrokesAreSmoothedOnlyBetweenDiagonalNeighbours() {
    var raster = Raster(width: 12, height: 18)
    raster.drawText("/", x: 0, y: 0, color: .white, scale: 2)
    let halves = raster.pixels.count { $0 > 0 && $0 < 255 }
    // Four steps, two corners each.
    #expect(halves == 8)
  }

  @Test func everyAsciiCharacterHasItsOwnGlyph() {
    var seen: [[UInt8]: Character] = [:]
    // 0 and O look alike, as on a typewriter: a bar in the zero makes columns of numbers restless.
    for code in UInt8(33)...126 where code != UInt8(ascii: "O") {
      let character = Character(Unicode.Scalar(code))
      var raster = Raster(width: 16, height: 9)
      raster.drawText("i\(character)i", x: 0, y: 0, color: .white)
      let twin = seen.updateValue(character, forKey: raster.pixels)
      #expect(twin == nil, "\(character) looks like \(twin.map(String.init) ?? "")")
    }
  }

  @Test func unknownCharactersAreBoxesAndOutsideIsCut() {
    var box = Raster(width: 8, height: 9)
    box.drawText("漢", x: 0, y: 0, color: .white)
    #expect(box.pixels.count { $0 == 255 } == 20)
    var cut = Raster(width: 4, height: 4)
    cut.drawText("漢字", x: -3, y: -3, color: .white)
    #expect(cut.pixels.contains(255))
    #expect(Raster.textWidth("") == 0)
  }
}
