import Foundation
import ImageGrid
import Testing

/// A picture's name ends in .png, or is `-` for standard output.
@Suite struct PictureFileTests {
  private static let lines: [(name: String, arguments: [String])] = [
    ("sample", ["sample", "model.safetensors", "--rows", "2"]),
    ("reconstruct", ["reconstruct", "model.safetensors", "--data", "data", "--count", "3"]),
    ("interpolate", ["interpolate", "model.safetensors", "--data", "data", "--indices", "1,2"]),
    ("traverse", ["traverse", "model.safetensors"]),
    ("manifold", ["manifold", "model.safetensors", "--components", "0,1", "--size", "3"]),
    ("decode", ["decode", "latents.csv", "model.safetensors"]),
  ]

  @Test(arguments: lines.map(\.name))
  func goesToStandardOutput(_ name: String) throws {
    let place = try folder()
    let line = try #require(Self.lines.first { $0.name == name }).arguments
    let before = try place.contents()
    let bytes = try place.run(line + ["-o", "-"])
    #expect(try place.contents() == before)
    try place.run(line + ["-o", "picture.PNG"])
    let file = try place.picture("picture.PNG")
    let stream = try PNG.decode(bytes)
    #expect(stream.raster == file.raster)
    #expect(stream.text("Selva model") == "model.safetensors")
  }

  @Test(arguments: lines.map(\.name))
  func otherNamesAreRefused(_ name: String) throws {
    let place = try folder()
    let line = try #require(Self.lines.first { $0.name == name }).arguments
    for wrong in ["picture.jpg", "picture", "data", ""] {
      #expect(try place.fail(64, line + ["-o", wrong]).contains("--output must name a .png"), "\(wrong)")
    }
  }

  @Test func textAndPictureDoNotShareAStream() throws {
    let place = try folder()
    let activations = ["inspect", "model.safetensors", "--activations", "--data", "data", "-o"]
    for (line, option) in [
      (activations, "--output"), (["inspect", "data", "--contact-sheet"], "--contact-sheet"),
    ] {
      for wrong in ["-", "a.jpg"] {
        #expect(try place.fail(64, line + [wrong]).contains("\(option) must name a .png"), "\(wrong)")
      }
    }
    for line in [
      ["data", "binarize", "--data", "data/train-images-idx3-ubyte", "-o", "-"],
      ["decode", "latents.csv", "model.safetensors", "--separate", "-"],
      ["sample", "model.safetensors", "-o", "a.png", "--save-latents", "-"],
    ] {
      #expect(try place.fail(64, line).contains("must name a"), "\(line)")
    }
  }

  #if os(Linux)
    @Test func aTerminalGetsNoPicture() throws {
      let place = try folder()
      let result = try #require(
        try Program.runOnTerminal(["sample", "model.safetensors", "-o", "-"], in: place.folder))
      #expect(result.status == 64)
      #expect(result.output.isEmpty)
      #expect(result.errors.contains("standard output, which is a terminal"), "\(result.errors)")
    }
  #endif

  @Test func aDeviceNeedsNoEnding() throws {
    let place = try folder()
    try place.run(["sample", "model.safetensors", "-o", "/dev/null"])
  }

  private func folder() throws -> CommandFolder {
    let place = try CommandFolder()
    try Data("z0,z1,z2\n0,1,0\n1,0,0\n".utf8).write(to: URL(fileURLWithPath: place.path("latents.csv")))
    return place
  }
}
