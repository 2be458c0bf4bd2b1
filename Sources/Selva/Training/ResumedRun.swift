import Files

extension TrainingRun {
  /// The run that stopped in `directory`, ready to go on, or to make the pictures that it did not come to.
  ///
  /// - Parameters:
  ///   - directory: where the run's checkpoint is.
  ///   - epochs: a new total; nil: as it was.
  ///   - threads: worker threads, 0 for one a processor; nil: as it was.
  ///   - acceptChangedData: go on with other pixels and labels than those before.
  ///   - makeData: makes, from the run's own settings, the data that it had before.
  /// - Throws: errors of reading, `FileError` where another process trains in `directory`, `TrainingError.sizesDiffer`,
  ///   `.dataChanged`, `.pixelsChanged` and `.brokenFile`, `LabelError`, `MemoryFault`.
  public static func resume(
    _ directory: RunDirectory, epochs: Int? = nil, threads: Int? = nil, acceptChangedData: Bool = false,
    makeData: (TrainingSettings) throws -> TrainingData
  ) throws -> TrainingRun {
    let directory = try directory.held()
    directory.clearLeftovers()
    let checkpoint = try checkpoint(of: directory)
    var training = checkpoint.training
    var state = checkpoint.state
    if let epochs, epochs != training.epochs {
      training.epochs = epochs
      // Who asks for more does not want to be stopped by the patience that is used up.
      if state.hasUsedUpPatience(of: training) { state.epochsWithoutImprovement = 0 }
    }
    if let threads { training.threads = threads }
    let data = try makeData(training)
    try checkpoint.model.settings.checkSize(of: data.training)
    try data.checkLabels(for: checkpoint.model.settings)
    // Of the model that the checkpoint holds: config.json may say another one, and nothing is made from that.
    try MemoryNeed.training(checkpoint.model.settings, training, data).check()
    try state.compare(with: data, of: checkpoint.model.settings, acceptsOthers: acceptChangedData)
    let best = try best(of: directory)
    if best == nil { state.bestLoss = nil }
    let log = try log(of: directory, state)
    return try TrainingRun(
      directory, going: checkpoint, training: training, data: data, log: log, best: best, state: state)
  }

  private static func checkpoint(of directory: RunDirectory) throws -> Checkpoint.Content {
    do {
      return try Checkpoint.read(directory.checkpoint)
    } catch let fault as any Fault where fault.category == .badData {
      guard (try? Checkpoint.read(directory.previousCheckpoint)) != nil else { throw fault }
      throw TrainingError.brokenFile(
        reason: fault.description,
        fix: "to go on from the one before it, rename \(directory.previousCheckpoint) to this name")
    }
  }

  /// The epochs up to where the run stands; none where it was stopped in its first.
  private static func log(of directory: RunDirectory, _ state: TrainingState) throws -> MetricsLog {
    guard try !directory.isGuest && !FileKind.isMissing(directory.metrics) else {
      return MetricsLog(path: directory.metrics)
    }
    let fix = "or remove it: the run then goes on, and its curves begin here"
    do {
      var log = try MetricsLog(contentsOf: directory.metrics)
      if let checksum = state.metricsChecksum, log.checksum(through: state.epoch) != checksum {
        throw TrainingError.brokenFile(
          reason: "\(directory.metrics): holds other figures than the run has written; put them back",
          fix: fix)
      }
      try log.keep(through: state.epoch)
      return log
    } catch let fault as any Fault where fault.category == .badData && !(fault is TrainingError) {
      throw TrainingError.brokenFile(reason: fault.description, fix: fix)
    }
  }

  /// The best model so far; nil where there is none.
  private static func best(of directory: RunDirectory) throws -> VAE? {
    guard try !FileKind.isMissing(directory.model) else { return nil }
    do {
      return try VAE(contentsOf: directory.model)
    } catch let fault as any Fault {
      throw TrainingError.brokenFile(
        reason: fault.description,
        fix: "or remove it: the run then goes on, and keeps the best model from here on")
    }
  }
}

extension TrainingState {
  /// Before the first step on `data`.
  init(_ data: TrainingData) {
    self.init()
    trainingImages = data.trainingIndices.count
    validationImages = data.validationIndices.count
  }

  /// Whether so many epochs in a row have brought nothing better that training ends.
  func hasUsedUpPatience(of training: TrainingSettings) -> Bool {
    training.patience > 0 && epochsWithoutImprovement >= training.patience
  }

  /// - Throws: `TrainingError.dataChanged` where there are more or fewer images than there were, `.pixelsChanged` where
  ///   there are other pixels, `LabelError.changed` where `model` has labels and there are others. Where these are
  ///   accepted, they are the run's from now on.
  fileprivate mutating func compare(with data: TrainingData, of model: ModelSettings, acceptsOthers: Bool)
    throws
  {
    for (images, found, expected) in [
      (data.training, data.trainingIndices.count, trainingImages),
      (data.validation, data.validationIndices.count, validationImages),
    ] where found != expected {
      throw TrainingError.dataChanged(path: images.path, found: found, expected: expected)
    }
    let before = self
    note(data, of: model)
    guard !acceptsOthers else { return }
    for (images, found, expected) in [
      (data.training, trainingFingerprint, before.trainingFingerprint),
      (data.validation, validationFingerprint, before.validationFingerprint),
    ] where expected != nil && found != expected {
      throw TrainingError.pixelsChanged(path: images.path)
    }
    for (images, found, expected) in [
      (data.training, trainingLabels, before.trainingLabels),
      (data.validation, validationLabels, before.validationLabels),
    ] where expected != nil && found != expected {
      throw LabelError.changed(path: images.labelsPath ?? images.path)
    }
  }

  /// Takes down which data the run learns from. Reads all pixels.
  mutating func note(_ data: TrainingData, of model: ModelSettings) {
    (trainingFingerprint, validationFingerprint) = data.fingerprints
    if !model.labels.isEmpty { (trainingLabels, validationLabels) = data.labelFingerprints }
  }
}

extension TrainingData {
  /// Of the pixels of both sets. Reads them all.
  var fingerprints: (training: UInt32, validation: UInt32) {
    let first = training.fingerprint
    return (first, validation === training ? first : validation.fingerprint)
  }
}
