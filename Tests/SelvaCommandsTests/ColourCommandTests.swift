import Foundation
import IDX
import ImageGrid
import Testing

@testable import Selva

/// The commands on images of red, green and blue.
@Suite struct ColourCommandTests {
  /// `colour.safetensors` and `grey.safetensors` of 8 x 6 pixels, 12 images `last.idx` and `first.idx`, and `grey.idx`.
  private struct Place {
    let folder: String
    let images: ImageSet

    init(likelihood: Likelihood = .discretizedLogistic, prior: Prior = .normal) throws {
      folder = try Program.temporaryFolder()
      for (name, layout) in [("last.idx", ImageLayout.channelsLast), ("first.idx", .channelsFirst)] {
        try Fixture.colours(in: folder, count: 12, height: 8, width: 6, layout: layout, name: name)
      }
      try Fixture.images(in: folder, count: 12, height: 8, width: 6, name: "grey.idx")
      try Fixture.model(
        in: folder, name: "colour.safetensors", channels: 3, prior: prior, likelihood: likelihood)
      try Fixture.model(in: folder, name: "grey.safetensors")
      images = try ImageSet(imagesPath: "\(folder)/last.idx")
    }

    @discardableResult
    func run(_ line: String) throws -> String {
      let result = try Program.run(line.split(separator: " ").map(String.init), in: folder)
      #expect(result.status == 0, "\(line): \(result.errors)")
      return String(decoding: result.output, as: UTF8.self)
    }

    func picture(_ name: String) throws -> Raster { try PNG.read("\(folder)/\(name)").raster }

    /// The pixels of image `index` as they should be in a picture.
    func raster(_ index: Int) -> Raster {
      Raster(width: 6, height: 8, channels: 3, floats: images.image(index))
    }
  }

  /// The cell at a place of a grid without padding.
  private func cell(_ grid: Raster, column: Int, row: Int) -> Raster {
    var pixels: [UInt8] = []
    for y in row * 8..<(row + 1) * 8 {
      let start = (y * grid.width + column * 6) * 3
      pixels += grid.pixels[start..<start + 18]
    }
    return Raster(width: 6, height: 8, channels: 3, bytes: pixels)
  }

  @Test func everyPictureIsInColour() throws {
    let place = try Place(prior: .vamp(components: 4))
    let lines = [
      "sample colour.safetensors -o", "manifold colour.safetensors --size 3 --components 0,1 -o",
      "traverse colour.safetensors -o", "reconstruct colour.safetensors --data first.idx -o",
      "interpolate colour.safetensors --data last.idx --indices 0,5 -o",
      "scatter colour.safetensors --data last.idx --images -o",
      "evaluate colour.safetensors --data last.idx --worst 3 -o",
      "inspect colour.safetensors --pseudo-inputs", "inspect first.idx --contact-sheet",
    ]
    for (number, line) in lines.enumerated() {
      try place.run("\(line) \(number).png")
      #expect(try place.picture("\(number).png").channels == 3, "\(line)")
    }
  }

  /// To the last bit, from a file of either order.
  @Test(arguments: ["first.idx", "last.idx"]) func imagesAreShownAsTheyAre(_ file: String) throws {
    let place = try Place()
    try place.run("inspect \(file) --contact-sheet sheet.png")
    let sheet = try place.picture("sheet.png")
    let expected = Raster.grid(
      (0..<12).map { place.raster($0) }, columns: 10,
      style: GridStyle().fitted(cells: 12, columns: 10, width: 6, height: 8))
    #expect(sheet.width == expected.width && sheet.pixels == expected.pixels)
    let options = "--count 4 --columns 1 --padding 0 --scale 1 --plain"
    try place.run("reconstruct colour.safetensors --data \(file) \(options) -o pairs.png")
    let pairs = try place.picture("pairs.png")
    for row in 0..<4 {
      let isSame = cell(pairs, column: 0, row: row) == place.raster(row)
      #expect(isSame, "image \(row)")
    }
  }

