import ImageGrid
import Selva
import Testing

@Suite struct ManifoldCommandTests {
  private static let start = ["manifold", "model.safetensors", "-o", "plane.png", "--plain"]

  @Test func showsATwoDimensionalSpaceWithoutAWord() throws {
    let place = try CommandFolder(latent: 2)
    try place.run(Self.start)
    let plane = Manifold.grid(rows: 20, columns: 20, center: [0, 0], x: 0, y: 1)
    #expect(try place.picture("plane.png").raster == place.grid(plane.values, columns: 20))
  }

  @Test func saysWhichComponentsItChose() throws {
    let place = try CommandFolder()
    let (status, _, errors) = try Program.run(Self.start + ["--size", "4"], in: place.folder)
    #expect(status == 0)
    #expect(errors.contains("3 dimensions") && errors.contains("components 0 and 1"))
    #expect(errors.filter(\.isNewline).count == 2, "and what was written")
    let plane = Manifold.grid(rows: 4, columns: 4, center: [0, 0, 0], x: 0, y: 1)
    #expect(try place.picture("plane.png").raster == place.grid(plane.values, columns: 4))
  }

  @Test func takesComponents() throws {
    let place = try CommandFolder()
    try place.run(Self.start + ["--size", "3", "--components", "2,0", "--save-latents", "plane.csv"])
    let table = try LatentTable(contentsOf: place.path("plane.csv"))
    // Component 2 grows to the right, component 0 upwards, by the quantiles of 1/6, 1/2 and 5/6.
    let quantile: Float = 0.967421566
    #expect(abs(table.row(0)[2] + quantile) < 1e-6 && abs(table.row(0)[0] - quantile) < 1e-6)
    #expect(abs(table.row(8)[2] - quantile) < 1e-6 && abs(table.row(8)[0] + quantile) < 1e-6)
    #expect(table.row(4) == [0, 0, 0])
    #expect(try place.picture("plane.png").raster == place.grid(table.values, columns: 3))
  }

  @Test func takesPrincipalDirections() throws {
    let place = try CommandFolder()
    try place.run(Self.start + ["--size", "5", "--principal", "--data", "data"])
    let directions = PrincipalDirections(try place.posterior(0..<30).mean, latent: 3)
    let plane = Manifold.grid(
      rows: 5, columns: 5, center: directions.mean, across: directions.sigma(0), up: directions.sigma(1))
    #expect(try place.picture("plane.png").raster == place.grid(plane.values, columns: 5))
  }

  @Test func saysWhatIsWrong() throws {
    let place = try CommandFolder()
    #expect(
      try place.fail(65, Self.start + ["--components", "0,3"])
        .contains("has no latent component 3; its components are 0 to 2"))
    for wrong in [
      ["--components", "1"], ["--components", "1,1"], ["--components", "0,1,2"], ["--size", "0"],
      ["--data", "data"], ["--principal", "--data", "data", "--components", "0,1"],
    ] {
      try place.fail(64, Self.start + wrong)
    }
    #expect(try place.fail(66, Self.start + ["--principal"]).contains("--data"))
    let line = try CommandFolder(latent: 1)
    #expect(try line.fail(65, Self.start).contains("1 latent component"))
  }

  @Test func hasHelp() throws {
    try CommandFolder().checkHelp(
      "manifold",
      options: ["--output", "--size", "--components", "--principal", "--data", "--save-latents", "--scale"],
      defaults: ["20", "0,1"])
  }
}
