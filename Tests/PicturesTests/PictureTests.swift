import Foundation
import ImageGrid
import Testing

@testable import Pictures

@Suite struct PictureTests {
  @Test(arguments: JPEGFixtures.all) func jpegAsPillowReadsIt(_ picture: JPEGFixtures.Picture) throws {
    let bytes = try #require(Data(base64Encoded: picture.base64)).map { $0 }
    let raster = try bytes.withUnsafeBytes { try PictureDecoder.decode($0, name: "a") }
    #expect(raster.width == picture.width && raster.height == picture.height)
    #expect(raster.channels == picture.corners.count / 4)
    let ends = [(0, 0), (raster.width - 1, 0), (0, raster.height - 1), (raster.width - 1, raster.height - 1)]
    let corners = ends.flatMap { x, y in
      let start = (y * raster.width + x) * raster.channels
      return raster.pixels[start..<start + raster.channels].map { Int($0) }
    }
    let difference = zip(corners, picture.corners).map { abs($0 - $1) }.max() ?? 255
    #expect(difference <= 2, "\(corners)")
  }

  @Test(arguments: [20, 200, 300]) func aJPEGThatIsCutIsRefused(_ kept: Int) throws {
    let bytes = try #require(Data(base64Encoded: JPEGFixtures.all[1].base64)).prefix(kept).map { $0 }
    let fault = #expect(throws: PictureError.self) {
      try bytes.withUnsafeBytes { try PictureDecoder.decode($0, name: "cut.jpg") }
    }
    #expect(fault?.description.hasPrefix("cut.jpg: damaged (") == true)
  }

  @Test func othersAreNamed() {
    let gif = Array("GIF89a, and so on".utf8)
    let fault = #expect(throws: PictureError.self) {
      try gif.withUnsafeBytes { try PictureDecoder.decode($0, name: "a.gif") }
    }
    #expect(fault?.description == "a.gif: is a GIF picture, no PNG or JPEG picture; convert it to PNG")
  }

  /// Grey and alpha, by hand: an opaque pixel, half of one, and none.
  @Test func transparentPixelsShowTheBackground() throws {
    let png: [UInt8] = try #require(
      Data(
        base64Encoded:
          "iVBORw0KGgoAAAANSUhEUgAAAAMAAAABCAQAAACx6dw/AAAAD0lEQVR4nGM48f9Egy8DAA7sA12vYjNmAAAAAElFTkSuQmCC"
      )
    ).map { $0 }
    func read(_ background: Color) throws -> Raster {
      try png.withUnsafeBytes { try PictureDecoder.decode($0, name: "a", background: background) }
    }
    let black = try read(.black)
    #expect(black.channels == 1 && black.pixels == [200, 100, 0])
    #expect(try read(.white).pixels[2] == 255)
    let red = try read(Color(red: 255, green: 0, blue: 0))
    #expect(red.channels == 3 && Array(red.pixels[6...]) == [255, 0, 0])
  }

  @Test func orientations() {
    let raster = Raster(width: 3, height: 2, bytes: [1, 2, 3, 4, 5, 6])
    let turned = (1...8).map { raster.turned($0).pixels }
    #expect(
      turned == [
        [1, 2, 3, 4, 5, 6], [3, 2, 1, 6, 5, 4], [6, 5, 4, 3, 2, 1], [4, 5, 6, 1, 2, 3], [1, 4, 2, 5, 3, 6],
        [4, 1, 5, 2, 6, 3], [6, 3, 5, 2, 4, 1], [3, 6, 2, 5, 1, 4],
      ])
    #expect(raster.turned(6).width == 2 && raster.turned(4).width == 3)
  }

  @Test func exifIsReadInEitherOrder() {
    let little: [UInt8] = [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]
    let big: [UInt8] = [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0]
    #expect(little.withUnsafeBytes { EXIF.orientation($0) } == 6)
    #expect(big.withUnsafeBytes { EXIF.orientation($0) } == 8)
    #expect(little.dropLast(5).withUnsafeBytes { EXIF.orientation($0) } == 1)
    #expect([UInt8]().withUnsafeBytes { EXIF.orientation($0) } == 1)
  }

  @Test func greyAndColour() {
    let colours = Raster(width: 2, height: 1, channels: 3, bytes: [255, 0, 0, 0, 0, 255])
    #expect(colours.hasColour && colours.grey().pixels == [76, 29])
    #expect(!Raster(width: 1, height: 1, channels: 3, bytes: [9, 9, 9]).hasColour)
    #expect(colours.inverted().pixels == [0, 255, 255, 255, 255, 0])
  }
}

@Suite struct ScalingTests {
  private let ramp = Raster(width: 4, height: 2, bytes: [0, 40, 80, 120, 20, 60, 100, 140])

  private func scaled(_ width: Int, _ height: Int, _ fit: PictureFit) -> Raster {
    Scaling.scaled(ramp, width: width, height: height, fit: fit, background: .white)
  }

  @Test func areasAreAveraged() {
    #expect(scaled(2, 1, .stretch).pixels == [30, 110])
    // Thirds of 4: pixels count by how much of them lies within.
    #expect(scaled(3, 2, .stretch).pixels == [10, 60, 110, 30, 80, 130])
  }

  @Test func betweenPixelsItIsLinear() {
    #expect(scaled(8, 2, .stretch).pixels.prefix(8) == [0, 10, 30, 50, 70, 90, 110, 120])
  }

  @Test func cropTakesTheMiddle() {
    #expect(scaled(2, 2, .crop).pixels == [40, 80, 60, 100])
    #expect(scaled(4, 1, .crop).pixels.count == 4)
    #expect(scaled(1, 2, .crop).pixels == [40, 60])
  }

  @Test func padKeepsAll() {
    #expect(
      scaled(4, 4, .pad).pixels == [UInt8](repeating: 255, count: 4) + ramp.pixels + [255, 255, 255, 255])
    #expect(scaled(4, 2, .pad) == ramp)
  }
}
