import Networks

/// A part of a model that training can leave as it is.
public enum ModelPart: String, Codable, Sendable, CaseIterable {
  /// From an image to mean and log variance of q(z | x).
  case encoder
  /// From a latent vector to the pixels, with the likelihood's spread where it is learned.
  case decoder
  /// What p(z) learns; nothing where it is N(0, I).
  case prior
}

/// What a model is made of, and where the parameters of each part lie.
package struct ModelLayout: Sendable {
  package let parameters: ParameterLayout
  /// From an image to `[mean | logVariance]`: both heads are one product.
  package let encoder: NetworkPlan
  /// From a latent vector to the likelihood's parameters.
  package let decoder: NetworkPlan
  let prior: any PriorPlan
  /// Of a flow, in the order from z to the base space; else none.
  package var couplings: [FlowCoupling] { (prior as? FlowPlan)?.couplings ?? [] }
  /// What the likelihood's spread is where it is learned, `[channels]`: log σ² of the Gaussian, log s of the logistic.
  package let spread: ParameterLayout.View?

  /// Loud heads and outputs begin with noise in z and in the logits that costs more than the mean image; the first
  /// thing learned is then to ignore z, from which some components (with ReLU, at times all) never return.
  private static let quietGain = 0.1

  package init(_ settings: ModelSettings) {
    var layout = ParameterLayout()
    let heads = ["mean", "log_variance"].map {
      NetworkOutput($0, width: settings.latent, gain: Self.quietGain)
    }
    let output = NetworkOutput("output", width: settings.pixelCount, gain: Self.quietGain)
    switch settings.network {
    case .dense:
      encoder = NetworkPlan(
        "encoder", inputs: settings.pixelCount, hidden: settings.hidden, outputs: heads,
        activation: settings.activation, classes: settings.labels.count, in: &layout)
      decoder = NetworkPlan(
        "decoder", inputs: settings.latent, hidden: settings.decoderHidden, outputs: [output],
        activation: settings.activation, classes: settings.labels.count, in: &layout)
    case .convolution(let convolution):
      let stages = convolution.stages(settings)
      encoder = NetworkPlan(
        "encoder", stages, hidden: settings.hidden, outputs: heads, activation: settings.activation,
        classes: settings.labels.count, in: &layout)
      decoder = NetworkPlan(
        "decoder", inputs: settings.latent, hidden: settings.decoderHidden, stages, output: output,
        activation: settings.activation, classes: settings.labels.count, in: &layout)
    case .recurrent(let recurrent):
      let stack = RecurrentStack(
        steps: settings.height, features: settings.width * settings.channels, units: recurrent.layers)
      encoder = NetworkPlan(
        "encoder", stack, hidden: settings.hidden, outputs: heads, activation: settings.activation,
        classes: settings.labels.count, in: &layout)
      decoder = NetworkPlan(
        "decoder", inputs: settings.latent, hidden: settings.decoderHidden, stack, output: output,
        activation: settings.activation, classes: settings.labels.count, in: &layout)
    }
    spread = settings.likelihood.spreadName.map { layout.add("decoder.\($0)", [settings.channels]) }
    layout.align()
    prior = settings.prior.plan(settings, in: &layout)
    layout.align()
    parameters = layout
  }

  /// Where the parameters of a part lie; empty where it has none.
  func range(of part: ModelPart) -> Range<Int> {
    let own = parameters.views.filter { $0.name.hasPrefix("\(part.rawValue).") }.map(\.range)
    return (own.map(\.lowerBound).min() ?? 0)..<(own.map(\.upperBound).max() ?? 0)
  }
}

/// What passes over a model read: settings, places and parameters.
package struct ModelParameters: Sendable {
  let settings: ModelSettings
  let layout: ModelLayout
  let all: Parameters
  /// Parts that learn nothing.
  var frozen: Set<ModelPart> = []
  /// 0 outside training.
  var dropoutRate = 0.0

  subscript(part: ModelPart) -> Parameters { frozen.contains(part) ? all.frozen : all }

  /// The likelihood's spread: of each channel where it is learned, else the first for all.
  var spread: ChannelFloats {
    guard let view = layout.spread else { return ChannelFloats(repeating: settings.initialSpread) }
    let learned = all.matrix(view.offset, rows: 1, columns: view.count).floats
    var spread = ChannelFloats()
    for channel in 0..<view.count { spread[channel] = learned[channel] }
    return spread
  }
}

extension VAE {
  /// The likelihood's spread in each channel, learned or fixed, under the name that it has among parameters: log σ² of a
  /// Gaussian, log s of the logistic; nil where there is none.
  package var spread: (name: String, values: [Float])? {
    switch settings.likelihood {
    case .bernoulli, .continuousBernoulli: return nil
    case .gaussian, .gaussianLearned, .discretizedLogistic:
      let all = modelParameters.spread
      return (settings.likelihood.spreadName ?? "log_variance", (0..<settings.channels).map { all[$0] })
    }
  }
}

extension ModelSettings {
  /// Numbers that are learned.
  public var parameterCount: Int { ModelLayout(self).parameters.views.reduce(0) { $0 + $1.count } }
}

extension Convolution {
  fileprivate func stages(_ settings: ModelSettings) -> ConvolutionStages {
    ConvolutionStages(
      image: MapShape(height: settings.height, width: settings.width, channels: settings.channels),
      channels: channels, kernel: kernel, residualBlocks: residualBlocks)
  }
}
