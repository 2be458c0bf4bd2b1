import ImageGrid
import Selva
import Testing

@Suite struct ReconstructCommandTests {
  private static let start = ["reconstruct", "model.safetensors", "--data", "data", "-o", "pairs.png"]

  /// Images beside what the library makes of `latents`.
  private func pairs(_ place: CommandFolder, _ indices: [Int], _ latents: [Float], columns: Int) throws
    -> Raster
  {
    let images = try place.images()
    let cells = zip(indices, place.model.pictures(latents)).flatMap { index, picture in
      [place.model.picture(images.image(index)[...]), picture]
    }
    let words = (0..<columns).flatMap { _ in ["input", "output"] }
    return place.grid(cells, columns: 2 * columns, groups: 2, captions: GridCaptions(columns: words))
  }

  @Test func pairsImagesWithReconstructionsAtTheMean() throws {
    let place = try CommandFolder(test: 40)
    try place.run(Self.start)
    let image = try place.picture("pairs.png")
    #expect(
      try image.raster == pairs(place, Array(0..<32), place.posterior(0..<32).mean, columns: 8))
    #expect(image.text("Selva model") == "model.safetensors")
    #expect(image.text("Selva seed") == nil)
  }

  @Test func takesIndicesAndColumns() throws {
    let place = try CommandFolder()
    try place.run(Self.start + ["--indices", "9,3,20-22", "--columns", "2"])
    let chosen = [9, 3, 20, 21, 22]
    #expect(
      try place.picture("pairs.png").raster
        == pairs(place, chosen, place.posterior(chosen).mean, columns: 2))
  }

  @Test func drawsFromThePosteriorBySeed() throws {
    let place = try CommandFolder()
    try place.run(Self.start + ["--indices", "4,2", "--sample", "--seed", "5"])
    let (mean, logVariance) = try place.posterior([4, 2])
    let latents = Latents.posterior(
      mean: mean, logVariance: logVariance, latent: 3, seed: 5, images: [4, 2])
    let image = try place.picture("pairs.png")
    #expect(try image.raster == pairs(place, [4, 2], latents, columns: 8))
    #expect(try image.raster != pairs(place, [4, 2], mean, columns: 8))
    #expect(image.text("Selva seed") == "5")
  }

  @Test func shufflesBySeed() throws {
    let place = try CommandFolder()
    try place.run(Self.start + ["--shuffle", "--count", "10", "--seed", "3"])
    let first = try place.bytes("pairs.png")
    let shuffled = try place.picture("pairs.png").raster
    try place.run(Self.start + ["--shuffle", "--count", "10", "--seed", "3"])
    #expect(try place.bytes("pairs.png") == first)
    try place.run(Self.start + ["--shuffle", "--count", "10", "--seed", "4"])
    #expect(try place.picture("pairs.png").raster != shuffled)
    try place.run(Self.start + ["--count", "10"])
    #expect(try place.picture("pairs.png").raster != shuffled)
  }

  @Test func takesTheTrainingPartAndSingleFiles() throws {
    let place = try CommandFolder()
    try place.run(Self.start + ["--part", "train", "--count", "50"])
    let part = try place.picture("pairs.png").raster
    try place.run([
      "reconstruct", "model.safetensors", "-d", "data/train-images-idx3-ubyte", "-o", "file.png", "--count",
      "50",
    ])
    #expect(try place.picture("file.png").raster == part)
    // Twelve images in rows of eight, at a scale of 19 under a line of captions.
    #expect(part.height == 2 * (19 * 8 + 2) + 2 + 26)
  }

  @Test func leavesTheImagesOutOnRequest() throws {
    let place = try CommandFolder()
    try place.run(Self.start + ["--only-reconstructions", "--count", "11"])
    #expect(
      try place.picture("pairs.png").raster == place.grid(place.posterior(0..<11).mean, columns: 8))
  }

  @Test func saysWhatIsWrong() throws {
    let place = try CommandFolder()
    #expect(
      try place.fail(65, Self.start + ["--indices", "3,30"]).contains(
        "has no image 30; its images are 0 to 29"))
    #expect(
      try place.fail(66, ["reconstruct", "model.safetensors", "--data", "absent.idx", "-o", "pairs.png"])
        .contains("absent.idx"))
    try Fixture.images(in: place.folder, count: 3, height: 6, width: 8, name: "turned.idx")
    #expect(
      try place.fail(65, ["reconstruct", "model.safetensors", "--data", "turned.idx", "-o", "pairs.png"])
        .contains("turned.idx: images are 6 x 8 pixels where 8 x 6 are expected"))
    for wrong in [
      ["--count", "0"], ["--columns", "0"], ["--indices", "3-1"], ["--indices", "a"], ["--indices", "1,,2"],
      ["--indices", "1", "--shuffle"], ["--indices", "0-99999999999"],
    ] {
      try place.fail(64, Self.start + wrong)
    }
    try place.fail(66, ["reconstruct", "model.safetensors", "-o", "pairs.png"])
  }

  @Test func hasHelp() throws {
    try CommandFolder().checkHelp(
      "reconstruct",
      options: [
        "--data", "--part", "--output", "--count", "--shuffle", "--indices", "--columns",
        "--sample",
        "--seed", "--only-reconstructions", "--scale", "--padding", "--background",
      ], defaults: ["32", "8", "0"])
  }
}
