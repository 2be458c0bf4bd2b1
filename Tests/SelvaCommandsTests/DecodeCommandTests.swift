import Foundation
import ImageGrid
import Selva
import Testing

@Suite struct DecodeCommandTests {
  private static let rows: [Float] = [0, 1, 2, -1, 0.5, 0, 3, -3, 1e-3]
  private static let csv = "z0,label,z1,z2,log_variance0\n0,a,1,2,9\n-1,b,0.5,0,9\n3,c,-3,1e-3,9\n"

  @Test func whatEncodeWritesBecomesTheReconstructions() throws {
    let place = try CommandFolder(test: 70)
    let encoded = try place.run(["encode", "model.safetensors", "--data", "data", "-o", "-"])
    try place.run(["decode", "-", "model.safetensors", "-o", "decoded.png"], input: encoded)
    try place.run([
      "reconstruct", "model.safetensors", "--data", "data", "-o", "rebuilt.png", "--count", "70",
      "--only-reconstructions",
    ])
    let decoded = try place.picture("decoded.png").raster
    #expect(try decoded == place.picture("rebuilt.png").raster)
    // Seventy cells are more than eight rows of eight.
    #expect(try decoded == place.grid(place.posterior(0..<70).mean, columns: 9))
  }

  @Test func readsColumnsByNameAndPassesOverOthers() throws {
    let place = try CommandFolder()
    try place.run(["decode", "-", "model.safetensors", "-o", "a.png"], input: Array(Self.csv.utf8))
    let image = try place.picture("a.png")
    #expect(image.raster == place.grid(Self.rows, columns: 8))
    #expect(image.text("Selva command") == "selva decode - model.safetensors -o a.png")
    try place.run(
      [
        "decode", "-", "model.safetensors", "-o", "b.png", "--columns", "2", "--scale", "3", "--padding", "0",
      ],
      input: Array("0. , 1, 2\r\n-1,0.5,0\r\n3,-3,0.001\r\n".utf8))
    let style = GridStyle(padding: 0, scale: 3)
    #expect(try place.picture("b.png").raster == place.grid(Self.rows, columns: 2, style: style))
  }

  @Test(arguments: ["latents.csv", "latents.npy"]) func readsFiles(file: String) throws {
    let place = try CommandFolder()
    try LatentTable(latent: 3, values: Self.rows).write(to: place.path(file))
    try place.run(["decode", file, "model.safetensors", "-o", "grid.png"])
    #expect(try place.picture("grid.png").raster == place.grid(Self.rows, columns: 8))
  }

  @Test func writesOneFileForEach() throws {
    let place = try CommandFolder()
    try place.run(
      ["decode", "-", "model.safetensors", "--separate", "out/pictures", "--scale", "2"],
      input: Array(Self.csv.utf8))
    let names = try FileManager.default.contentsOfDirectory(atPath: place.path("out/pictures")).sorted()
    #expect(names == ["0000.png", "0001.png", "0002.png"])
    let style = GridStyle(padding: 0, scale: 2)
    for (row, name) in names.enumerated() {
      let expected = place.grid(Array(Self.rows[row * 3..<row * 3 + 3]), columns: 1, style: style)
      #expect(try place.picture("out/pictures/\(name)").raster == expected)
      #expect(expected.width == 12 && expected.height == 16)
    }
  }

  @Test func writesPixels() throws {
    let place = try CommandFolder()
    let latents = Latents.normal(count: 1030, latent: 3, seed: 1)
    try LatentTable(latent: 3, values: latents).write(to: place.path("latents.npy"))
    try place.run(["decode", "latents.npy", "model.safetensors", "-o", "pixels.npy"])
    let pixels = try LatentTable(contentsOf: place.path("pixels.npy"))
    #expect(pixels.count == 1030 && pixels.columns.count == 48)
    #expect(pixels.values == place.model.decode(latents))
  }

