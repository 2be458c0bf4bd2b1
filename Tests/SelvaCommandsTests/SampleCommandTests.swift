import Foundation
import ImageGrid
import Selva
import Testing

@Suite struct SampleCommandTests {
  @Test func writesTheGridThatTheLibraryMakes() throws {
    let place = try CommandFolder()
    try place.run(["sample", "model.safetensors", "-o", "grid.png"])
    let image = try place.picture("grid.png")
    #expect(image.raster == place.grid(Latents.normal(count: 64, latent: 3, seed: 0), columns: 8))
    #expect(image.text("Software") == "Selva \(Version.current)")
    #expect(image.text("Selva command") == "selva sample model.safetensors -o grid.png")
    #expect(image.text("Selva model") == "model.safetensors")
    #expect(image.text("Selva seed") == "0")
  }

  @Test func takesRowsColumnsSeedTemperatureAndLayout() throws {
    let place = try CommandFolder()
    try place.run([
      "sample", "model.safetensors", "-o", "grid.png", "--rows", "2", "--columns", "3", "--seed", "7",
      "--temperature", "0.5", "--scale", "2", "--padding", "1", "--background", "255",
    ])
    let latents = Latents.normal(count: 6, latent: 3, seed: 7, temperature: 0.5)
    let style = GridStyle(padding: 1, background: 255, scale: 2)
    #expect(try place.picture("grid.png").raster == place.grid(latents, columns: 3, style: style))
  }

  @Test func theSeedDecidesEverything() throws {
    let place = try CommandFolder()
    let command = ["sample", "model.safetensors", "-o", "grid.png", "--rows", "2", "--columns", "2"]
    try place.run(command)
    let first = try place.bytes("grid.png")
    try place.run(command)
    #expect(try place.bytes("grid.png") == first)
    let pixels = try place.picture("grid.png").raster
    try place.run(command + ["--seed", "1"])
    #expect(try place.picture("grid.png").raster != pixels)
  }

  @Test(arguments: ["latents.csv", "latents.npy"]) func savesTheVectors(file: String) throws {
    let place = try CommandFolder()
    try place.run([
      "sample", "model.safetensors", "-o", "grid.png", "--rows", "1", "--columns", "5", "--save-latents",
      file,
    ])
    let table = try LatentTable(contentsOf: place.path(file))
    #expect(table == LatentTable(latent: 3, values: Latents.normal(count: 5, latent: 3, seed: 0)))
  }

  @Test func takesTheNewestRunWhenNoModelIsNamed() throws {
    let place = try CommandFolder()
    // Of equals, the later name.
    for run in ["001", "002"] {
      try FileManager.default.createDirectory(
        atPath: place.path("runs/\(run)"), withIntermediateDirectories: true)
    }
    try FileManager.default.copyItem(
      atPath: place.path("model.safetensors"), toPath: place.path("runs/001/model.safetensors"))
    try FileManager.default.moveItem(
      atPath: place.path("model.safetensors"), toPath: place.path("runs/002/model.safetensors"))
    for run in ["001", "002"] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: 1e9)],
        ofItemAtPath: place.path("runs/\(run)/model.safetensors"))
    }
    try place.run(["sample", "-o", "newest.png"])
    #expect(try place.picture("newest.png").text("Selva model") == "runs/002/model.safetensors")
    try place.run(["sample", "runs/001", "-o", "named.png"])
    #expect(try place.picture("named.png").text("Selva model") == "runs/001/model.safetensors")
    #expect(try place.picture("named.png").raster == place.picture("newest.png").raster)
  }

  @Test func saysWhatIsWrong() throws {
    let place = try CommandFolder()
    #expect(try place.fail(66, ["sample", "absent", "-o", "grid.png"]).contains("absent: is not there"))
    #expect(try place.fail(66, ["sample", "-o", "grid.png"]).contains("selva train"))
    #expect(try place.fail(73, ["sample", "model.safetensors", "-o", "no/grid.png"]).contains("no/grid.png"))
    let large = ["sample", "model.safetensors", "-o", "grid.png", "--rows", "9999", "--columns", "9999"]
    #expect(try place.fail(65, large).contains("too many"))
    for wrong in [
      ["-o", "grid.png", "--rows", "0"], ["-o", "grid.png", "--columns", "-1"],
      ["-o", "grid.png", "--temperature", "-1"], ["-o", "grid.png", "--temperature", "nan"],
      ["-o", "grid.png", "--scale", "0"], ["-o", "grid.png", "--padding", "-1"],
      ["-o", "grid.png", "--background", "256"], ["-o", "grid.png", "--save-latents", "latents.txt"],
    ] {
      try place.fail(64, ["sample", "model.safetensors"] + wrong)
    }
  }

  @Test func hasHelp() throws {
    try CommandFolder().checkHelp(
      "sample",
      options: [
        "--output", "--rows", "--columns", "--seed", "--temperature", "--scale", "--padding", "--background",
        "--save-latents",
      ], defaults: ["8", "0", "2", "1"])
  }
}
