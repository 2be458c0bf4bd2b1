import Foundation
import ImageGrid
import Selva
import Testing

@Suite struct InterpolateCommandTests {
  private static let start = ["interpolate", "model.safetensors", "-o", "walk.png", "--plain"]
  private static let byData = start + ["--data", "data"]

  /// Rows from point to point, both ends in each.
  private func legs(
    _ points: [[Float]], _ ends: [(Int, Int)], steps: Int, _ kind: Interpolation = .linear
  ) -> [Float] {
    ends.flatMap { start, end in
      (0..<steps).flatMap {
        kind.point(from: points[start], to: points[end], at: Double($0) / Double(steps - 1))
      }
    }
  }

  private func means(_ place: CommandFolder, _ indices: [Int]) throws -> [[Float]] {
    try indices.map { try place.posterior([$0]).mean }
  }

  @Test func goesFromImageToImage() throws {
    let place = try CommandFolder()
    try place.run(Self.byData + ["--indices", "3,17", "--save-latents", "walk.csv"])
    let walk = legs(try means(place, [3, 17]), [(0, 1)], steps: 10)
    #expect(try place.picture("walk.png").raster == place.grid(walk, columns: 10))
    #expect(try LatentTable(contentsOf: place.path("walk.csv")) == LatentTable(latent: 3, values: walk))
    // Both ends are the images' own reconstructions.
    #expect(try Array(walk.suffix(3)) == place.posterior([17]).mean)
  }

  @Test func goesThroughSeveralImagesInPairsOrInARound() throws {
    let place = try CommandFolder()
    let points = try means(place, [3, 17, 20, 24])
    let command = Self.byData + ["--indices", "3,17,20,24", "--steps", "4"]
    try place.run(command)
    let path = legs(points, [(0, 1), (1, 2), (2, 3)], steps: 4)
    #expect(try place.picture("walk.png").raster == place.grid(path, columns: 4))
    try place.run(command + ["--pairs"])
    let pairs = legs(points, [(0, 1), (2, 3)], steps: 4)
    #expect(try place.picture("walk.png").raster == place.grid(pairs, columns: 4))
    try place.run(command + ["--closed"])
    let round = Interpolation.linear.path(through: points, stepsPerSegment: 4, closed: true)
    #expect(round.count == 16)
    #expect(try place.picture("walk.png").raster == place.grid(round.values, columns: 4))
  }

  @Test func goesFromLabelToLabel() throws {
    let place = try CommandFolder()
    try place.run(Self.byData + ["--between-labels", "3,8", "--steps", "3"])
    // Labels go round from 0 to 9.
    let first = legs(try means(place, [3, 8]), [(0, 1)], steps: 3)
    #expect(try place.picture("walk.png").raster == place.grid(first, columns: 3))
  }

  @Test func goesFromMeanToMean() throws {
    let place = try CommandFolder()
    try place.run(
      Self.byData + [
        "--between-labels", "3,8", "--label-means", "--steps", "3", "--save-latents", "walk.csv",
      ])
    let table = try LatentTable(contentsOf: place.path("walk.csv"))
    let members = try means(place, [3, 13, 23])
    for i in 0..<3 { #expect(abs(table.row(0)[i] - (members.map { $0[i] }.reduce(0, +) / 3)) < 1e-6) }
    #expect(try place.picture("walk.png").raster == place.grid(table.values, columns: 3))
  }

  @Test func goesAlongGreatCircles() throws {
    let place = try CommandFolder()
    try place.run(Self.byData + ["--indices", "3,17", "--spherical", "--steps", "5"])
    let points = try means(place, [3, 17])
    let circle = legs(points, [(0, 1)], steps: 5, .spherical)
    #expect(circle != legs(points, [(0, 1)], steps: 5))
    #expect(try place.picture("walk.png").raster == place.grid(circle, columns: 5))
  }

  @Test func goesThroughRowsOfAFile() throws {
    let place = try CommandFolder()
    let points: [[Float]] = [[0, 1, 2], [3, -1, 0.5], [1, 1, 1]]
    let table = LatentTable(latent: 3, values: points.flatMap { $0 }, labels: ["a", "b", "c"])
    try table.write(to: place.path("points.csv"))
    try place.run(Self.start + ["--latents", "points.csv", "--rows", "0,2", "--steps", "4"])
    let walk = legs(points, [(0, 2)], steps: 4)
    #expect(try place.picture("walk.png").raster == place.grid(walk, columns: 4))
    try place.run(Self.start + ["--latents", "-", "--steps", "4"], input: place.bytes("points.csv"))
    let path = legs(points, [(0, 1), (1, 2)], steps: 4)
    #expect(try place.picture("walk.png").raster == place.grid(path, columns: 4))
  }

  @Test func saysWhatIsWrong() throws {
    let place = try CommandFolder()
    #expect(try place.fail(65, Self.byData + ["--indices", "0,99"]).contains("has no image 99"))
    #expect(
      try place.fail(65, Self.byData + ["--between-labels", "1,77"])
        .contains("no image has the label 77; its labels are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"))
    let bare = Self.start + ["--data", "data/test-images-idx3-ubyte", "--between-labels", "1,2"]
    #expect(try place.fail(65, bare).contains("no labels"))
    let byRow = Self.start + ["--latents", "-"]
    #expect(
      try place.fail(65, byRow + ["--rows", "0,2"], input: Array("1,2,3\n4,5,6\n".utf8))
        .contains("standard input: has no row 2; its rows are 0 to 1"))
    #expect(try place.fail(65, byRow, input: Array("1,2,3\n".utf8)).contains("1 vector"))
    #expect(
      try place.fail(65, byRow + ["--pairs"], input: Array("1,2,3\n1,2,4\n1,2,5\n".utf8)).contains("pairs"))
    let narrow = try place.fail(65, byRow, input: Array("1,2\n3,4\n".utf8))
    #expect(narrow.contains("of 2 components") && narrow.contains("have 3"))
    #expect(try place.fail(66, Self.start + ["--indices", "1,2"]).contains("--data"))
    for wrong in [
      [], ["--data", "data"], ["--data", "data", "--indices", "1"],
      ["--data", "data", "--indices", "1,2", "--between-labels", "1,2"],
      ["--data", "data", "--indices", "1,2", "--label-means"],
      ["--data", "data", "--indices", "1,2", "--rows", "0"],
      ["--data", "data", "--latents", "a.csv"], ["--data", "data", "--indices", "1,2,3", "--pairs"],
      ["--data", "data", "--indices", "1,2", "--pairs", "--closed"],
      ["--data", "data", "--indices", "1,2", "--steps", "1"],
    ] {
      try place.fail(64, Self.start + wrong)
    }
  }

  @Test func hasHelp() throws {
    try CommandFolder().checkHelp(
      "interpolate",
      options: [
        "--output", "--data", "--indices", "--between-labels", "--label-means", "--latents", "--rows",
        "--steps",
        "--spherical", "--path", "--pairs", "--closed", "--save-latents", "--scale",
      ], defaults: ["10", "--path"])
  }
}