  /// What other programs write is decoded as what Selva writes, from a file and through a pipe.
  @Test func readsWhatOthersWrite() throws {
    let place = try CommandFolder()
    let expected = place.grid([0.5, -1, 2, 0.25, 1, 3], columns: 8)
    let pandas = Array(",0,1,2\n0,0.5,-1.0,2.0\n1,0.25,1.0,3.0\n".utf8)
    let quoted = Array("\"0.5\",\"-1\",\"2\"\n\"0.25\",\"1\",\"3\"\n".utf8)
    let named = Array("file,z2,z0,z1\na.png,2,0.5,-1\nb.png,3,0.25,1\n".utf8)
    // float16 in Fortran order, big-endian.
    let header = "{'descr': '>f2', 'fortran_order': True, 'shape': (2, 3), }\n"
    let array =
      [0x93, 78, 85, 77, 80, 89, 1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
      + [0x38, 0, 0x34, 0, 0xBC, 0, 0x3C, 0, 0x40, 0, 0x42, 0]
    for (name, bytes) in [("pandas", pandas), ("quoted", quoted), ("named", named), ("array", array)] {
      try Data(bytes).write(to: URL(fileURLWithPath: place.path(name)))
      try place.run(["decode", name, "model.safetensors", "-o", "file.png"])
      #expect(try place.picture("file.png").raster == expected, "\(name)")
      try place.run(["decode", "-", "model.safetensors", "-o", "pipe.png"], input: bytes)
      #expect(try place.picture("pipe.png").raster == expected, "\(name) on a pipe")
    }
  }

  @Test(arguments: [
    ("0,1,2\n0.5,-1,2\n", "line 1: the first row, 0 to 2, may be names of columns or a vector"),
    ("z0;z1;z2\n0.5;-1;2\n", "line 1: has semicolons between its fields; put commas there"),
    ("z0,z2,label\n0.5,-1,2\n", "line 1: there is a column z2, but none is named z1"),
    ("{\"z0\": 1}", "is a JSON document; give rows of comma-separated values"),
    (
      "PK\u{3}\u{4}" + String(repeating: "\0", count: 22) + "\u{5}\0\0\0z.npy",
      "cannot be unpacked: "
    ),
  ]) func refusesWithAReason(text: String, says: String) throws {
    let place = try CommandFolder()
    let error = try place.fail(
      65, ["decode", "-", "model.safetensors", "-o", "a.png"], input: Array(text.utf8))
    #expect(error.hasPrefix("selva: standard input: \(says)"), "\(error)")
  }

  @Test func saysWhatIsWrong() throws {
    let place = try CommandFolder()
    let start = ["decode", "-", "model.safetensors", "-o", "grid.png"]
    let narrow = try place.fail(65, start, input: Array("z0,z1,label\n1,2,a\n".utf8))
    #expect(narrow.contains("standard input: has latent vectors of 2 components, the model's have 3"))
    #expect(try place.fail(65, start, input: Array("1,2,3\n4,x,6\n".utf8)).contains("line 2, column 2"))
    #expect(try place.fail(65, start, input: Array("1,2,3\n4,5\n".utf8)).contains("line 2"))
    #expect(try place.fail(65, start, input: []).contains("no rows"))
    #expect(
      try place.fail(66, ["decode", "absent.csv", "model.safetensors", "-o", "grid.png"]).contains(
        "absent.csv"))
    #expect(
      try place.fail(
        73, ["decode", "-", "model.safetensors", "-o", "no/grid.png"], input: Array("1,2,3\n".utf8)
      )
      .contains("no/grid.png"))
    #expect(
      try place.fail(
        73, ["decode", "-", "model.safetensors", "--separate", "model.safetensors"],
        input: Array("1,2,3\n".utf8)
      ).contains("model.safetensors: is no folder"))
    try place.fail(64, ["decode", "-", "model.safetensors", "-o", "pixels.csv"])
    try place.fail(64, ["decode", "-", "model.safetensors", "-o", "grid.png", "--columns", "0"])
    try place.fail(64, ["decode", "-o", "grid.png"])
  }

  @Test func hasHelp() throws {
    try CommandFolder().checkHelp(
      "decode", options: ["--output", "--separate", "--columns", "--scale", "--padding", "--background"],
      defaults: ["8", "2", "what suits a screen"])
  }
}
