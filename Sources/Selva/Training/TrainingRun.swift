import Charts
import Compute
import Files
import IDX
import ImageGrid
import Networks
import Ranks

/// A training run: epochs, validation, the best model, checkpoints and pictures, in a run directory.
///
/// A run that was stopped and resumed gives the same bytes as one that was not: every random number is a
/// function of where it is used, and the checkpoint holds the rest.
public final class TrainingRun {
  /// The folder that the run writes to.
  public let directory: RunDirectory
  /// What is trained.
  public let model: ModelSettings
  /// How it is trained.
  public let training: TrainingSettings
  /// One row for each epoch that is done, ascending.
  public var metrics: [EpochMetrics] { log.rows }
  /// Validation loss, in nats per image, of the model that the run began with; nil where it began with none.
  public var startLoss: Double? { state.startLoss }
  /// The model with the least validation loss so far, or the last one before the first validation.
  public private(set) var best: VAE
  /// Command line to record in pictures; a resumed run has that which began it.
  public var command: String {
    get { state.command ?? "" }
    set { state.command = newValue.isEmpty ? nil : newValue }
  }
  /// Where the images lie, for who goes on with the run: the files that they were read from, unless it is set.
  package var paths: DataPaths
  /// Where the model lies that it begins with, for config.json; nil where that is not known, or where it begins anew.
  package var startPath: String?
  package private(set) var state: TrainingState
  package let data: TrainingData
  /// The processes that train this model together. To be set before the run, which then writes on rank 0 alone.
  package var ranks: any RankGroup {
    get { trainer.ranks }
    set { trainer.ranks = newValue }
  }
  private lazy var notes = StepNotes(ranks)
  var store: ParameterStore { trainer.store }
  private let trainer: Trainer
  private let statistics: (mean: [Float], standardDeviation: [Float])
  var pictures: RunPictures
  /// The model that a new run begins with, until it is evaluated.
  private var start: VAE?
  private var log: MetricsLog
  /// When this process wrote the last checkpoint, or took one up; nil before. The first has no model beside it.
  private var lastSave: Double?
  private var lastModelSave: Double?

  /// A new run.
  ///
  /// Nothing is trained or written yet. Settings are taken as they are: ask for their ``ModelSettings/fault`` and
  /// ``TrainingSettings/fault(for:)`` first. Images of another size than the model's are a programmer's fault.
  ///
  /// - Parameters:
  ///   - directory: made by ``RunDirectory/create(at:)`` or ``RunDirectory/create(in:)``, which hold it.
  ///   - model: for images of the data's size, with the data's labels or without any.
  ///   - training: how long, how fast and by which objective.
  ///   - data: what to learn from, and what to be validated on.
  public convenience init(
    directory: RunDirectory, model: ModelSettings, training: TrainingSettings, data: TrainingData
  ) {
    let statistics = DataStatistics(data.training, indices: data.trainingIndices)
    self.init(
      directory: directory, model: model, training: training, data: data,
      statistics: (statistics.inputMean, statistics.inputStandardDeviation),
      log: MetricsLog(path: directory.metrics), best: nil, state: TrainingState(data)
    ) { $0.initialize(statistics, indices: data.trainingIndices) }
  }

  /// A new run that begins with the weights of a trained model, on images of its size: the same images under another
  /// objective, other images, or another prior.
  ///
  /// - Parameters:
  ///   - directory: made by ``RunDirectory/create(at:)`` or ``RunDirectory/create(in:)``, which hold it.
  ///   - start: the model to begin with; what it standardizes its input with stays too.
  ///   - model: those of `start`, but for the prior; nil: with the prior too.
  ///   - training: how long, how fast and by which objective.
  ///   - data: what to learn from, and what to be validated on.
  /// - Throws: `TrainingError.sizesDiffer`, `LabelError`.
  public convenience init(
    directory: RunDirectory, startingFrom start: VAE, model: ModelSettings? = nil,
    training: TrainingSettings, data: TrainingData
  ) throws {
    let model = model ?? start.settings
    try model.checkSize(of: data.training)
    try data.checkLabels(for: model)
    self.init(
      directory: directory, model: model, training: training, data: data,
      statistics: (start.inputMean, start.inputStandardDeviation), log: MetricsLog(path: directory.metrics),
      best: nil, state: TrainingState(data)
    ) { trainer in
      if model != start.settings {
        trainer.initialize(
          DataStatistics(data.training, indices: data.trainingIndices), indices: data.trainingIndices)
      }
      trainer.store.take(start)
    }
    self.start = start
  }

