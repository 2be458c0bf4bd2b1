import Compute
import Files
import IDX
import ImageGrid

/// A training run: epochs, validation, the best model, checkpoints and pictures, in a run directory.
///
/// A run that was stopped and resumed gives the same bytes as one that was not: every random number is a
/// function of where it is used, and the checkpoint holds the rest.
public final class TrainingRun {
  /// What a run reports as it goes.
  public enum Event: Sendable {
    /// After a step, at most some ten times a second.
    case progress(Progress)
    /// After an epoch; `isBest`: no epoch before had a lower validation loss.
    case epoch(EpochMetrics, isBest: Bool)
  }

  /// Where an epoch under way stands.
  public struct Progress: Sendable {
    /// Counted from 1.
    public let epoch: Int
    public let epochs: Int
    public let images: Int
    public let imagesInEpoch: Int
    /// Nats per image, averaged over the epoch so far.
    public let loss: Double
    public let reconstruction: Double
    public let kl: Double
    public let imagesPerSecond: Double
    /// To the end of the last epoch, at this speed.
    public let secondsLeft: Double
  }

  /// How a run ended.
  public enum Outcome: Sendable, Equatable {
    case finished
    /// By patience.
    case stoppedEarly
    /// By `shouldStop`; the checkpoint is written.
    case interrupted
  }

  public let directory: RunDirectory
  public let model: ModelSettings
  public let training: TrainingSettings
  public var metrics: [EpochMetrics] { log.rows }
  /// The model with the least validation loss so far, or the last one before the first validation.
  public private(set) var best: VAE
  /// Command line to record in pictures.
  public var command = ""
  package private(set) var state: TrainingState
  package let data: TrainingData
  private let trainer: Trainer
  private let statistics: (mean: [Float], standardDeviation: [Float])
  private let pictures: RunPictures
  private var log: MetricsLog
  private var lastSave: Double?

  /// A new run in an empty run directory.
  public convenience init(
    directory: RunDirectory, model: ModelSettings, training: TrainingSettings, data: TrainingData
  ) {
    let statistics = DataStatistics(data.training, indices: data.trainingIndices)
    self.init(
      directory: directory, model: model, training: training, data: data,
      statistics: (statistics.inputMean, statistics.inputStandardDeviation),
      log: MetricsLog(path: directory.metrics), best: nil, state: TrainingState(data)
    ) { $0.initialize(model, statistics: statistics, seed: training.seed) }
  }

  /// A new run in an empty run directory that begins with the weights of a trained model, on images of its size:
  /// the same images under another objective, or other images.
  ///
  /// - Throws: `TrainingError.sizesDiffer`.
  public convenience init(
    directory: RunDirectory, startingFrom start: VAE, training: TrainingSettings, data: TrainingData
  ) throws {
    try start.settings.checkSize(of: data.training)
    self.init(
      directory: directory, model: start.settings, training: training, data: data,
      statistics: (start.inputMean, start.inputStandardDeviation), log: MetricsLog(path: directory.metrics),
      best: nil, state: TrainingState(data)
    ) { $0.initialize(start) }
  }

  /// The run that stopped in `directory`, ready to go on.
  ///
  /// - Parameters:
  ///   - epochs: a new total; nil: as it was.
  ///   - data: made by `makeData` from the run's own settings; the same images as before.
  /// - Throws: errors of reading, `TrainingError.sizesDiffer` and `TrainingError.dataChanged`.
  public static func resume(
    _ directory: RunDirectory, epochs: Int? = nil, threads: Int? = nil,
    makeData: (TrainingSettings) throws -> TrainingData
  ) throws -> TrainingRun {
    let checkpoint = try Checkpoint.read(directory.checkpoint)
    var training = checkpoint.training
    if let epochs { training.epochs = epochs }
    if let threads { training.threads = threads }
    let data = try makeData(training)
    let model = checkpoint.model.settings
    try model.checkSize(of: data.training)
    for (images, found, expected) in [
      (data.training, data.trainingIndices.count, checkpoint.state.trainingImages),
      (data.validation, data.validationIndices.count, checkpoint.state.validationImages),
    ] where found != expected {
      throw TrainingError.dataChanged(path: images.path, found: found, expected: expected)
    }
    // A run stopped in its first epoch has none yet.
    var log =
      FileKind.exists(directory.metrics)
      ? try MetricsLog(contentsOf: directory.metrics) : MetricsLog(path: directory.metrics)
    try log.keep(through: checkpoint.state.epoch)
    let best = try? VAE(contentsOf: directory.model)
    var failure: (any Error)?
    let run = TrainingRun(
      directory: directory, model: model, training: training, data: data,
      statistics: (checkpoint.model.inputMean, checkpoint.model.inputStandardDeviation),
      log: log, best: best, state: checkpoint.state
    ) { store in
      do { try checkpoint.restore(store) } catch { failure = error }
    }
    if let failure { throw failure }
    run.lastSave = Stopwatch.now
    return run
  }