  @Test func decodingGivesPicturesAndPixels() throws {
    let place = try Place()
    try place.run("encode colour.safetensors --data last.idx -o l.npy")
    try place.run("decode l.npy colour.safetensors -o pixels.npy --separate pictures")
    let model = try VAE(contentsOf: "\(place.folder)/colour.safetensors")
    let latents = model.encode((0..<12).flatMap { place.images.image($0) }).mean
    let pixels = try LatentTable(contentsOf: "\(place.folder)/pixels.npy")
    #expect(pixels.count == 12 && pixels.columns.count == 144)
    let isSame = zip(pixels.values, model.decode(latents)).allSatisfy { abs($0 - $1) < 1e-6 }
    #expect(isSame)
    for index in [0, 11] {
      let found = try place.picture("pictures/00\(index < 10 ? "0" : "")\(index).png")
      let expected = model.picture(pixels.values[index * 144..<(index + 1) * 144])
      #expect(found.pixels == expected.pixels && found.channels == 3)
    }
  }

  /// A file of either order is the same set: the same model comes of it, to the bit.
  @Test func trainingDoesNotAskWhereChannelsAre() throws {
    let place = try Place()
    let options =
      "-e 2 --network dense --likelihood discretized-logistic --hidden 8 -z 2 -b 5 --threads 1 --seed 4 --sample-every 1"
    let text = try Program.run(
      ["train", "--data", "last.idx", "-o", "a"] + options.split(separator: " ").map(String.init),
      in: place.folder)
    #expect(text.errors.contains("(8 x 6 x 3)") && text.errors.contains("layers 144-8-2-8-144"))
    try place.run("train --data first.idx --layout channels-first -o b -q \(options)")
    let (a, b) = try (
      VAE(contentsOf: "\(place.folder)/a/model.safetensors"),
      VAE(contentsOf: "\(place.folder)/b/model.safetensors")
    )
    #expect(a.parameters == b.parameters)
    #expect(a.settings.shape == place.images.shape && a.settings.likelihood == .discretizedLogistic)
    for name in ["samples.png", "reconstructions.png", "samples/epoch-001.png"] {
      #expect(try place.picture("a/\(name)").channels == 3, "\(name)")
    }
    let data = try #require(try jsonObject(bytes("\(place.folder)/b/config.json"))["data"] as? [String: Any])
    #expect(data["layout"] as? String == "channels-first")
    try place.run("train --resume b -e 3 -q")
    #expect(try MetricsLog(contentsOf: "\(place.folder)/b/metrics.csv").rows.count == 3)
  }

  /// Without the layout, which the run remembers, the file could not be read.
  @Test func aResumedRunRemembersWhereChannelsAre() throws {
    let place = try Place()
    try Fixture.colours(
      in: place.folder, count: 12, height: 6, width: 3, layout: .channelsFirst, name: "either.idx")
    try place.run(
      "train --data either.idx --test-data either.idx --layout channels-first -o run -e 1 -q --hidden 8 -z 2 -b 5 --threads 1"
    )
    #expect(try VAE(contentsOf: "\(place.folder)/run/model.safetensors").settings.shape.sizes == [6, 3, 3])
    try place.run("train --resume run -e 2 -q")
  }

