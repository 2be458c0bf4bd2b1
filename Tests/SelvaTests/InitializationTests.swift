import Compute
import Foundation
import IDX
import Testing

@testable import Networks
@testable import Selva

@Suite struct InitializationTests {
  /// f by its definition, in double precision.
  private func value(_ activation: Activation, _ x: Double) -> Double {
    switch activation {
    case .selu: 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * expm1(x))
    case .relu: max(0, x)
    case .leakyRelu: x > 0 ? x : 0.01 * x
    case .elu: x > 0 ? x : expm1(x)
    case .gelu: x * 0.5 * (1 + erf(x / 2.0.squareRoot()))
    case .silu: x / (1 + exp(-x))
    case .tanh: Foundation.tanh(x)
    case .shortSelu: x > 0 ? x : 1.0507009873554805 * expm1(x)
    }
  }

  /// 1/√E[f(z)²] by Simpson's rule over ±12, halves apart so that no kink lies inside a piece.
  private func gainByQuadrature(_ activation: Activation) -> Double {
    let (steps, h) = (24_000, 12.0 / 12_000)
    var total = 0.0
    for i in 0...steps {
      let x = (Double(i) - 12_000) * h
      let weight: Double = i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2
      let f = value(activation, x)
      total += weight * f * f * exp(-x * x / 2)
    }
    return 1 / (total * h / 3 / (2 * Double.pi).squareRoot()).squareRoot()
  }

  @Test(arguments: Activation.allCases) func gainsKeepTheSecondMoment(activation: Activation) {
    // The short formula goes without a gain of its own: what it loses is what it is there to show.
    let expected = activation == .shortSelu ? 1 : gainByQuadrature(activation)
    #expect(abs(activation.gain - expected) < 1e-9, "\(expected)")
  }

  private func store(
    _ settings: ModelSettings, means: [Float] = [], keepsAverage: Bool = false
  ) -> ParameterStore {
    let values = means.isEmpty ? [Float](repeating: 0.25, count: settings.pixelCount) : means
    let store = ParameterStore(
      ModelLayout(settings).parameters, elementType: .float32, keepsAverage: keepsAverage)
    let images = ImageSet(values: values, height: settings.height, width: settings.width)
    store.initialize(settings, statistics: DataStatistics(images), seed: 5)
    return store
  }

  /// Standard deviation of a tensor of thousands, to five standard errors.
  @Test(arguments: [Activation.selu, .silu, .relu]) func weightsAreAsWideAsTheirLayerAsks(
    activation: Activation
  ) throws {
    let settings = ModelSettings(
      height: 9, width: 7, hidden: [80, 60], decoderHidden: [70], latent: 40, activation: activation)
    let store = store(settings, keepsAverage: true)
    let weights = ParameterStore.floats(store.weights)
    for view in store.layout.views {
      let values = weights[view.range].map(Double.init)
      guard view.shape.count == 2 else {
        if view.name != "decoder.output.bias" { #expect(values.allSatisfy { $0 == 0 }, "\(view.name)") }
        continue
      }
      let deviation = (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
      let gain = view.name.contains(".layers.") ? activation.gain : 0.1
      let expected = gain / Double(view.shape[1]).squareRoot()
      let error = 5 * expected / (2 * Double(values.count)).squareRoot()
      #expect(abs(deviation - expected) < error, "\(view.name): \(deviation), expected \(expected)")
    }
    let average = ParameterStore.floats(try #require(store.average))
    #expect(zip(average, weights).allSatisfy { $0 == $1 })
  }

  /// A label's bias has twice the deviation of what the inputs add up to; where it feeds the heads, it begins at 0.
  @Test(arguments: [[400], []]) func labelsBeginLoud(_ hidden: [Int]) throws {
    let settings = ModelSettings(
      height: 3, width: 3, hidden: hidden, latent: 4, activation: .relu, labels: [0, 1, 2, 3, 4])
    let store = store(settings)
    let view = try #require(store.layout["encoder.label_bias"])
    let values = ParameterStore.floats(store.weights)[view.range].map(Double.init)
    let deviation = (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
    let expected = hidden.isEmpty ? 0 : 2 * 2.0.squareRoot()
    #expect(abs(deviation - expected) <= 5 * expected / (2 * Double(values.count)).squareRoot())
  }

  /// log(p / (1 − p)), p in [0.001, 0.999].
  @Test(arguments: [Likelihood.bernoulli, .continuousBernoulli]) func theOutputBeginsAtTheMeanImage(
    likelihood: Likelihood
  ) throws {
    let settings = ModelSettings(height: 1, width: 4, hidden: [], latent: 1, likelihood: likelihood)
    let store = store(settings, means: [0, 0.25, 0.5, 1])
    let view = try #require(store.layout.views.first { $0.name == "decoder.output.bias" })
    let bias = Array(ParameterStore.floats(store.weights)[view.range])
    for (found, expected) in zip(bias, [-6.906754778648554, -1.0986122886681098, 0, 6.906754778648554]) {
      #expect(abs(Double(found) - expected) < 2e-5)
    }
  }

  @Test func gaussiansBeginAtTheMeanAndTheGivenDeviation() throws {
    let settings = ModelSettings(
      height: 1, width: 4, hidden: [], latent: 1, likelihood: .gaussianLearned, sigma: 0.5)
    let store = store(settings, means: [0, 0.25, 0.5, 1])
    let weights = ParameterStore.floats(store.weights)
    let view = try #require(store.layout.views.first { $0.name == "decoder.output.bias" })
    #expect(Array(weights[view.range]) == [0, 0.25, 0.5, 1])
    let offset = try #require(store.layout["decoder.log_variance"]).offset
    #expect(abs(weights[offset] + 1.3862943611198906) < 1e-6)
  }

  @Test func seedsAndTensorsHaveWeightsOfTheirOwn() {
    let settings = ModelSettings(height: 2, width: 2, hidden: [4, 4], latent: 2)
    let store = store(settings)
    let weights = ParameterStore.floats(store.weights)
    let heads = store.layout.views.filter { $0.shape == [2, 4] }.map { Array(weights[$0.range]) }
    #expect(heads.count == 2 && heads[0] != heads[1])
  }

  /// The copy in bfloat16 follows every change of the weights, whether or not the processor multiplies it.
  @Test func theHalvesFollowTheWeights() throws {
    let settings = ModelSettings(height: 2, width: 2, hidden: [4], latent: 2)
    let store = ParameterStore(ModelLayout(settings).parameters, elementType: .bfloat16, keepsAverage: true)
    let images = ImageSet(values: [0, 0.25, 0.5, 1], height: 2, width: 2)
    func expectHalves(_ store: ParameterStore, _ location: SourceLocation = #_sourceLocation) throws {
      let halves = try #require(store.halves).base.assumingMemoryBound(to: UInt16.self)
      let weights = ParameterStore.floats(store.weights)
      #expect(weights.contains { $0 != 0 }, sourceLocation: location)
      for (i, weight) in weights.enumerated() {
        let half = Float(bitPattern: UInt32(halves[i]) << 16)
        #expect(abs(half - weight) <= abs(weight) / 256, sourceLocation: location)
      }
    }
    store.initialize(settings, statistics: DataStatistics(images), seed: 1)
    try expectHalves(store)
    var training = TrainingSettings()
    training.averageDecay = 0.9
    ParameterStore.floats(store.gradients).update(repeating: 1)
    Adam(training.adam, number: 1, learningRate: 0.5).update(store, 0..<store.layout.count)
    try expectHalves(store)

    try withScratchFolder { folder in
      let model = VAE(
        settings: settings, inputMean: [0, 0, 0, 0], inputStandardDeviation: [1, 1, 1, 1],
        values: UnsafeBufferPointer(ParameterStore.floats(store.weights)))
      let path = folder + "/checkpoint.safetensors"
      try Checkpoint.write(store, model: model, training: training, state: TrainingState(), to: path)
      let other = ParameterStore(ModelLayout(settings).parameters, elementType: .bfloat16, keepsAverage: true)
      try Checkpoint.read(path).restore(other)
      try expectHalves(other)
      for (a, b) in [
        (store.weights, other.weights), (store.firstMoment, other.firstMoment),
        (store.secondMoment, other.secondMoment), (store.average, other.average),
      ] as [(Storage?, Storage?)] {
        let (a, b) = (ParameterStore.floats(try #require(a)), ParameterStore.floats(try #require(b)))
        #expect(store.layout.views.allSatisfy { view in Array(a[view.range]) == Array(b[view.range]) })
        #expect(a.contains { $0 != 0 })
      }
    }
  }
}
