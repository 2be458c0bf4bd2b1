import Compute
import Files
import Networks

/// A model or checkpoint file that is sound safetensors but no model of Selva's.
public struct ModelFileError: Fault, Equatable {
  /// The file, as it was named.
  public let path: String
  /// What is wrong with it, in words.
  public let reason: String

  public var category: FaultCategory { .badData }
  public var description: String { "\(path): \(reason)" }
}

extension ModelSettings {
  /// The newest version of the model file's metadata that this code reads. Version 1 knows the prior N(0, I) alone, and
  /// no labels; version 2 grey images and dense networks alone, and no discretized logistic; version 3 flows whose couplings
  /// have the activation of the networks alone. What an older one can say is written as it, so that older programs read it.
  static let formatVersion = 4

  private var format: Int {
    if case .flow = prior, priorActivation != activation { return 4 }
    if channels != 1 || network != .dense || likelihood == .discretizedLogistic { return 3 }
    return prior == .normal && labels.isEmpty ? 1 : 2
  }

  private enum CodingKeys: String, CodingKey {
    case height, width, hidden, decoderHidden, latent, activation, likelihood, sigma, prior, priorHidden,
      priorActivation
    case labels, channels, network, format
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let format = try container.decode(Int.self, forKey: .format)
    guard format <= ModelSettings.formatVersion else {
      throw DecodingError.dataCorruptedError(
        forKey: .format, in: container, debugDescription: "written by a newer version")
    }
    self.init(
      height: try container.decode(Int.self, forKey: .height),
      width: try container.decode(Int.self, forKey: .width),
      hidden: try container.decode([Int].self, forKey: .hidden),
      decoderHidden: try container.decode([Int].self, forKey: .decoderHidden),
      latent: try container.decode(Int.self, forKey: .latent),
      activation: try container.decode(Activation.self, forKey: .activation),
      likelihood: try container.decode(Likelihood.self, forKey: .likelihood),
      sigma: try container.decode(Double.self, forKey: .sigma))
    guard format > 1 else { return }
    prior = try container.decode(Prior.self, forKey: .prior)
    priorHidden = try container.decode([Int].self, forKey: .priorHidden)
    if case .flow = prior { priorActivation = activation }
    labels = try container.decode([Int].self, forKey: .labels)
    guard format > 2 else { return }
    channels = try container.decode(Int.self, forKey: .channels)
    network = try container.decode(NetworkShape.self, forKey: .network)
    guard format > 3 else { return }
    priorActivation = try container.decode(Activation.self, forKey: .priorActivation)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(format, forKey: .format)
    try container.encode(height, forKey: .height)
    try container.encode(width, forKey: .width)
    try container.encode(hidden, forKey: .hidden)
    try container.encode(decoderHidden, forKey: .decoderHidden)
    try container.encode(latent, forKey: .latent)
    try container.encode(activation, forKey: .activation)
    try container.encode(likelihood, forKey: .likelihood)
    try container.encode(sigma, forKey: .sigma)
    guard format > 1 else { return }
    try container.encode(prior, forKey: .prior)
    try container.encode(priorHidden, forKey: .priorHidden)
    try container.encode(labels, forKey: .labels)
    guard format > 2 else { return }
    try container.encode(channels, forKey: .channels)
    try container.encode(network, forKey: .network)
    guard format > 3 else { return }
    try container.encode(priorActivation, forKey: .priorActivation)
  }
}

extension VAE {
  /// Key of the model's settings, as JSON, in a file's metadata.
  static let settingsKey = "selva"
  /// Which Selva wrote the file; not there in files of version 1.0.
  static let versionKey = "selva.version"
  /// Key of the settings it was trained with.
  static let trainingKey = "selva.training"

  /// Reads a model file (or a checkpoint, which holds a model too).
  ///
  /// - Throws: `FileError`, `StorageError` or `ModelFileError`, each naming the file.
  public convenience init(contentsOf path: String) throws {
    try self.init(SafetensorsFile(path))
  }