  /// The run whose `checkpoint` is to go on.
  convenience init(
    _ directory: RunDirectory, going checkpoint: Checkpoint.Content, training: TrainingSettings,
    data: TrainingData, log: MetricsLog, best: VAE?, state: TrainingState
  ) throws {
    var failure: (any Error)?
    self.init(
      directory: directory, model: checkpoint.model.settings, training: training, data: data,
      statistics: (checkpoint.model.inputMean, checkpoint.model.inputStandardDeviation),
      log: log, best: best, state: state
    ) { trainer in
      do { try checkpoint.restore(trainer.store) } catch { failure = error }
    }
    if let failure { throw failure }
    lastSave = Stopwatch.now
    lastModelSave = lastSave
  }

  private init(
    directory: RunDirectory, model: ModelSettings, training: TrainingSettings, data: TrainingData,
    statistics: (mean: [Float], standardDeviation: [Float]), log: MetricsLog, best: VAE?,
    state: TrainingState, fill: (Trainer) -> Void
  ) {
    (self.directory, self.model, self.training, self.data) = (directory, model, training, data)
    paths = DataPaths(data)
    self.statistics = statistics
    self.log = log
    self.state = state
    trainer = Trainer(
      model: model, training: training, images: data.training, inputMean: statistics.mean,
      inputStandardDeviation: statistics.standardDeviation,
      group: WorkerGroup(count: training.threads == 0 ? nil : training.threads))
    fill(trainer)
    trainer.stepCount = state.stepCount
    pictures = RunPictures(directory, data: data, seed: training.seed)
    self.best = best ?? trainer.snapshot(statistics)
  }

  /// Whether all epochs are done, or patience has ended them.
  public var isTrained: Bool { state.epoch >= training.epochs || state.hasUsedUpPatience(of: training) }

  /// Whether nothing is left to do but what nobody has asked for.
  public var isFinished: Bool { isTrained && pictures.areFinished(epoch: state.epoch) }

  /// Trains until the last epoch, until patience ends, or until `shouldStop` says so, and leaves a checkpoint in any
  /// case: one stands before the first step.
  ///
  /// A new run leaves its settings too, so that `selva train --resume` goes on with it.
  ///
  /// - Parameters:
  ///   - report: told of progress.
  ///   - shouldStop: asked after every step.
  ///   - shouldSave: asked after every step; a checkpoint is written where it says so.
  /// - Returns: why it ended.
  /// - Throws: `TrainingError.diverged` and `.changedUnderway`, `FileError`, and another ``Fault`` where no
  ///   chart can be drawn.
  @discardableResult
  public func run(
    report: (Event) -> Void = { _ in }, shouldStop: () -> Bool = { false },
    shouldSave: () -> Bool = { false }
  ) throws -> Outcome {
    try ranks.first {
      // Better now than after the first hours.
      try ChartFile.checkLibrary()
      if lastSave == nil { try writeConfiguration() }
    }
    if let start {
      let loss = try validate(start).objective
      state.startLoss = loss.isFinite ? loss : nil
      self.start = nil
    }
    try ranks.first { if lastSave == nil { try saveCheckpoint() } }
    while !isTrained {
      guard try runEpoch(shouldStop: shouldStop, shouldSave: shouldSave, report: report) else {
        try collect()
        try ranks.first {
          try save()
          try pictures.curves(metrics, command: command)
        }
        return .interrupted
      }
    }
    try ranks.first {
      try save()
      try pictures.finish(best, epoch: state.epoch, metrics: metrics, command: command)
    }
    return state.epoch < training.epochs ? .stoppedEarly : .finished
  }

  /// False when stopped before the epoch's end.
  private func runEpoch(
    shouldStop: () -> Bool, shouldSave: () -> Bool, report: (Event) -> Void
  ) throws -> Bool {
    let indices = data.trainingIndices
    let order = RandomStream(seed: training.seed, .order, epoch: state.epoch).permutation(indices.count).map {
      indices[Int($0)]
    }
    let clock = Stopwatch(from: state.seconds)
    var lastReport = clock.seconds
    while state.position < order.count {
      let wishes = try step(order) { StepWishes(stop: shouldStop(), save: shouldSave()) }
      state.seconds = clock.seconds
      if state.seconds - lastReport > 0.1 {
        lastReport = state.seconds
        report(.progress(Progress(state, training, imagesInEpoch: order.count)))
      }
      if wishes.save {
        try collect()
        try ranks.first { try save() }
        report(.saved)
      }
      if wishes.stop && state.position < order.count { return false }
    }
    try finishEpoch(report)
    return !ranks.any(shouldStop()) || isTrained
  }

