import Compute
import Files
import Foundation

@testable import Networks
@testable import Selva

/// Small files of Selva's own, to be damaged.
enum ModelFixture {
  static let model = ModelSettings(
    height: 2, width: 1, hidden: [2], decoderHidden: [], latent: 1, likelihood: .gaussianLearned)

  static var training: TrainingSettings {
    var training = TrainingSettings()
    training.averageDecay = 0.9
    return training
  }

  /// In the middle of the third epoch.
  static var state: TrainingState {
    var state = TrainingState()
    state.epoch = 2
    state.position = 128
    state.stepCount = 9
    state.sums.objective = 3
    state.sums.reconstruction = 2
    state.sums.kl = 1
    state.sums.images = 128
    state.seconds = 0.5
    state.bestLoss = 0.25
    state.epochsWithoutImprovement = 1
    state.trainingImages = 400
    state.validationImages = 40
    return state
  }

  static func store() -> ParameterStore {
    let store = ParameterStore(ModelLayout(model).parameters, elementType: .float32, keepsAverage: true)
    for (sample, storage) in [store.weights, store.firstMoment, store.secondMoment, store.average]
      .enumerated()
    {
      guard let buffer = storage.map(ParameterStore.floats), let start = buffer.baseAddress else { continue }
      RandomStream(seed: 1, .initialization, sample: sample).normals(into: start, count: buffer.count)
      if sample == 2 { for i in buffer.indices { buffer[i] *= buffer[i] } }
    }
    return store
  }

  static func vae(_ store: ParameterStore) -> VAE {
    VAE(
      settings: model, inputMean: [0.5, 0.25], inputStandardDeviation: [0.3, 0.3],
      values: UnsafeBufferPointer(ParameterStore.floats(store.weights)))
  }

  static func writeModel(to path: String) throws { try vae(store()).write(to: path, training: training) }

  static func writeCheckpoint(to path: String) throws {
    let store = store()
    try Checkpoint.write(store, model: vae(store), training: training, state: state, to: path)
  }

  /// Everything that the program takes from a model file, as text to compare.
  static func content(ofModel path: String) throws -> String {
    let model = try VAE(contentsOf: path)
    let training = try VAE.trainingSettings(contentsOf: path)
    return "\(describe(model)) \(training.map { "\($0)" } ?? "")"
  }

  /// Everything that resuming takes from a checkpoint.
  static func content(ofCheckpoint path: String) throws -> String {
    let content = try Checkpoint.read(path)
    let store = store()
    try content.restore(store)
    let buffers = [store.weights, store.firstMoment, store.secondMoment, store.average].compactMap { $0 }
    let bits = buffers.map { ParameterStore.floats($0).map(\.bitPattern) }
    return "\(describe(content.model)) \(content.training) \(content.state) \(bits)"
  }

  private static func describe(_ model: VAE) -> String {
    let bits = model.parameters.map { ($0.name, $0.shape, $0.values.map(\.bitPattern)) }
    return "\(model.settings) \(bits) \(model.inputMean) \(model.inputStandardDeviation)"
  }

  /// Rewrites a file with other metadata or tensors, and the checksum that belongs to them.
  static func change(_ path: String, _ change: (inout Safetensors) -> Void) throws {
    var file = try Safetensors(contentsOf: path)
    change(&file)
    try file.write(to: path)
  }

  /// Sets one number of a tensor.
  static func change(_ path: String, _ name: String, at index: Int, to value: Float) throws {
    try change(path) { file in
      guard let number = file.tensors.firstIndex(where: { $0.name == name }) else { return }
      var values = file.tensors[number].values
      values[index] = value
      file.tensors[number] = Tensor(name: name, shape: file.tensors[number].shape, values: values)
    }
  }

  /// Sets a member of the settings that lie as JSON under `key`.
  static func change(_ path: String, _ key: String, _ member: String, to json: String) throws {
    try change(path) { file in
      let text = file.metadata[key] ?? "{}"
      guard let start = text.range(of: "\"\(member)\":")?.upperBound else {
        file.metadata[key] = "{\"\(member)\":\(json)," + text.dropFirst()
        return
      }
      // Up to the comma or brace after the value, which is a number, a word, or a list of numbers.
      let rest = text[start...]
      let isList = rest.first == "["
      let end = rest.firstIndex { isList ? $0 == "]" : $0 == "," || $0 == "}" } ?? rest.endIndex
      file.metadata[key] = text[..<start] + json + rest[end...].dropFirst(isList ? 1 : 0)
    }
  }
}