  /// What costs little is judged first: settings, then the tensors' shapes, and only then what the file holds.
  convenience init(_ file: SafetensorsFile) throws {
    let settings = try VAE.settings(file)
    let layout = try VAE.layout(of: file)
    let pixels = [settings.pixelCount]
    let mean = try file.require("input.mean", shape: pixels)
    let deviation = try file.require("input.standard_deviation", shape: pixels)
    try MemoryNeed.loading(layout.parameters).check()
    try file.checkIntegrity()
    let weights = Storage(byteCount: layout.parameters.count * 4)
    try VAE.fill(weights, layout.parameters, from: file, prefix: "")
    let deviations = try file.finiteValues(of: deviation)
    if let index = deviations.firstIndex(where: { !($0 > 0) }) {
      throw ModelFileError(
        path: file.path,
        reason: "input.standard_deviation[\(index)] is \(deviations[index]); it must be above 0")
    }
    self.init(
      settings: settings, inputMean: try file.finiteValues(of: mean), inputStandardDeviation: deviations,
      layout: layout, weights: weights)
  }

  private static func settings(_ file: SafetensorsFile) throws -> ModelSettings {
    guard let text = file.metadata[settingsKey] else {
      throw ModelFileError(
        path: file.path,
        reason: "has no '\(settingsKey)' in its metadata; name a model that selva train wrote")
    }
    let settings = try SettingsJSON.decode(
      ModelSettings.self, from: text, path: file.path, part: "the model's settings")
    if let fault = settings.fault { throw ModelFileError(path: file.path, reason: "describes \(fault)") }
    return settings
  }

  /// Where the parameters of a file's model lie, all of which the file has. Nothing of their size is allocated, since
  /// the settings may ask for more than the file holds.
  static func layout(of file: SafetensorsFile) throws -> ModelLayout {
    let layout = ModelLayout(try settings(file))
    try requireTensors(of: layout.parameters, in: file, prefix: "")
    return layout
  }

  /// - Throws: `StorageError` for the first tensor called `prefix` + a parameter's name that is missing or of
  ///   another shape.
  static func requireTensors(of layout: ParameterLayout, in file: SafetensorsFile, prefix: String) throws {
    for view in layout.views { _ = try file.require(prefix + view.name, shape: view.shape) }
  }

  /// Copies tensors called `prefix` + a parameter's name into a parameter buffer.
  ///
  /// - Throws: `StorageError` where one is missing, of another shape, or holds what is no finite number.
  static func fill(_ buffer: Storage, _ layout: ParameterLayout, from file: SafetensorsFile, prefix: String)
    throws
  {
    guard let start = ParameterStore.floats(buffer).baseAddress else { return }
    for view in layout.views {
      try file.copyFinite(file.require(prefix + view.name, shape: view.shape), to: start + view.offset)
    }
  }

  /// The settings that the model in `path` was trained with; nil where the file does not say.
  ///
  /// - Throws: `FileError`, `StorageError` or `ModelFileError`, each naming the file.
  public static func trainingSettings(contentsOf path: String) throws -> TrainingSettings? {
    let file = try SafetensorsFile(path)
    try file.checkIntegrity()
    return try trainingSettings(file)
  }

  static func trainingSettings(_ file: SafetensorsFile) throws -> TrainingSettings? {
    guard let text = file.metadata[trainingKey] else { return nil }
    let settings = try SettingsJSON.decode(
      TrainingSettings.self, from: text, path: file.path, part: "the training settings")
    if let fault = settings.fault {
      throw ModelFileError(
        path: file.path,
        reason: "has training settings that no run can have: \(fault); use a file that Selva wrote")
    }
    return settings
  }

  /// Writes the model as safetensors, float32, weights as `[out, in]`; whole or not at all.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - training: settings to record beside the model's own; nil: none.
  /// - Throws: `FileError` when the file cannot be written.
  public func write(to path: String, training: TrainingSettings? = nil) throws {
    try file(training: training).write(to: path)
  }

  func file(training: TrainingSettings?) -> Safetensors {
    let pixels = [settings.pixelCount]
    var tensors = parameters.map { Tensor(name: $0.name, shape: $0.shape, values: $0.values) }
    tensors.append(Tensor(name: "input.mean", shape: pixels, values: inputMean))
    tensors.append(Tensor(name: "input.standard_deviation", shape: pixels, values: inputStandardDeviation))
    var metadata = [VAE.settingsKey: SettingsJSON.encode(settings), VAE.versionKey: Version.current]
    if let training { metadata[VAE.trainingKey] = SettingsJSON.encode(training) }
    return Safetensors(tensors: tensors, metadata: metadata)
  }
}
