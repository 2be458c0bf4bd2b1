import Compute
import Foundation
import IDX
import Testing

@testable import Networks
@testable import Selva

@Suite struct ColourModelTests {
  private static let spread: [Likelihood] = [.gaussianLearned, .discretizedLogistic]

  private func settings(_ likelihood: Likelihood = .bernoulli, channels: Int = 3, hidden: [Int] = [5])
    -> ModelSettings
  {
    ModelSettings(
      height: 4, width: 2, channels: channels, hidden: hidden, latent: 2, likelihood: likelihood, sigma: 0.2)
  }

  private func model(_ settings: ModelSettings, _ images: ImageSet) -> VAE {
    let store = ParameterStore(ModelLayout(settings).parameters, elementType: .float32, keepsAverage: false)
    let statistics = DataStatistics(images)
    store.initialize(settings, statistics: statistics, seed: 5)
    return VAE(
      settings: settings, inputMean: statistics.inputMean,
      inputStandardDeviation: statistics.inputStandardDeviation,
      values: UnsafeBufferPointer(ParameterStore.floats(store.weights)))
  }

  @Test func valuesAreThoseOfAllChannels() {
    #expect(settings().pixelCount == 24 && settings(channels: 1).pixelCount == 8)
    #expect(settings().shape == ImageShape(height: 4, width: 2, channels: 3))
    #expect(ModelSettings(height: .max / 2, width: 2, channels: 3).pixelCount == .max)
    #expect(ModelSettings(height: 4096, width: 4096).fault == nil)
    #expect(
      ModelSettings(height: 4096, width: 4096, channels: 3).fault
        == "images of 4096 x 4096 x 3 pixels (1 to 16777216 in all)")
    for channels in [-3, 0, 2, 4] {
      #expect(settings(channels: channels).fault == "images of \(channels) channels (1 or 3)")
    }
  }

  /// One spread for each channel, and where it begins.
  @Test(arguments: spread, [1, 3]) func spreadsAreThoseOfTheChannels(
    _ likelihood: Likelihood, _ channels: Int
  )
    throws
  {
    let settings = settings(likelihood, channels: channels)
    let model = model(settings, noiseImages(9, height: 4, width: 2, channels: channels))
    let name = likelihood == .gaussianLearned ? "decoder.log_variance" : "decoder.log_scale"
    let parameter = try #require(model.parameters.first { $0.name == name })
    #expect(parameter.shape == [channels])
    // Variance of a logistic: π²s²/3.
    let variance =
      likelihood == .gaussianLearned
      ? parameter.values.map { exp(Double($0)) }
      : parameter.values.map { exp(2 * Double($0)) * Double.pi * Double.pi / 3 }
    #expect(variance.allSatisfy { abs($0 - 0.04) < 1e-7 })
    let others = Likelihood.allCases.filter { !Self.spread.contains($0) }.map {
      ModelLayout(self.settings($0, channels: channels)).spread
    }
    #expect(others.allSatisfy { $0 == nil })
  }

  /// Older programs refuse what they would misread, and nothing else.
  @Test func theFormatIsNewWhereItMustBe() throws {
    for (settings, format) in [
      (settings(), 3), (settings(.discretizedLogistic, channels: 1), 3), (settings(channels: 1), 1),
      (settings(.gaussianLearned, channels: 1), 1), (settings(.gaussian), 3),
    ] {
      let text = SettingsJSON.encode(settings)
      #expect(text.contains("\"format\":\(format)"))
      #expect(text.contains("channels") == (format == 3))
      #expect(try SettingsJSON.decode(ModelSettings.self, from: text, path: "x", part: "x") == settings)
    }
    var both = settings()
    (both.prior, both.labels) = (.vamp(components: 2), [1, 4])
    let text = SettingsJSON.encode(both)
    #expect(try SettingsJSON.decode(ModelSettings.self, from: text, path: "x", part: "x") == both)
  }

  @Test(arguments: spread) func aFileKeepsWhatAModelIs(_ likelihood: Likelihood) throws {
    let images = noiseImages(9, height: 4, width: 2, channels: 3)
    let model = model(settings(likelihood), images)
    let path = "\(try temporaryFolder())/model.safetensors"
    try model.write(to: path)
    let read = try VAE(contentsOf: path)
    #expect(read.settings == model.settings && read.parameters == model.parameters)
    #expect(read.encode(images.image(3)).mean == model.encode(images.image(3)).mean)
  }

  @Test func twoChannelsAreNoModel() throws {
    let path = "\(try temporaryFolder())/model.safetensors"
    try model(settings(), noiseImages(9, height: 4, width: 2, channels: 3)).write(to: path)
    try ModelFixture.change(path, "selva", "channels", to: "2")
    let fault = #expect(throws: ModelFileError.self) { try VAE(contentsOf: path) }
    #expect(fault?.reason == "describes images of 2 channels (1 or 3)")
  }

  /// Red, green and blue of a pixel lie together, in the model as in a picture.
  @Test func picturesAreInColour() {
    let model = model(settings(.gaussian, hidden: []), noiseImages(9, height: 4, width: 2, channels: 3))
    let pixels = (0..<24).map { Float($0) / 255 }
    let picture = model.picture(pixels[...])
    #expect(picture.channels == 3 && picture.width == 2 && picture.height == 4)
    #expect(picture.pixels == (0..<24).map { UInt8($0) })
    #expect(picture[1, 2].red == 15 && picture[1, 2].green == 16 && picture[1, 2].blue == 17)
    let decoded = model.pictures([0.5, -1])[0]
    #expect(decoded.channels == 3)
    #expect(decoded.pixels == model.decode([0.5, -1]).map { UInt8($0 * 255 + 0.5) })
  }

  /// The mean image at first: the output's bias, and no sigmoid of it.
  @Test(arguments: [Likelihood.gaussian, .gaussianLearned, .discretizedLogistic])
  func meansAreShownAsTheyAre(_ likelihood: Likelihood) {
    let images = noiseImages(9, height: 4, width: 2, channels: 3)
    let found = model(settings(likelihood, hidden: []), images).decode([0, 0])
    #expect(found == DataStatistics(images).pixelMeans)
  }

  /// Nothing is known of x but that it lies in [0, 1]: a density of 1, and 8 bits for one of 256 levels.
  @Test func bitsOfADensityAreThoseOfALevel() {
    let images = noiseImages(5, height: 4, width: 2, channels: 3)
    func bits(_ likelihood: Likelihood) -> (bits: Double, fromNats: Double, evaluation: Evaluation) {
      let store = ParameterStore(
        ModelLayout(settings(likelihood, hidden: [])).parameters, elementType: .float32, keepsAverage: false)
      let flat = VAE(
        settings: settings(likelihood, hidden: []), inputMean: [Float](repeating: 0, count: 24),
        inputStandardDeviation: [Float](repeating: 1, count: 24),
        values: UnsafeBufferPointer(ParameterStore.floats(store.weights)))
      let found = Evaluator(flat).evaluate(images, group: WorkerGroup(count: 1))
      return (found.bitsPerDimension, found.loss / (24 * log(2)), found)
    }
    let continuous = bits(.continuousBernoulli)
    #expect(abs(continuous.evaluation.loss) < 1e-5 && abs(continuous.bits - 8) < 1e-6)
    for likelihood in [Likelihood.gaussian, .gaussianLearned] {
      let found = bits(likelihood)
      #expect(abs(found.bits - found.fromNats - 8) < 1e-12)
    }
    for likelihood in [Likelihood.bernoulli, .discretizedLogistic] {
      let found = bits(likelihood)
      #expect(found.bits == found.fromNats)
    }
    #expect(abs(bits(.bernoulli).bits - 1) < 1e-6)
  }

  /// A logistic and a normal of the same deviation, smooth at the width of a level: as many bits, but for the shape.
  @Test func bitsOfLevelsAndOfADensityAreOfOneKind() {
    var nats = [0.0, 0]
    for level in 0...255 {
      let x = Float(level) / 255
      for (place, likelihood) in [Likelihood.discretizedLogistic, .gaussianLearned].enumerated() {
        var unused = ChannelDoubles()
        let spread = settings(likelihood).initialSpread
        let loss = likelihood.negativeLogLikelihood(
          [0.5], [x], count: 1, channels: 1, spread: ChannelFloats(repeating: spread), spreadGradient: &unused
        )
        nats[place] += exp(-loss) * (likelihood == .gaussianLearned ? 1.0 / 255 : 1)
      }
    }
    #expect(abs(nats[0] - 1) < 1e-4)
    // The density's mass between the middles of the first and the last level: 2.5 deviations to each side.
    #expect(abs(nats[1] - 0.98758) < 1e-3)
  }

  /// In the grid, and packed: a value more for each channel.
  @Test func picturesInColourTakeTheirMemory() {
    func bytes(_ model: ModelSettings) -> Double {
      MemoryNeed.picture(10, of: model, cellPixels: 8, advice: "").bytes
    }
    let grey = ModelSettings(height: 4, width: 6, hidden: [5], latent: 2)
    #expect(bytes(settings()) - bytes(grey) == 10 * 2 * 8 * 2)
  }

  @Test func greyAndColourDoNotMix() throws {
    let (grey, colour) = (
      noiseImages(4, height: 4, width: 2), noiseImages(4, height: 4, width: 2, channels: 3)
    )
    let found = #expect(throws: TrainingError.self) { try settings(channels: 1).checkSize(of: colour) }
    #expect(
      found?.description
        == "memory: images are in colour (4 x 2 x 3) where grey ones (4 x 2) are expected; give grey images, "
        + "or a model that was trained on such as these")
    let other = #expect(throws: TrainingError.self) { try settings().checkSize(of: grey) }
    #expect(other?.description.contains("grey (4 x 2) where ones in colour (4 x 2 x 3)") == true)
    #expect(other?.description.contains("give colour images") == true)
    #expect(
      throws: TrainingError.sizesDiffer(path: "memory", found: [4, 2, 3], expected: [2, 4, 3])
    ) { try ModelSettings(height: 2, width: 4, channels: 3).checkSize(of: colour) }
    let sets = #expect(throws: TrainingError.self) {
      try TrainingData(training: colour, validation: grey, fraction: 0.5, seed: 1)
    }
    #expect(sets?.description.hasSuffix("give sets that are both grey or both in colour") == true)
    try settings().checkSize(of: colour)
  }

  /// What it learns is what the channels are: each its own deviation about the mean image.
  @Test(arguments: spread) func trainingFindsTheSpreadOfEachChannel(_ likelihood: Likelihood) throws {
    let deviations: [Float] = [0.02, 0.05, 0.12]
    let noise = RandomStream(seed: 2, .latents).normals(400 * 24)
    let images = ImageSet(
      values: noise.enumerated().map { min(1, max(0, 0.5 + deviations[$0 % 3] * $1)) }, height: 4, width: 2,
      channels: 3)
    let statistics = DataStatistics(images)
    var training = TrainingSettings()
    training.precision = .float32
    let trainer = Trainer(
      model: settings(likelihood, hidden: []), training: training, images: images,
      inputMean: statistics.inputMean, inputStandardDeviation: statistics.inputStandardDeviation,
      group: WorkerGroup(count: 2))
    let indices = [Int32](0..<400)
    trainer.initialize(statistics, indices: indices)
    for _ in 0..<400 { _ = trainer.step(indices[...], epoch: 0, learningRate: 0.02, beta: 1) }
    let spread = try #require(trainer.layout.spread)
    let found = ParameterStore.floats(trainer.store.weights)[spread.range].map { value in
      likelihood == .gaussianLearned ? exp(0.5 * value) : exp(value) * .pi / Float(3).squareRoot()
    }
    for (found, expected) in zip(found, deviations) { #expect(abs(found / expected - 1) < 0.2, "\(found)") }
  }
}