  private init(
    directory: RunDirectory, model: ModelSettings, training: TrainingSettings, data: TrainingData,
    statistics: (mean: [Float], standardDeviation: [Float]), log: MetricsLog, best: VAE?,
    state: TrainingState, fill: (ParameterStore) -> Void
  ) {
    self.directory = directory
    self.model = model
    self.training = training
    self.data = data
    self.statistics = statistics
    self.log = log
    self.state = state
    trainer = Trainer(
      model: model, training: training, images: data.training, inputMean: statistics.mean,
      inputStandardDeviation: statistics.standardDeviation,
      group: WorkerGroup(count: training.threads == 0 ? nil : training.threads))
    fill(trainer.store)
    trainer.stepCount = state.stepCount
    pictures = RunPictures(directory, data: data, seed: training.seed, latent: model.latent)
    self.best = best ?? TrainingRun.snapshot(trainer, model, statistics)
  }

  /// Trains until the last epoch, until patience ends, or until `shouldStop` says so.
  ///
  /// - Parameters:
  ///   - shouldStop: asked after every step.
  ///   - report: told of progress.
  /// - Throws: `TrainingError.diverged`, `FileError`.
  public func run(shouldStop: () -> Bool = { false }, report: (Event) -> Void = { _ in }) throws -> Outcome {
    while state.epoch < training.epochs {
      guard try runEpoch(shouldStop: shouldStop, report: report) else {
        try save()
        return .interrupted
      }
      if training.patience > 0 && state.epochsWithoutImprovement >= training.patience { break }
    }
    try save()
    try pictures.finish(best, metrics: metrics, command: command)
    return state.epoch < training.epochs ? .stoppedEarly : .finished
  }

  /// False when stopped before the epoch's end.
  private func runEpoch(shouldStop: () -> Bool, report: (Event) -> Void) throws -> Bool {
    let indices = data.trainingIndices
    let order = RandomStream(seed: training.seed, .order, epoch: state.epoch).permutation(indices.count).map {
      indices[Int($0)]
    }
    let clock = Stopwatch(from: state.seconds)
    var lastReport = clock.seconds
    while state.position < order.count {
      let end = min(order.count, state.position + training.batchSize)
      let progress =
        Double(state.epoch) + (Double(state.position) + Double(end - state.position) / 2)
        / Double(order.count)
      let sums = trainer.step(
        order[state.position..<end], epoch: state.epoch,
        learningRate: training.learningRate(at: progress), beta: training.beta(at: progress))
      guard sums.objective.isFinite else { throw divergence(sums.objective / Double(sums.images)) }
      state.sums += sums
      state.position = end
      state.stepCount = trainer.stepCount
      state.seconds = clock.seconds
      if state.seconds - lastReport > 0.1 {
        lastReport = state.seconds
        report(.progress(progressReport(order.count)))
      }
      if shouldStop() && end < order.count { return false }
    }
    try finishEpoch(report)
    return !shouldStop() || state.epoch == training.epochs
  }

