import Compute
import Foundation
import IDX
import Testing

@testable import Networks
@testable import Selva

@Suite struct RecurrentModelTests {
  private static let settings = ModelSettings(
    height: 6, width: 5, network: .recurrent(Recurrent(layers: [9])), hidden: [], latent: 3, activation: .tanh
  )
  private let images = noiseImages(70, height: 6, width: 5)

  private func trainer(
    _ settings: ModelSettings, workers: Int = 2, _ change: (inout TrainingSettings) -> Void = { _ in }
  ) -> Trainer {
    var training = TrainingSettings()
    training.precision = .float32
    change(&training)
    let statistics = DataStatistics(images)
    let trainer = Trainer(
      model: settings, training: training, images: images, inputMean: statistics.inputMean,
      inputStandardDeviation: statistics.inputStandardDeviation, group: WorkerGroup(count: workers))
    trainer.store.initialize(settings, statistics: statistics, seed: 4)
    return trainer
  }

  private func vae(_ trainer: Trainer) -> VAE {
    let statistics = DataStatistics(images)
    return VAE(
      settings: trainer.model, inputMean: statistics.inputMean,
      inputStandardDeviation: statistics.inputStandardDeviation,
      values: UnsafeBufferPointer(ParameterStore.floats(trainer.store.weights)))
  }

  /// Mean and variance at every step against loops, on more images than go through at once.
  @Test func statisticsAreTakenByStep() throws {
    let model = vae(trainer(Self.settings))
    let found = ActivationStatistics(model, images: images)
    #expect(found.layers.map(\.name) == ["encoder.recurrent.0", "decoder.recurrent.0"])
    #expect(found.layers.map(\.units) == [9, 9] && found.layers.map(\.steps?.count) == [6, 6])
    let values = Dictionary(
      uniqueKeysWithValues: model.parameters.map { ($0.name, $0.values.map(Double.init)) })
    let (weight, bias) = (
      values["encoder.recurrent.0.weight"]!, values["encoder.recurrent.0.bias"]!
    )
    let stateWeight = values["encoder.recurrent.0.state_weight"]!
    var states = [[Double]](repeating: [Double](repeating: 0, count: 9), count: images.count)
    var all: [Double] = []
    for step in 0..<6 {
      for image in 0..<images.count {
        let row = (0..<5).map { i -> Double in
          let at = step * 5 + i
          return Double(
            (images.image(image)[at] - model.inputMean[at]) / model.inputStandardDeviation[at])
        }
        states[image] = (0..<9).map { unit in
          let input = (0..<5).reduce(bias[unit]) { $0 + weight[unit * 5 + $1] * row[$1] }
          return tanh((0..<9).reduce(input) { $0 + stateWeight[unit * 9 + $1] * states[image][$1] })
        }
      }
      let flat = states.flatMap { $0 }
      all += flat
      let of = try #require(found.layers[0].steps?[step])
      expect(of.mean, of.variance, flat)
    }
    expect(found.layers[0].mean, found.layers[0].variance, all)
  }

  private func expect(_ mean: Double, _ variance: Double, _ values: [Double]) {
    let expected = values.reduce(0, +) / Double(values.count)
    let spread = values.reduce(0) { $0 + ($1 - expected) * ($1 - expected) } / Double(values.count)
    #expect(abs(mean - expected) < 1e-5 && abs(variance - spread) < 1e-5, "\(mean), \(variance)")
  }

  @Test func denseLayersHaveNoSteps() throws {
    var settings = Self.settings
    (settings.hidden, settings.decoderHidden) = ([7], [8])
    let found = ActivationStatistics(vae(trainer(settings)), images: images)
    #expect(found.layers.map { $0.steps == nil } == [false, true, true, false])
    let text = SettingsJSON.encode(found)
    #expect(text.components(separatedBy: "\"steps\"").count == 3)
  }

  /// Each pixel of a row at its mean over all rows.
  @Test func theOutputBeginsAtTheMeanRow() throws {
    let made = trainer(Self.settings)
    let view = try #require(made.store.layout["decoder.output.bias"])
    let bias = ParameterStore.floats(made.store.weights)[view.range]
    let means = DataStatistics(images).pixelMeans
    #expect(view.count == 5)
    for (i, value) in bias.enumerated() {
      let mean = (0..<6).reduce(Float(0)) { $0 + means[$1 * 5 + i] } / 6
      #expect(abs(value - log(mean / (1 - mean))) < 1e-4)
    }
  }

  @Test func theNumberOfWorkersChangesNothing() {
    var settings = Self.settings
    (settings.network, settings.hidden) = (.recurrent(Recurrent(layers: [40, 33])), [12])
    func gradient(_ workers: Int) -> [Float] {
      let made = trainer(settings, workers: workers)
      _ = made.gradient([Int32](0..<32)[...], beta: 1)
      return Array(ParameterStore.floats(made.store.gradients))
    }
    let one = gradient(1)
    let largest = one.reduce(0) { max($0, abs($1)) }
    for workers in [2, 5] {
      #expect(zip(one, gradient(workers)).allSatisfy { abs($0 - $1) < 1e-5 * largest }, "\(workers) workers")
    }
  }

  /// Gradients of both ways to compute, by tensor.
  @Test(arguments: [[9], [20, 17]]) func bfloat16FollowsFloat32(_ layers: [Int]) {
    var settings = Self.settings
    settings.network = .recurrent(Recurrent(layers: layers))
    let batch = [Int32](0..<32)
    func gradient(_ precision: Precision) -> (Trainer, [Float]) {
      let made = trainer(settings) { $0.precision = precision }
      _ = made.gradient(batch[...], beta: 1)
      return (made, Array(ParameterStore.floats(made.store.gradients)))
    }
    let ((made, single), (_, half)) = (gradient(.float32), gradient(.bfloat16))
    for view in made.store.layout.views {
      let size = single[view.range].reduce(0) { max($0, abs($1)) }
      let error = zip(single[view.range], half[view.range]).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(size > 0 && error < 0.05 * size, "\(view.name): \(error) of \(size)")
    }
  }

  @Test func settingsComeBackFromJSON() throws {
    var settings = Self.settings
    settings.network = .recurrent(Recurrent(layers: [12, 7]))
    let text = SettingsJSON.encode(settings)
    #expect(text.contains("\"recurrent\""))
    #expect(
      try SettingsJSON.decode(ModelSettings.self, from: text, path: "model", part: "settings") == settings)
    #expect(settings.network.description == "recurrent 12,7")
  }

  @Test(arguments: [
    ([], "0 recurrent layers (1 to 16)"), ([Int](repeating: 4, count: 17), "17 recurrent layers (1 to 16)"),
    ([4, 0], "a recurrent layer of 0 units (1 to 1048576)"),
  ]) func whatNoModelCanHaveIsSaid(_ layers: [Int], _ fault: String) {
    var settings = Self.settings
    settings.network = .recurrent(Recurrent(layers: layers))
    #expect(settings.fault == fault)
  }

  @Test func dropoutIsRefused() {
    var training = TrainingSettings()
    #expect(training.fault(for: Self.settings) == nil)
    training.dropout = 0.1
    #expect(
      training.fault(for: Self.settings)?.hasPrefix("--dropout does not go with --network recurrent") == true)
    #expect(training.fault(for: ModelSettings(height: 6, width: 5)) == nil)
  }
}
