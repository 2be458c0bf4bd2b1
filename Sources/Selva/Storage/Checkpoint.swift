import Compute
import Networks

/// Where a run stands: everything that resuming needs beside the parameters and moments.
package struct TrainingState: Codable, Sendable, Equatable {
  /// Epochs finished.
  package var epoch = 0
  /// Images seen in the epoch under way.
  package var position = 0
  /// Steps taken in all.
  package var stepCount = 0
  /// Sums of the epoch under way.
  package var sums = LossSums()
  /// Seconds spent in the epoch under way.
  package var seconds = 0.0
  /// The least validation loss so far; nil before the first.
  package var bestLoss: Double?
  package var epochsWithoutImprovement = 0
  /// How many images the run learns from and is validated on, to notice other data on resuming.
  package var trainingImages = 0
  package var validationImages = 0
  /// Of their pixels; nil in checkpoints of version 1.0.
  package var trainingFingerprint: UInt32?
  package var validationFingerprint: UInt32?
  /// Of their labels; nil where the model has none.
  package var trainingLabels: UInt32?
  package var validationLabels: UInt32?
  /// Of the losses in metrics.csv through `epoch`, and the command line that began the run; nil in checkpoints of version 1.0.
  package var metricsChecksum: UInt32?
  package var command: String?
  /// Validation loss of the model that the run began with; nil where it began with none.
  package var startLoss: Double?

  package init() {}
}

/// A checkpoint: parameters, moments, running average, settings and state in one file.
enum Checkpoint {
  private static let stateKey = "selva.state"
  private static let first = "adam.first."
  private static let second = "adam.second."
  private static let average = "average."

  static func write(
    _ store: ParameterStore, model: VAE, training: TrainingSettings, state: TrainingState, to path: String
  ) throws {
    var file = model.file(training: training)
    file.metadata[stateKey] = SettingsJSON.encode(state)
    var buffers = [(first, store.firstMoment), (second, store.secondMoment)]
    if let average = store.average { buffers.append((Checkpoint.average, average)) }
    for (prefix, buffer) in buffers {
      let all = ParameterStore.floats(buffer)
      file.tensors += store.layout.views.map {
        Tensor(name: prefix + $0.name, shape: $0.shape, values: Array(all[$0.range]))
      }
    }
    try file.write(to: path)
  }

  struct Content {
    let file: SafetensorsFile
    let model: VAE
    let training: TrainingSettings
    let state: TrainingState

    /// Puts parameters and moments in place.
    func restore(_ store: ParameterStore) throws {
      try VAE.fill(store.weights, store.layout, from: file, prefix: "")
      try VAE.fill(store.firstMoment, store.layout, from: file, prefix: first)
      try VAE.fill(store.secondMoment, store.layout, from: file, prefix: second)
      if let average = store.average {
        try VAE.fill(average, store.layout, from: file, prefix: Checkpoint.average)
      }
      store.weightsChanged()
    }
  }

  /// Reads a checkpoint, and looks through all of it: what is refused is refused here.
  ///
  /// - Throws: `FileError`, `StorageError` or `ModelFileError`, each naming the file.
  static func read(_ path: String) throws -> Content {
    let file = try SafetensorsFile(path)
    guard let training = try VAE.trainingSettings(file), let text = file.metadata[stateKey] else {
      throw ModelFileError(
        path: path, reason: "is no checkpoint; name a run directory that holds checkpoint.safetensors")
    }
    let state = try SettingsJSON.decode(
      TrainingState.self, from: text, path: path, part: "the training state")
    if let fault = state.fault {
      throw ModelFileError(path: path, reason: "has a training state that no run comes to: \(fault)")
    }
    let prefixes = training.averageDecay > 0 ? [first, second, average] : [first, second]
    let layout = try VAE.layout(of: file).parameters
    for prefix in prefixes { try VAE.requireTensors(of: layout, in: file, prefix: prefix) }
    let model = try VAE(file)
    for prefix in prefixes { try checkValues(file, layout, prefix: prefix) }
    return Content(file: file, model: model, training: training, state: state)
  }

  private static func checkValues(
    _ file: SafetensorsFile, _ layout: ParameterLayout, prefix: String
  ) throws {
    for view in layout.views {
      let entry = try file.require(prefix + view.name, shape: view.shape)
      let values = try file.finiteValues(of: entry)
      // A mean of squares: its root is taken at every step.
      if prefix == second, let index = values.firstIndex(where: { $0 < 0 }) {
        throw file.broken(
          entry, index, "holds \(values[index]), and a mean of squares cannot be below 0",
          fix: "use a checkpoint that Selva wrote")
      }
    }
  }
}