  private func finishEpoch(_ report: (Event) -> Void) throws {
    let current = TrainingRun.snapshot(trainer, model, statistics)
    // Judged by what training minimizes: a model trained on the bound of many samples has a poor ELBO.
    let isBound = training.objective != .elbo
    let evaluation = Evaluator(
      current, binarization: training.binarization, seed: training.seed,
      importanceSamples: isBound ? training.importanceSamples : nil
    ).evaluate(data.validation, indices: data.validationIndices, group: trainer.group)
    let loss = evaluation.objective
    guard loss.isFinite else { throw divergence(loss) }
    let row = EpochMetrics(
      epoch: state.epoch + 1, state: state, validation: evaluation, isBound: isBound,
      learningRate: training.learningRate(at: Double(state.epoch) + 1))
    try log.append(row)
    let isBest = loss < state.bestLoss ?? .infinity
    if isBest {
      best = current
      state.bestLoss = loss
    }
    state.epochsWithoutImprovement = isBest ? 0 : state.epochsWithoutImprovement + 1
    state.epoch += 1
    state.position = 0
    state.sums = LossSums()
    state.seconds = 0
    if lastSave.map({ Stopwatch.now - $0 > 2 }) ?? true { try save() }
    if training.sampleEvery > 0 && state.epoch % training.sampleEvery == 0 {
      try pictures.sample(current, epoch: state.epoch, command: command)
    }
    report(.epoch(row, isBest: isBest))
  }

  /// The best model, then the checkpoint: a checkpoint on disk always has its best model beside it.
  private func save() throws {
    try best.write(to: directory.model, training: training)
    try Checkpoint.write(
      trainer.store, model: TrainingRun.snapshot(trainer, model, statistics, averaged: false),
      training: training,
      state: state, to: directory.checkpoint)
    lastSave = Stopwatch.now
  }

  private static func snapshot(
    _ trainer: Trainer, _ model: ModelSettings, _ statistics: (mean: [Float], standardDeviation: [Float]),
    averaged: Bool = true
  ) -> VAE {
    let weights = averaged ? trainer.store.average ?? trainer.store.weights : trainer.store.weights
    return VAE(
      settings: model, inputMean: statistics.mean, inputStandardDeviation: statistics.standardDeviation,
      values: UnsafeBufferPointer(ParameterStore.floats(weights)))
  }

  private func divergence(_ loss: Double) -> TrainingError {
    .diverged(
      epoch: state.epoch + 1, step: state.position / training.batchSize + 1, loss: loss,
      checkpoint: lastSave == nil ? nil : directory.checkpoint)
  }

  private func progressReport(_ imagesInEpoch: Int) -> Progress {
    let images = Double(state.sums.images)
    let speed = images / max(state.seconds, 1e-9)
    let left = (training.epochs - state.epoch) * imagesInEpoch - state.position
    return Progress(
      epoch: state.epoch + 1, epochs: training.epochs, images: state.position, imagesInEpoch: imagesInEpoch,
      loss: EpochMetrics.loss(state.sums, isBound: training.objective != .elbo),
      reconstruction: state.sums.reconstruction / images, kl: state.sums.kl / images, imagesPerSecond: speed,
      secondsLeft: Double(left) / speed)
  }
}

extension TrainingState {
  /// Before the first step on `data`.
  fileprivate init(_ data: TrainingData) {
    self.init()
    trainingImages = data.trainingIndices.count
    validationImages = data.validationIndices.count
  }
}

extension EpochMetrics {
  /// −ELBO, or the importance-weighted bound, in nats per image.
  static func loss(_ sums: LossSums, isBound: Bool) -> Double {
    (isBound ? sums.objective : sums.reconstruction + sums.kl) / Double(sums.images)
  }

  init(epoch: Int, state: TrainingState, validation: Evaluation, isBound: Bool, learningRate: Double) {
    let images = Double(state.sums.images)
    self.init(
      epoch: epoch, trainLoss: EpochMetrics.loss(state.sums, isBound: isBound),
      trainReconstruction: state.sums.reconstruction / images, trainKL: state.sums.kl / images,
      validationLoss: validation.objective, validationReconstruction: validation.reconstruction,
      validationKL: validation.kl, learningRate: learningRate, seconds: state.seconds,
      imagesPerSecond: images / max(state.seconds, 1e-9))
  }
}
