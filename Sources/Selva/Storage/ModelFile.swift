import Compute
import Files

/// A model or checkpoint file that is sound safetensors but no model of Selva's.
public struct ModelFileError: Fault, Equatable {
  public let path: String
  public let reason: String

  public var category: FaultCategory { .badData }
  public var description: String { "\(path): \(reason)" }
}

extension ModelSettings {
  /// The version of the model file's metadata that this code writes.
  static let formatVersion = 1

  private enum CodingKeys: String, CodingKey {
    case height, width, hidden, decoderHidden, latent, activation, likelihood, sigma, format
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      height: try container.decode(Int.self, forKey: .height),
      width: try container.decode(Int.self, forKey: .width),
      hidden: try container.decode([Int].self, forKey: .hidden),
      decoderHidden: try container.decode([Int].self, forKey: .decoderHidden),
      latent: try container.decode(Int.self, forKey: .latent),
      activation: try container.decode(Activation.self, forKey: .activation),
      likelihood: try container.decode(Likelihood.self, forKey: .likelihood),
      sigma: try container.decode(Double.self, forKey: .sigma))
    let format = try container.decode(Int.self, forKey: .format)
    guard format <= ModelSettings.formatVersion else {
      throw DecodingError.dataCorruptedError(
        forKey: .format, in: container, debugDescription: "written by a newer version")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(ModelSettings.formatVersion, forKey: .format)
    try container.encode(height, forKey: .height)
    try container.encode(width, forKey: .width)
    try container.encode(hidden, forKey: .hidden)
    try container.encode(decoderHidden, forKey: .decoderHidden)
    try container.encode(latent, forKey: .latent)
    try container.encode(activation, forKey: .activation)
    try container.encode(likelihood, forKey: .likelihood)
    try container.encode(sigma, forKey: .sigma)
  }
}

extension VAE {
  /// Key of the model's settings, as JSON, in a file's metadata.
  static let settingsKey = "selva"
  /// Key of the settings it was trained with.
  static let trainingKey = "selva.training"

  /// Reads a model file (or a checkpoint, which holds a model too).
  ///
  /// - Throws: `FileError`, `StorageError` or `ModelFileError`, each naming the file.
  public convenience init(contentsOf path: String) throws {
    try self.init(Safetensors(contentsOf: path), path: path)
  }

  convenience init(_ file: Safetensors, path: String) throws {
    let settings = try VAE.settings(file, path: path)
    let layout = ParameterLayout(settings)
    let values = Storage(byteCount: layout.count * 4)
    try VAE.fill(values, layout, from: file, prefix: "")
    let pixels = [settings.pixelCount]
    let mean = try file.requireTensor("input.mean", shape: pixels)
    let deviation = try file.requireTensor("input.standard_deviation", shape: pixels)
    if let index = deviation.values.firstIndex(where: { !($0 > 0) }) {
      throw ModelFileError(
        path: path,
        reason: "input.standard_deviation[\(index)] is \(deviation.values[index]); it must be above 0")
    }
    self.init(
      settings: settings, inputMean: mean.values, inputStandardDeviation: deviation.values,
      values: UnsafeBufferPointer(ParameterStore.floats(values)))
  }

  static func settings(_ file: Safetensors, path: String) throws -> ModelSettings {
    guard let text = file.metadata[settingsKey] else {
      throw ModelFileError(
        path: path, reason: "has no '\(settingsKey)' in its metadata; name a model that selva train wrote")
    }
    let settings = try SettingsJSON.decode(
      ModelSettings.self, from: text, path: path, part: "the model's settings")
    if let fault = settings.fault { throw ModelFileError(path: path, reason: "describes \(fault)") }
    return settings
  }

  /// Copies tensors called `prefix` + a parameter's name into a parameter buffer.
  static func fill(_ buffer: Storage, _ layout: ParameterLayout, from file: Safetensors, prefix: String)
    throws
  {
    let all = ParameterStore.floats(buffer)
    for view in layout.views {
      let tensor = try file.requireTensor(prefix + view.name, shape: view.shape)
      for (i, value) in tensor.values.enumerated() { all[view.offset + i] = value }
    }
  }

  /// The settings that the model in `path` was trained with; nil where the file does not say.
  public static func trainingSettings(contentsOf path: String) throws -> TrainingSettings? {
    let file = try Safetensors(contentsOf: path)
    return try file.metadata[trainingKey].map {
      try SettingsJSON.decode(TrainingSettings.self, from: $0, path: path, part: "the training settings")
    }
  }

  /// Writes the model as safetensors, float32, weights as `[out, in]`.
  ///
  /// - Throws: `FileError` when the file cannot be written.
  public func write(to path: String, training: TrainingSettings? = nil) throws {
    try file(training: training).write(to: path)
  }

  func file(training: TrainingSettings?) -> Safetensors {
    let pixels = [settings.pixelCount]
    var tensors = parameters.map { Tensor(name: $0.name, shape: $0.shape, values: $0.values) }
    tensors.append(Tensor(name: "input.mean", shape: pixels, values: inputMean))
    tensors.append(Tensor(name: "input.standard_deviation", shape: pixels, values: inputStandardDeviation))
    var metadata = [VAE.settingsKey: SettingsJSON.encode(settings)]
    if let training { metadata[VAE.trainingKey] = SettingsJSON.encode(training) }
    return Safetensors(tensors: tensors, metadata: metadata)
  }
}
