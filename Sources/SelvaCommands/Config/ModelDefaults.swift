import ArgumentParser
import IDX
import Selva

/// Of the model. What is nil depends on the images.
struct ModelDefaults {
  var network: NetworkKind?
  var channels: [Int]?
  var kernel: Int?
  var residual: Int?
  var recurrent: [Int]?
  var hidden: [Int]?
  var decoderHidden: [Int]?
  var condition: Condition?
  var changes: [Change<ModelSettings>] = []

  /// Whether the decoder's hidden layers are the encoder's in reverse, as they are where nothing is said.
  fileprivate var isMirrored: Bool { decoderHidden.map { $0 == hidden?.reversed() } ?? true }
}

extension ModelOptions {
  /// The settings of a new model for images of this size.
  func settings(for shape: ImageShape, _ defaults: ModelDefaults = ModelDefaults()) -> ModelSettings {
    let network = network.shape(for: shape, defaults)
    var settings = ModelSettings(
      height: shape.height, width: shape.width, channels: shape.channels, network: network,
      hidden: hidden?.values ?? defaults.hidden ?? NetworkOptions.standardHidden(network),
      // A mirror stays one where the encoder alone is changed.
      decoderHidden: hidden != nil && defaults.isMirrored ? nil : defaults.decoderHidden)
    for change in defaults.changes + changes { change.apply(&settings) }
    return settings
  }

  /// Those of a trained model, with the prior that was asked for.
  func settings(from trained: ModelSettings, _ defaults: ModelDefaults = ModelDefaults()) -> ModelSettings {
    var settings = trained
    for change in (defaults.changes + changes) where PriorOption.names.contains(change.option) {
      change.apply(&settings)
    }
    return settings
  }

  /// Options that would be passed over in silence are refused, and models that there cannot be.
  ///
  /// - Throws: `ValidationError`.
  func check(_ defaults: ModelDefaults) throws {
    let model = settings(for: ImageShape(height: 1, width: 1), defaults)
    try PriorOption.check(model.prior, hidden: priorHidden, activation: priorActivation)
    if sigma != nil, [.bernoulli, .continuousBernoulli].contains(model.likelihood) {
      throw ValidationError(
        "--sigma goes with --likelihood gaussian, gaussian-learned or discretized-logistic.")
    }
    if let fault = model.fault { throw ValidationError("There is no model with \(fault).") }
  }
}

extension TrainDefaults {
  /// What a run that starts from a trained model cannot take from a config.json: settings that are not that model's.
  ///
  /// - Throws: `ConfigError` for the first of them.
  func check(against trained: ModelSettings) throws {
    guard let path else { return }
    let options = try ModelOptions.parse([])
    let wanted = options.settings(for: trained.shape, model)
    let network = [model.channels, model.kernel.map { [$0] }, model.residual.map { [$0] }, model.recurrent]
    let differing: [(key: String, isOther: Bool)] = [
      (
        "model.network",
        (model.network != nil || network.contains { $0 != nil }) && wanted.network != trained.network
      ),
      ("model.hidden", model.hidden != nil && wanted.hidden != trained.hidden),
      ("model.decoder_hidden", model.decoderHidden != nil && wanted.decoderHidden != trained.decoderHidden),
      ("model.latent", keys.contains("model.latent") && wanted.latent != trained.latent),
      ("model.activation", keys.contains("model.activation") && wanted.activation != trained.activation),
      ("model.likelihood", keys.contains("model.likelihood") && wanted.likelihood != trained.likelihood),
      ("model.sigma", keys.contains("model.sigma") && wanted.sigma != trained.sigma),
      ("model.labels", model.condition.map { ($0 == .labels) == trained.labels.isEmpty } ?? false),
    ]
    if let key = differing.first(where: \.isOther)?.key {
      throw ConfigError(
        path: path, key: key, value: nil,
        rule: "is not that of the model to start from, which keeps its own; leave it out")
    }
  }
}
