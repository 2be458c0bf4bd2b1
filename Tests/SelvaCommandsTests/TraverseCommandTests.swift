import ImageGrid
import Selva
import Testing

@Suite struct TraverseCommandTests {
  private static func captions(_ rows: [String], _ columns: [String]) -> GridCaptions {
    GridCaptions(rows: rows, columns: columns)
  }

  private static let start = ["traverse", "model.safetensors", "-o", "components.png"]

  @Test func variesEveryComponentAroundThePriorsMean() throws {
    let place = try CommandFolder()
    try place.run(Self.start + ["--save-latents", "lines.csv"])
    let table = try LatentTable(contentsOf: place.path("lines.csv"))
    #expect(table.count == 27)
    #expect(table.row(0) == [-3, 0, 0] && table.row(8) == [3, 0, 0] && table.row(13) == [0, 0, 0])
    #expect(table.row(26) == [0, 0, 3])
    #expect(
      try place.picture("components.png").raster
        == place.grid(
          table.values, columns: 9,
          captions: Self.captions(
            ["z0", "z1", "z2"],
            ["−3σ", "−2.25σ", "−1.5σ", "−0.75σ", "0", "+0.75σ", "+1.5σ", "+2.25σ", "+3σ"])))
  }

  @Test func takesComponentsRangeAndSteps() throws {
    let place = try CommandFolder()
    try place.run(Self.start + ["--components", "2,0", "--range", "2", "--steps", "3"])
    let lines: [Float] = [0, 0, -2, 0, 0, 0, 0, 0, 2, -2, 0, 0, 0, 0, 0, 2, 0, 0]
    #expect(
      try place.picture("components.png").raster
        == place.grid(
          lines, columns: 3, captions: Self.captions(["z2", "z0"], ["−2σ", "0", "+2σ"])))
  }

  @Test func startsFromAnImage() throws {
    let place = try CommandFolder()
    try place.run(
      Self.start + ["--data", "data", "--index", "7", "--steps", "3", "--components", "0-2", "--plain"])
    let lines = Traversal.lines(
      components: [0, 1, 2], steps: 3, sigmas: 3, center: try place.posterior([7]).mean)
    #expect(
      try place.picture("components.png").raster
        == place.grid(lines.values, columns: 3))
  }

  @Test func saysWhatIsWrong() throws {
    let place = try CommandFolder()
    #expect(try place.fail(65, Self.start + ["--components", "3"]).contains("has no latent component 3"))
    #expect(try place.fail(65, Self.start + ["--data", "data", "--index", "30"]).contains("has no image 30"))
    #expect(try place.fail(66, Self.start + ["--index", "1"]).contains("--data"))
    for wrong in [
      ["--range", "0"], ["--range", "nan"], ["--steps", "0"], ["--labels", "labels.idx"],
      ["--data", "data", "--index", "-1"],
    ] {
      try place.fail(64, Self.start + wrong)
    }
  }

  @Test func hasHelp() throws {
    try CommandFolder().checkHelp(
      "traverse",
      options: [
        "--output", "--components", "--range", "--steps", "--data", "--index", "--save-latents", "--scale",
      ],
      defaults: ["3", "9", "0"])
  }
}
