import Foundation
import ImageGrid
import Selva
import Testing

/// Walks and traversals in time. What an animated PNG holds in detail, ImageGridTests look at.
@Suite struct AnimationTests {
  private static let walk = ["interpolate", "model.safetensors", "--data", "data", "--steps", "4", "-o"]

  /// Frames, and how long each stays, in chunks of their own.
  private func frames(_ place: CommandFolder, _ name: String) throws -> [[UInt8]] {
    let bytes = try place.bytes(name)
    return bytes.indices.filter { bytes[$0] == UInt8(ascii: "f") && bytes[$0...].starts(with: "fcTL".utf8) }
      .map { Array(bytes[$0 + 24..<$0 + 28]) }
  }

  /// 1 / rate seconds.
  private func delay(_ rate: UInt8) -> [UInt8] { [0, 1, 0, rate] }

  @Test func aPathGoesThereAndBack() throws {
    let place = try CommandFolder()
    let result = try Program.run(Self.walk + ["a.apng", "--indices", "3,17,20"], in: place.folder)
    // Two legs of four with one picture in common, 7; back without the two ends, 5. 8 x 6 at 64.
    #expect(result.errors == "wrote a.apng, 388 x 516, 12 frames, from model.safetensors\n")
    #expect(try frames(place, "a.apng") == [[UInt8]](repeating: delay(12), count: 12))
    let start = place.grid(try place.posterior([3]).mean, columns: 1)
    #expect(try place.picture("a.apng").raster == start)
  }

  @Test func aRoundLoopsAndPairsGoSideBySide() throws {
    let place = try CommandFolder()
    try place.run(Self.walk + ["a.png", "--animate", "--indices", "3,17,20", "--closed", "--fps", "30"])
    #expect(try frames(place, "a.png") == [[UInt8]](repeating: delay(30), count: 12))
    try place.run(Self.walk + ["b.apng", "--indices", "3,17,20,24", "--pairs", "--scale", "2"])
    #expect(try frames(place, "b.apng").count == 6)
    let ends = try [3, 20].flatMap { try place.posterior([$0]).mean }
    let first = place.grid(ends, columns: 8, style: GridStyle(scale: 2))
    #expect(try place.picture("b.apng").raster == first)
  }

  @Test func anAnimationHasMorePicturesUnlessAsked() throws {
    let place = try CommandFolder()
    try place.run(Self.walk.filter { !["--steps", "4"].contains($0) } + ["a.apng", "--indices", "3,17"])
    #expect(try frames(place, "a.apng").count == 46)
    try place.run(["traverse", "model.safetensors", "-o", "b.apng"])
    #expect(try frames(place, "b.apng").count == 48)
  }

  @Test func componentsMoveTogether() throws {
    let place = try CommandFolder()
    try place.run([
      "traverse", "model.safetensors", "-o", "a.apng", "--steps", "3", "--range", "2", "--components", "2,0",
    ])
    #expect(try frames(place, "a.apng").count == 4)
    let first = place.grid(
      [0, 0, -2, -2, 0, 0], columns: 2, captions: GridCaptions(cells: ["z2", "z0"], note: "−2σ"))
    #expect(try place.picture("a.apng").raster == first)
    try place.run([
      "traverse", "model.safetensors", "-o", "b.apng", "--steps", "3", "--range", "2", "--components", "2,0",
      "--plain",
    ])
    #expect(try place.picture("b.apng").raster == place.grid([0, 0, -2, -2, 0, 0], columns: 2))
  }

  @Test func saysWhatIsWrong() throws {
    let place = try CommandFolder()
    for (line, text) in [
      (Self.walk + ["a.png", "--indices", "1,2", "--fps", "3"], "--fps goes with --animate"),
      (Self.walk + ["a.gif", "--indices", "1,2", "--animate"], "GIF is not written"),
      (["sample", "model.safetensors", "-o", "a.apng"], "makes one picture"),
      (["sample", "model.safetensors", "-o", "a.jpg"], "JPEG blurs"),
      (["sample", "model.safetensors", "-o", "a.svg"], "made of pixels"),
      (["sample", "model.safetensors", "-o", "a.gif"], "PNG keeps"),
    ] {
      #expect(try place.fail(64, line).contains(text), "\(line)")
    }
  }
}
