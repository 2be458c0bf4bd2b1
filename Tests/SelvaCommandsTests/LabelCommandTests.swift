import Compute
import Foundation
import ImageGrid
import Testing

@testable import Selva
@testable import SelvaCommands

/// The commands with a model that has labels.
@Suite struct LabelCommandTests {
  /// The test images' labels are their numbers' last digits.
  private func place(test: Int = 30) throws -> CommandFolder {
    try CommandFolder(test: test, labels: Array(0...9))
  }

  private func run(_ place: CommandFolder, _ line: String, input: [UInt8]? = nil) throws -> [UInt8] {
    try place.run(
      line.split(separator: " ").map { $0 == "MODEL" ? "model.safetensors" : String($0) }, input: input)
  }

  private func fails(_ place: CommandFolder, _ line: String, _ text: String, input: [UInt8]? = nil) throws {
    let error = try place.fail(
      65, line.split(separator: " ").map { $0 == "MODEL" ? "model.safetensors" : String($0) }, input: input)
    #expect(error.contains(text), "\(error)")
  }

  @Test func sampleDrawsARowForEachLabel() throws {
    let place = try place()
    _ = try run(place, "sample MODEL -o all.png --columns 4 --seed 3 --save-latents all.csv")
    let row = Latents.normal(count: 4, latent: 3, seed: 3)
    let latents = (0...9).flatMap { _ in row }
    let labels = (0...9).flatMap { [Int](repeating: $0, count: 4) }
    let all = place.grid(
      latents, labels: labels, columns: 4, captions: GridCaptions(rows: (0...9).map { "\($0)" }))
    #expect(try place.picture("all.png").raster == all)
    #expect(
      try LatentTable(contentsOf: place.path("all.csv"))
        == LatentTable(latent: 3, values: latents, labels: labels.map { "\($0)" }))
    _ = try run(place, "sample MODEL -o some.png --columns 4 --seed 3 --label 7,2")
    let some = place.grid(
      row + row, labels: [7, 7, 7, 7, 2, 2, 2, 2], columns: 4, captions: GridCaptions(rows: ["7", "2"]))
    #expect(try place.picture("some.png").raster == some)
  }

  @Test func sampleDrawsAGridOfOneLabel() throws {
    let place = try place()
    _ = try run(place, "sample MODEL -o grid.png --label 3 --rows 2 --columns 3 --save-latents grid.csv")
    let latents = Latents.normal(count: 6, latent: 3, seed: 0)
    let grid = place.grid(latents, labels: [3, 3, 3, 3, 3, 3], columns: 3)
    #expect(try place.picture("grid.png").raster == grid)
    _ = try run(place, "decode grid.csv MODEL -o again.png --columns 3")
    #expect(try place.picture("again.png").raster == grid)
    _ = try run(place, "sample MODEL -o square.png --label 3")
    let square = Latents.normal(count: 64, latent: 3, seed: 0)
    let threes = [Int](repeating: 3, count: 64)
    #expect(try place.picture("square.png").raster == place.grid(square, labels: threes, columns: 8))
  }

  @Test func sampleSaysWhatIsWrong() throws {
    let place = try place()
    try fails(
      place, "sample MODEL -o a.png --rows 3", "a row for each is drawn; give --rows with one --label")
    try fails(place, "sample MODEL -o a.png --rows 3 --label 1,2", "give --rows with one --label, of 0 to 9")
    try fails(place, "sample MODEL -o a.png --label 3,12", "knows no label 12; its labels are 0 to 9")
  }

  @Test func decodeTakesLabelsFromTheFileOrFromTheOption() throws {
    let place = try place()
    let csv = Array("z0,label,z1,z2\n0,3,1,2\n-1,8.0,0.5,0\n".utf8)
    let latents: [Float] = [0, 1, 2, -1, 0.5, 0]
    _ = try run(place, "decode - MODEL -o own.png", input: csv)
    #expect(try place.picture("own.png").raster == place.grid(latents, labels: [3, 8], columns: 8))
    _ = try run(place, "decode - MODEL -o five.png --label 5", input: csv)
    let five = place.grid(latents, labels: [5, 5], columns: 8)
    #expect(try place.picture("five.png").raster == five)
    try LatentTable(latent: 3, values: latents).write(to: place.path("l.npy"))
    _ = try run(place, "decode l.npy MODEL -o array.png --label 5")
    #expect(try place.picture("array.png").raster == five)
    _ = try run(place, "decode - MODEL -o pixels.npy --separate parts", input: csv)
    let pixels = place.model.decode(latents, labels: [3, 8])
    #expect(try LatentTable(contentsOf: place.path("pixels.npy")).values == pixels)
    let second = place.grid([-1, 0.5, 0], labels: [8], columns: 1, style: GridStyle(padding: 0))
    #expect(try place.picture("parts/0001.png").raster == second)
  }

  /// More than are decoded together, so that the labels of later parts count.
  @Test func decodeTakesLabelsInParts() throws {
    let place = try place()
    let latents = Latents.normal(count: 1030, latent: 3, seed: 1)
    let labels = (0..<1030).map { $0 % 7 }
    try LatentTable(latent: 3, values: latents, labels: labels.map { "\($0)" }).write(to: place.path("l.csv"))
    _ = try run(place, "decode l.csv MODEL -o pixels.npy")
    let pixels = try LatentTable(contentsOf: place.path("pixels.npy")).values
    #expect(pixels == place.model.decode(latents, labels: labels))
  }

  @Test func decodeSaysWhatIsWrong() throws {
    let place = try place()
    let rows = Array("z0,z1,z2\n0,1,2\n".utf8)
    try fails(
      place, "decode - MODEL -o a.png", "standard input: has no labels, which the model needs", input: rows)
    try fails(place, "decode - MODEL -o a.png --label 10", "knows no label 10", input: rows)
    for label in ["10", "three", "3.5", "", "1e300"] {
      let text = "row 1 has the label '\(label)', and the model's labels are 0 to 9"
      let csv = Array("z0,z1,z2,label\n0,1,2,3\n0,1,2,\(label)\n".utf8)
      try fails(place, "decode - MODEL -o a.png", text, input: csv)
    }
    try LatentTable(latent: 3, values: [0, 1, 2]).write(to: place.path("l.npy"))
    try fails(place, "decode l.npy MODEL -o a.png", "l.npy: has no labels, which the model needs")
  }

  @Test func encodeTakesEachImagesOwn() throws {
    let place = try place()
    let output = try run(place, "encode MODEL --data data --indices 3,17")
    let mean = try place.posterior([3, 17]).mean
    #expect(
      try LatentTable(bytes: output, name: "output")
        == LatentTable(latent: 3, values: mean, labels: ["3", "7"]))
    let bare = try run(place, "encode MODEL --data data --indices 3,17 --no-labels")
    #expect(try LatentTable(bytes: bare, name: "output").values == mean)
    // Labels that no column shows are needed all the same.
    try Fixture.labels(in: place.folder, (0..<30).map { UInt8($0 % 10) })
    let images = "data/test-images-idx3-ubyte"
    _ = try run(place, "encode MODEL --data \(images) --labels labels.idx --indices 3,17 -o l.npy")
    #expect(try LatentTable(contentsOf: place.path("l.npy")).values == mean)
    try fails(
      place, "encode MODEL --data \(images)", "\(images): has no labels, which a model with labels needs")
    try Fixture.labels(in: place.folder, (0..<30).map { UInt8($0 % 11) })
    let wrong = "encode MODEL --data data --labels labels.idx"
    try fails(place, wrong, "labels.idx: image 10 has the label 10, and the model knows 0 to 9")
    // Images that nobody asks for may be what they like.
    _ = try run(place, "\(wrong) --limit 9")
  }

  @Test func whatEncodeWritesBecomesTheReconstructions() throws {
    let place = try place()
    let encoded = try run(place, "encode MODEL --data data")
    _ = try run(place, "decode - MODEL -o decoded.png", input: encoded)
    _ = try run(place, "reconstruct MODEL --data data -o rebuilt.png --count 30 --only-reconstructions")
    let mean = try place.posterior(0..<30).mean
    let expected = place.grid(mean, labels: (0..<30).map { $0 % 10 }, columns: 8)
    #expect(try place.picture("decoded.png").raster == expected)
    #expect(try place.picture("rebuilt.png").raster == expected)
  }

  @Test func theSameHandWritesAnotherDigit() throws {
    let place = try place()
    _ = try run(
      place, "reconstruct MODEL --data data -o a.png --indices 4,15 --as-label 7 --only-reconstructions")
    let mean = try place.posterior([4, 15]).mean
    #expect(try place.picture("a.png").raster == place.grid(mean, labels: [7, 7], columns: 8))
    try fails(place, "reconstruct MODEL --data data -o b.png --as-label 11", "knows no label 11")
    let images = "data/test-images-idx3-ubyte"
    try fails(
      place, "reconstruct MODEL --data \(images) -o b.png --as-label 7", "name a file of them with --labels")
  }

  @Test func traverseTakesTheImagesLabelOrTheOptions() throws {
    let place = try place()
    let start = "traverse MODEL -o a.png --steps 3 --components 0-2 --plain"
    let center = try place.posterior([7]).mean
    let lines = Traversal.lines(components: [0, 1, 2], steps: 3, sigmas: 3, center: center).values
    for (option, label) in [("", 7), ("--label 2", 2)] {
      _ = try run(place, "\(start) --data data --index 7 \(option) --save-latents l.csv")
      let labels = [Int](repeating: label, count: 9)
      let expected = place.grid(lines, labels: labels, columns: 3)
      #expect(try place.picture("a.png").raster == expected)
      #expect(try LatentTable(contentsOf: place.path("l.csv")).labels == labels.map { "\($0)" })
    }
    let free = Traversal.lines(components: [0, 1, 2], steps: 3, sigmas: 3, center: [0, 0, 0]).values
    _ = try run(place, "\(start) --label 4")
    let fours = [Int](repeating: 4, count: 9)
    let expected = place.grid(free, labels: fours, columns: 3)
    #expect(try place.picture("a.png").raster == expected)
    try fails(
      place, "traverse MODEL -o b.png", "has labels; say by --label which the pictures shall have, of 0 to 9")
  }

  @Test func manifoldNeedsALabel() throws {
    let place = try place()
    try fails(place, "manifold MODEL --components 0,1 -o b.png", "has labels; say by --label")
    _ = try run(
      place, "manifold MODEL --components 0,1 -o a.png --plain --size 3 --label 4 --save-latents l.csv")
    let plane = Manifold.grid(rows: 3, columns: 3, center: [0, 0, 0], x: 0, y: 1).values
    let labels = [Int](repeating: 4, count: 9)
    #expect(try place.picture("a.png").raster == place.grid(plane, labels: labels, columns: 3))
    #expect(try LatentTable(contentsOf: place.path("l.csv")).labels == labels.map { "\($0)" })
    let principal = "manifold MODEL --principal -o c.png --plain --size 3 --label 4 --data"
    _ = try run(place, "\(principal) data")
    let directions = PrincipalDirections(try place.posterior(0..<30).mean, latent: 3)
    let grid = Manifold.grid(
      rows: 3, columns: 3, center: directions.mean, across: directions.sigma(0), up: directions.sigma(1))
    #expect(try place.picture("c.png").raster == place.grid(grid.values, labels: labels, columns: 3))
    try FileManager.default.removeItem(atPath: place.path("c.png"))
    try fails(place, "\(principal) data/test-images-idx3-ubyte", "name a file of them with --labels")
  }

  @Test func interpolateChangesTheLabelHalfWay() throws {
    let place = try place()
    let start = "interpolate MODEL -o a.png --plain --save-latents l.csv"
    let points = try [3, 18].map { try place.posterior([$0]).mean }
    let walk = (0..<5).flatMap {
      Interpolation.linear.point(from: points[0], to: points[1], at: Double($0) / 4)
    }
    for (option, labels) in [("", [3, 3, 8, 8, 8]), ("--label 6", [6, 6, 6, 6, 6])] {
      _ = try run(place, "\(start) --data data --indices 3,18 --steps 5 \(option)")
      #expect(try place.picture("a.png").raster == place.grid(walk, labels: labels, columns: 5))
      #expect(try LatentTable(contentsOf: place.path("l.csv")).labels == labels.map { "\($0)" })
    }
    _ = try run(place, "\(start) --data data --between-labels 3,8 --closed --steps 3")
    #expect(try LatentTable(contentsOf: place.path("l.csv")).labels == ["3", "3", "8", "8", "8", "3"])
    try place.write("z0,z1,z2,label\n0,1,2,3\n9,9,9,1\n-1,0,2,5\n", "points.csv")
    _ = try run(place, "\(start) --latents points.csv --rows 0,2 --steps 2")
    let ends = place.grid([0, 1, 2, -1, 0, 2], labels: [3, 5], columns: 2)
    #expect(try place.picture("a.png").raster == ends)
    let images = "data/test-images-idx3-ubyte"
    try Fixture.labels(in: place.folder, (0..<30).map { UInt8($0 % 10) })
    _ = try run(place, "\(start) --data \(images) --labels labels.idx --indices 3,18 --steps 5")
    let half = place.grid(walk, labels: [3, 3, 8, 8, 8], columns: 5)
    #expect(try place.picture("a.png").raster == half)
    try fails(place, "interpolate MODEL -o b.png --data \(images) --indices 3,18 --label 4", "with --labels")
  }

  @Test func evaluateAndActivationsNeedLabels() throws {
    let place = try place()
    let images = "data/test-images-idx3-ubyte"
    try Fixture.labels(in: place.folder, (0..<30).map { UInt8($0 % 10) })
    let own = try run(place, "evaluate MODEL --data data --json")
    #expect(try run(place, "evaluate MODEL --data \(images) --labels labels.idx --json") == own)
    try fails(place, "evaluate MODEL --data \(images)", "name a file of them with --labels")
    try Fixture.labels(in: place.folder, (0..<30).map { UInt8(($0 + 1) % 10) })
    #expect(try run(place, "evaluate MODEL --data \(images) --labels labels.idx --json") != own)
    _ = try run(place, "inspect MODEL --activations --data data")
    try fails(
      place, "inspect MODEL --activations --data \(images)", "name a folder that holds them with --data")
  }

  @Test func evaluateClassifies() throws {
    let place = try place()
    let evaluator = Evaluator(place.model, seed: 3)
    let (images, group) = (try place.images(), WorkerGroup(count: 1))
    let standard = evaluator.classify(images, indices: Array(0..<25), group: group)
    let line = "evaluate MODEL --data data --limit 25 --seed 3 --classify"
    let object = try jsonObject(try run(place, "\(line) --json"))
    let found = try JSONSerialization.data(withJSONObject: #require(object["classification"]))
    #expect(try JSONDecoder().decode(Classification.self, from: found) == standard)
    #expect(standard.importanceSamples == 50 && object["nll"] == nil && object["loss"] != nil)
    let text = String(decoding: try run(place, line), as: UTF8.self).split(separator: "\n").suffix(12)
    #expect(text.first == "Each image taken for the label under which it is likeliest, by 50 samples:")
    let share = Format.fixed(100 * standard.accuracy)
    #expect(text.dropFirst().first == "accuracy            \(share) % (\(standard.correct) of 25)")
    let nine = standard.perLabel[9]
    #expect(nine.count == 2)
    #expect(
      text.last == "  label 9           \(Format.fixed(50 * Double(nine.correct))) % (\(nine.correct) of 2)")
    let few = try jsonObject(try run(place, "\(line) --json --importance-samples 2"))
    let classification = try #require(few["classification"] as? [String: Any])
    #expect(classification["importance_samples"] as? Int == 2 && few["nll"] != nil)
    let nobody = String(
      decoding: try run(place, "evaluate MODEL --data data --limit 3 --classify"), as: UTF8.self)
    #expect(nobody.hasSuffix("  label 9           no image\n"))
    #expect(try jsonObject(try run(place, "evaluate MODEL --data data --json"))["classification"] == nil)
  }
}