  /// The next batch of `order`. Returns what anybody on any rank wishes after it.
  private func step(_ order: [Int32], _ wishes: () -> StepWishes) throws -> StepWishes {
    let end = min(order.count, state.position + training.batchSize)
    let progress =
      Double(state.epoch) + (Double(state.position) + Double(end - state.position) / 2)
      / Double(order.count)
    let sums = trainer.step(
      order[state.position..<end], epoch: state.epoch,
      learningRate: training.learningRate(at: progress), beta: training.beta(at: progress))
    guard let (sums, wishes) = notes.share(sums, wishes) else { throw try stopped(by: data.training) }
    guard sums.objective.isFinite else { throw divergence(sums.objective / Double(sums.images)) }
    state.sums += sums
    state.position = end
    state.stepCount = trainer.stepCount
    return wishes
  }

  private func finishEpoch(_ report: (Event) -> Void) throws {
    try collect()
    let current = trainer.snapshot(statistics)
    let evaluation = try validate(current)
    let loss = evaluation.objective
    guard loss.isFinite else { throw divergence(loss) }
    let row = EpochMetrics(
      epoch: state.epoch + 1, state: state, validation: evaluation, isBound: training.objective != .elbo,
      learningRate: training.learningRate(at: Double(state.epoch) + 1))
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
    try ranks.first { try write(row, current) }
    report(.epoch(row, isBest: isBest))
  }

  /// What an epoch leaves.
  private func write(_ row: EpochMetrics, _ current: VAE) throws {
    try log.append(row)
    // Before the checkpoint, after which a run that is resumed would not make it again.
    try recorder?.record(row, beta: training.beta(at: Double(state.epoch)))
    if training.sampleEvery > 0 && state.epoch % training.sampleEvery == 0 {
      try pictures.sample(current, epoch: state.epoch, command: command)
      try pictures.curves(metrics, command: command)
    }
    if Stopwatch.now - (lastModelSave ?? -.infinity) > 2 { try save() }
  }

  /// Brings to all ranks what only one of them keeps up to date.
  private func collect() throws {
    if let rank = trainer.collect() {
      throw TrainingError.ranksDiffer(rank: rank, epoch: state.epoch + 1, checkpoint: directory.checkpoint)
    }
  }

  /// Judged by what training minimizes: a model trained on the bound of many samples has a poor ELBO.
  private func validate(_ model: VAE) throws -> Evaluation {
    var evaluator = Evaluator(
      model, binarization: training.binarization, seed: training.seed,
      importanceSamples: training.objective == .elbo ? nil : training.importanceSamples)
    evaluator.ranks = ranks
    let evaluation = evaluator.evaluate(
      data.validation, indices: data.validationIndices, group: trainer.group)
    guard !ranks.any(!data.validation.isIntact || MappedFile.isAnyCut) else {
      throw try stopped(by: data.validation)
    }
    return evaluation
  }

  /// The best model, then the checkpoint: a checkpoint on disk always has its best model beside it. Before the first
  /// validation, the model is the last one.
  private func save() throws {
    if state.bestLoss == nil { best = trainer.snapshot(statistics) }
    try best.write(to: directory.model, training: training)
    try saveCheckpoint()
    lastModelSave = lastSave
  }

  private func saveCheckpoint() throws {
    if state.trainingFingerprint == nil { state.note(data, of: model) }
    state.metricsChecksum = log.checksum(through: state.epoch)
    if state.stepCount > 0 { try AtomicFile.keep(directory.checkpoint, as: directory.previousCheckpoint) }
    try Checkpoint.write(
      trainer.store, model: trainer.snapshot(statistics, averaged: false),
      training: training,
      state: state, to: directory.checkpoint)
    lastSave = Stopwatch.now
  }

  /// Saves all that was done before `images`, or a file that was read with them, was changed.
  private func stopped(by images: ImageSet) throws -> TrainingError {
    // The file is noticed, and the checkpoint holds nothing of it: it may be written.
    MappedFile.forgetCuts()
    // Of several ranks, others have taken the step.
    if state.stepCount > 0, ranks.count == 1 { try save() }
    return .changedUnderway(path: images.path, epoch: state.epoch + 1, checkpoint: directory.checkpoint)
  }

  private func divergence(_ loss: Double) -> TrainingError {
    .diverged(
      epoch: state.epoch + 1, step: state.position / training.batchSize + 1, loss: loss,
      checkpoint: lastModelSave == nil ? nil : directory.checkpoint)
  }
}