  @Test func evaluationSaysWhatItsBitsAre() throws {
    for (likelihood, words) in [
      (Likelihood.discretizedLogistic, "of 256 levels"), (.bernoulli, "of values that are 0 or 1"),
      (.gaussianLearned, "of 256 levels (the density's and 8)"),
    ] {
      let place = try Place(likelihood: likelihood)
      let text = try place.run(
        "evaluate colour.safetensors --data first.idx")
      let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("bits per dimension") })
      #expect(line.hasSuffix(", \(words)"), "\(line)")
      let report = try place.run(
        "evaluate colour.safetensors --data last.idx --json")
      let json = try jsonObject(Array(report.utf8))
      let (loss, bits) = (
        try #require(json["loss"] as? Double), try #require(json["bits_per_dimension"] as? Double)
      )
      let eight = likelihood == .gaussianLearned ? 8.0 : 0
      #expect(abs(bits - loss / (144 * log(2)) - eight) < 1e-9)
    }
  }

  @Test func inspectionSaysTheChannels() throws {
    let place = try Place()
    for (file, words) in [
      ("first.idx", "12 x 3 x 8 x 6 images of uint8, 3 channels first"),
      ("last.idx", "12 x 8 x 6 x 3 images of uint8, 3 channels last"),
    ] {
      let text = try place.run("inspect \(file)")
      #expect(text.hasPrefix("\(file): \(words)\n"), "\(text)")
    }
    let json = try place.run("inspect first.idx --json")
    #expect(json.contains("\"channels\":3") && json.contains("\"layout\":\"channels-first\""))
    let model = try place.run("inspect colour.safetensors")
    #expect(model.hasPrefix("colour.safetensors: a model of 8 x 6 x 3 images\n"))
    #expect(model.contains("  channels              3\n") && model.contains("  decoder.log_scale"))
  }

  @Test func binarizedImagesKeepTheirShape() throws {
    let place = try Place()
    try place.run("data binarize --data first.idx -o b.idx --threshold")
    let set = try ImageSet(imagesPath: "\(place.folder)/b.idx")
    #expect(set.shape == place.images.shape && set.count == 12)
    #expect(set.image(7) == place.images.image(7).map { $0 > 0.5 ? 1 : 0 })
  }

  @Test(
    arguments: [
      "evaluate", "encode", "reconstruct -o a.png", "traverse -o a.png", "manifold --principal -o a.png",
      "interpolate --indices 1,2 -o a.png", "inspect --activations", "train -o run --start-from",
    ]) func greyAndColourDoNotMix(_ command: String) throws
  {
    let place = try Place()
    for (model, data, words) in [
      ("grey", "last.idx", "in colour (8 x 6 x 3) where grey ones (8 x 6)"),
      ("colour", "grey.idx", "grey (8 x 6) where ones in colour (8 x 6 x 3)"),
    ] {
      let line = "\(command) \(model).safetensors --data \(data)"
      try Misuse(line, 65, "\(data): images are \(words) are expected; give ").check(in: place.folder)
    }
  }

  @Test(arguments: [
    Misuse("train --data last.idx --test-data grey.idx", 65, "grey.idx: images are grey (8 x 6)"),
    Misuse("train --data last.idx --layout channels-first", 65, "give the other --layout"),
    Misuse("train --data grey.idx --layout channels-first", 65, "leave out --layout channels-first"),
    Misuse("train --data last.idx --layout sideways", 64, "sideways"),
    Misuse("train --resume none --layout channels-last", 64, "name all of it, with --data"),
    Misuse("bench --layout channels-last", 64, "--layout goes with --data"),
    Misuse("traverse grey.safetensors -o a.png --layout channels-last", 64, "--layout goes with --data"),
    Misuse("evaluate colour.safetensors --layout channels-last", 64, "--layout goes with --data"),
    Misuse("inspect colour.safetensors --layout channels-last", 65, "--layout goes with IDX images"),
    Misuse("inspect grey.idx --layout channels-last", 65, "leave out --layout channels-last"),
    Misuse(
      "evaluate colour.safetensors --data last.idx --layout channels-first", 65, "the second must be"),
    Misuse("train --data last.idx --sigma 0.2 --likelihood continuous-bernoulli", 64, "--sigma goes with"),
  ])
  func refuses(_ misuse: Misuse) throws { try misuse.check(in: Place().folder) }

  @Test func theLogisticBeginsWithSigma() throws {
    let place = try Place()
    let line = "train --data last.idx -e 1 -q --hidden none -z 1 --threads 1"
    try place.run("\(line) --likelihood discretized-logistic --learning-rate 1e-9 --sigma 0.3 -o run")
    let model = try VAE(contentsOf: "\(place.folder)/run/model.safetensors")
    let scale = try #require(model.parameters.first { $0.name == "decoder.log_scale" })
    #expect(scale.values.count == 3)
    #expect(scale.values.allSatisfy { abs(exp($0) - 0.3 * Float(3).squareRoot() / .pi) < 1e-5 })
  }
}
