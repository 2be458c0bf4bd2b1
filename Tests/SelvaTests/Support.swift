import Compute
import Foundation
import IDX

@testable import Networks
@testable import Selva

/// A fixture made by `Tests/References`, with the model that its tensors and metadata describe.
struct Fixture {
  let file: Safetensors
  private let source: SafetensorsFile
  let model: ModelSettings
  let training: TrainingSettings

  init(_ name: String) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "Fixtures")
    let path = folder.appendingPathComponent("\(name).safetensors").path
    let file = try Safetensors(contentsOf: path)
    self.file = file
    source = try SafetensorsFile(path)
    let metadata = file.metadata
    func widths(_ part: String) -> [Int] {
      Array((0...).lazy.map { file["\(part).layers.\($0).bias"]?.shape[0] }.prefix { $0 != nil }.map { $0! })
    }
    let (image, network) = Fixture.network(file)
    model = ModelSettings(
      height: image[0], width: image[1], channels: image[2],
      network: network, hidden: widths("encoder"),
      decoderHidden: widths("decoder").dropLast(metadata["convolution"] == nil ? 0 : 1),
      latent: file["encoder.mean.bias"]!.shape[0],
      activation: Activation(rawValue: metadata["activation"] ?? "selu")!,
      likelihood: metadata["likelihood"] == "gaussian-fixed"
        ? .gaussian : Likelihood(rawValue: metadata["likelihood"]!)!,
      sigma: Double(metadata["standard_deviation"] ?? "0.1")!, prior: Prior(metadata["prior"] ?? "normal")!,
      priorHidden: (metadata["prior_hidden"] ?? "").split(separator: ",").map { Int($0)! },
      priorActivation: Activation(rawValue: metadata["prior_activation"] ?? "silu")!,
      labels: file["labels"] == nil ? [] : [0, 1, 2])
    var training = TrainingSettings()
    training.objective = Objective(rawValue: metadata["objective"] ?? "elbo")!
    training.importanceSamples = Int(metadata["k"] ?? "1")!
    training.beta = Double(metadata["beta"] ?? "1")!
    training.freeBits = Double(metadata["free_bits"] ?? "0")!
    training.weightDecay = Double(metadata["weight_decay"] ?? "0")!
    training.precision = .float32
    self.training = training
  }

  /// Sides and channels of the images, and what reads them.
  private static func network(_ file: Safetensors) -> (image: [Int], NetworkShape) {
    let shape = file["input.mean"]!.shape
    func numbers(_ key: String) -> [Int]? {
      file.metadata[key].map { $0.split(separator: ",").map { Int($0)! } }
    }
    if let layers = numbers("recurrent") { return (shape, .recurrent(Recurrent(layers: layers))) }
    guard let channels = numbers("convolution") else {
      let channels = Int(file.metadata["channels"] ?? "1")!
      return ([2, shape[0] / 2 / channels, channels], .dense)
    }
    return (
      shape,
      .convolution(
        Convolution(
          channels: channels, kernel: Int(file.metadata["kernel"]!)!,
          residualBlocks: Int(file.metadata["residual"]!)!))
    )
  }

  subscript(name: String) -> [Float] { file[name]!.values }

  func number(_ key: String) -> Double { Double(file.metadata[key]!)! }

  var images: ImageSet {
    ImageSet(
      values: self["x"], height: model.height, width: model.width, channels: model.channels,
      labels: file["labels"].map { $0.values.map { UInt8($0) } })
  }

  /// A trainer that starts from the fixture's parameters.
  func trainer(workers: Int = 1, training: TrainingSettings? = nil) throws -> Trainer {
    let trainer = Trainer(
      model: model, training: training ?? self.training, images: images, inputMean: self["input.mean"],
      inputStandardDeviation: self["input.standard_deviation"], group: WorkerGroup(count: workers))
    try VAE.fill(trainer.store.weights, trainer.store.layout, from: source, prefix: "")
    trainer.store.weightsChanged()
    return trainer
  }

  var vae: VAE {
    get throws { vae(of: try trainer()) }
  }

  /// The model that `trainer` has come to.
  func vae(of trainer: Trainer) -> VAE {
    VAE(
      settings: model, inputMean: self["input.mean"],
      inputStandardDeviation: self["input.standard_deviation"],
      values: UnsafeBufferPointer(ParameterStore.floats(trainer.store.weights)))
  }
}

/// Images without any meaning, `[count, height · width · channels]`, the same every time.
func noiseImages(
  _ count: Int, height: Int, width: Int, channels: Int = 1, labels: [UInt8]? = nil
) -> ImageSet {
  let values = RandomStream(seed: 9, .latents).bits(count * height * width * channels).map { word -> Float in
    // A third dark, a third bright, as in drawings.
    [0, 1, Float(word >> 8) * 0x1p-24][Int(word % 3)]
  }
  return ImageSet(values: values, height: height, width: width, channels: channels, labels: labels)
}

/// A new folder, which goes with all others when the tests end.
extension Safetensors {
  /// Makes the values of a tensor as large as a finite number can be.
  mutating func drown(_ name: String) {
    tensors = tensors.map {
      $0.name == name
        ? Tensor(name: name, shape: $0.shape, values: $0.values.map { _ in .greatestFiniteMagnitude }) : $0
    }
  }
}

func temporaryFolder() throws -> String {
  let folder = TemporaryFolders.root.appendingPathComponent(UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  return folder.path
}

private enum TemporaryFolders {
  static let root: URL = {
    atexit { try? FileManager.default.removeItem(at: TemporaryFolders.root) }
    return FileManager.default.temporaryDirectory.appendingPathComponent("selva-\(UUID().uuidString)")
  }()
}
