import Compute
import Networks
import Selva
import Testing

/// A small model of some kind, with weights of which none is 0.
struct ModelCase: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let settings: ModelSettings

  init(_ name: String, _ settings: ModelSettings) {
    testDescription = name
    self.settings = settings
  }

  /// - Parameter size: of the weights.
  func model(size: Float = 0.4) -> VAE {
    let layout = ModelLayout(settings).parameters
    let values = Latents.normal(count: 1, latent: layout.count, seed: 3).map { size * $0 }
    let pixels = settings.pixelCount
    return values.withUnsafeBufferPointer {
      VAE(
        settings: settings, inputMean: (0..<pixels).map { 0.2 + 0.01 * Float($0 % 9) },
        inputStandardDeviation: (0..<pixels).map { 0.5 + 0.02 * Float($0 % 5) }, values: $0)
    }
  }

  /// Pixels from 0 to 1, `[count, pixels]`.
  func images(_ count: Int) -> [Float] {
    Latents.normal(count: count, latent: settings.pixelCount, seed: 8).map { min(1, abs($0)) }
  }

  /// One a row; nil where the model has none.
  func labels(_ count: Int) -> [Int]? {
    settings.labels.isEmpty ? nil : (0..<count).map { settings.labels[$0 % settings.labels.count] }
  }

  static let latent = 5

  private static func settings(
    _ height: Int, _ width: Int, _ channels: Int = 1, _ network: NetworkShape = .dense,
    hidden: [Int] = [6, 4],
    _ activation: Activation = .selu, _ likelihood: Likelihood = .bernoulli, prior: Prior = .normal,
    labels: [Int] = []
  ) -> ModelSettings {
    ModelSettings(
      height: height, width: width, channels: channels, network: network, hidden: hidden, latent: latent,
      activation: activation, likelihood: likelihood, prior: prior, priorHidden: [4], labels: labels)
  }

  static let labels = [1, 4, 9]

  static let all: [ModelCase] =
    Activation.allCases.map { ModelCase("dense \($0.rawValue)", settings(4, 3, 1, .dense, $0)) } + [
      ModelCase("colour", settings(3, 2, 3, .dense, .selu, .gaussianLearned)),
      ModelCase("gaussian", settings(4, 3, 1, .dense, .selu, .gaussian)),
      ModelCase("labels", settings(4, 3, labels: labels)),
      ModelCase("labels without hidden layers", settings(4, 3, hidden: [], labels: labels)),
      ModelCase(
        "convolution", settings(7, 5, 1, .convolution(Convolution(channels: [3, 4], kernel: 4)), .gelu)),
      ModelCase(
        "convolution in colour",
        settings(
          5, 6, 3, .convolution(Convolution(channels: [2], kernel: 3, residualBlocks: 2)), hidden: [], .silu,
          .discretizedLogistic, labels: labels)),
      ModelCase("recurrent", settings(4, 3, 1, .recurrent(Recurrent(layers: [5, 3])), .tanh)),
      ModelCase(
        "recurrent without hidden layers",
        settings(3, 2, 3, .recurrent(Recurrent(layers: [4])), hidden: [], .silu, labels: labels)),
    ]

  static let flow = ModelCase("flow", settings(2, 2, prior: .flow(couplings: 3), labels: labels))
  static let mixtures = [
    ModelCase("mixture", settings(2, 2, prior: .mixture(components: 4))),
    ModelCase("mixture of one", settings(2, 2, prior: .mixture(components: 1))),
    ModelCase("vamp", settings(2, 2, prior: .vamp(components: 3), labels: labels)),
  ]
}
