import Compute
import Files
import Selva

/// What `train` tells a person on standard error: a line for each epoch, and on a terminal a live
/// one below them.
struct TrainReport {
  private let isQuiet: Bool
  private let run: TrainingRun
  private var line: ProgressLine
  private let clock = Stopwatch()
  private var validation: Double?

  init(isQuiet: Bool, run: TrainingRun) {
    self.isQuiet = isQuiet
    self.run = run
    line = ProgressLine(isShown: !isQuiet)
    validation = run.metrics.last?.validationLoss
  }

  /// What is trained on what.
  func begin() {
    let (model, data) = (run.model, run.data)
    let start =
      run.metrics.last.map { "\(run.isTrained ? "ending" : "going on") after epoch \($0.epoch)" }
      ?? "training"
    let training = data.training.path
    let held = data.validation.path == training ? "held out" : "of \(FilePath.name(data.validation.path))"
    let parameters = Format.grouped(model.parameterCount)
    let threads = run.training.threads == 0 ? WorkerGroup.processorCount : run.training.threads
    let workers = Format.threads(threads)
    let ranks = run.ranks.count
    let parts = [
      "\(start) on \(Format.grouped(data.trainingIndices.count)) images (\(model.shape)) of "
        + FilePath.name(training),
      "validation on \(Format.grouped(data.validationIndices.count)) \(held)",
      "layers \(SettingText.layers(of: model))", model.activation.rawValue,
    ]
    let batch = run.training.batchSize
    let isAsEver = model.network == .dense || batch == TrainingSettings().batchSize
    let batches = isAsEver ? [] : ["batches of \(batch)"]
    let rest = [
      "\(parameters) parameters",
      ranks == 1 ? workers : "\(ranks) ranks of \(workers)", "into \(run.directory.path)",
    ]
    let prior = model.prior == .normal ? [] : ["prior \(model.prior.text)"]
    let count = model.labels.count
    let labels = count == 0 ? [] : ["conditioned on \(count) \(count == 1 ? "label" : "labels")"]
    message((parts + prior + labels + batches + rest).joined(separator: ", "))
  }

  mutating func show(_ event: TrainingRun.Event) {
    switch event {
    case .progress(let progress): draw(ProgressText(progress, validation: validation))
    case .epoch(let row, let isBest):
      validation = row.validationLoss
      let text = ProgressText(row, epochs: run.training.epochs)
      if Console.isTerminal {
        line.leave(text.finished(isBest: isBest))
      } else {
        message(text.full + (isBest ? ", best so far" : ""))
      }
    case .saved:
      line.clear()
      message("checkpoint written to \(run.directory.checkpoint)")
    }
  }

  /// Takes the live line away.
  mutating func clear() { line.clear() }

  /// What came of it, and where it lies.
  mutating func end(_ outcome: TrainingRun.Outcome) {
    clear()
    let directory = run.directory
    if outcome == .interrupted {
      message(
        "stopped in epoch \((run.metrics.last?.epoch ?? 0) + 1) of \(run.training.epochs), checkpoint written; "
          + "go on with: selva train --resume \(CommandLineText.quoted(directory.path))")
      return
    }
    if outcome == .stoppedEarly {
      message(
        "stopped early after epoch \(run.metrics.last?.epoch ?? 0): \(run.training.patience) epochs without a "
          + "better validation loss")
    }
    let best = run.metrics.best.map { (epoch: $0.epoch, loss: $0.validationLoss ?? 0) }
    let loss = best.map { "best validation loss \(Format.fixed($0.loss)) in epoch \($0.epoch), " } ?? ""
    if let start = run.startLoss, let best {
      let gain = start - best.loss
      message(
        "the model that it began with has \(Format.fixed(start)) on the same images: "
          + (gain > 0 ? "\(Format.fixed(gain)) nats gained" : "nothing gained"))
    }
    message(
      "\(loss)\(Format.duration(clock.seconds)); wrote \(directory.path)/ with model.safetensors, metrics.csv, "
        + "curves.png, samples.png and reconstructions.png"
        + (run.recorder == nil
          ? "" : "; see it with: tensorboard --logdir \(CommandLineText.quoted(directory.path))"))
  }

  private mutating func draw(_ text: ProgressText) { line.draw(text.candidates) }

  private func message(_ text: String) {
    if !isQuiet { Console.message(text) }
  }
}

/// Where a run stands, in as many words as there is room for. What is validated stays the longest: it is what one decides by.
struct ProgressText {
  private let epoch: String
  private let loss: String
  private let parts: String
  /// Of the same numbers, shorter.
  private let shortParts: String
  private let validation: String
  private let speed: String
  private let left: String

  init(_ progress: TrainingRun.Progress, validation: Double?) {
    self.init(
      epoch: progress.epoch, epochs: progress.epochs,
      losses: (progress.loss, progress.reconstruction, progress.kl), validation: validation,
      imagesPerSecond: progress.imagesPerSecond, secondsLeft: progress.secondsLeft)
  }

  init(_ row: EpochMetrics, epochs: Int) {
    self.init(
      epoch: row.epoch, epochs: epochs, losses: (row.trainLoss, row.trainReconstruction, row.trainKL),
      validation: row.validationLoss, imagesPerSecond: row.imagesPerSecond,
      secondsLeft: Double(epochs - row.epoch) * row.seconds)
  }

  private init(
    epoch: Int, epochs: Int, losses: (loss: Double, reconstruction: Double, kl: Double), validation: Double?,
    imagesPerSecond: Double, secondsLeft: Double
  ) {
    self.epoch = "epoch \(epoch)/\(epochs)"
    loss = "loss \(Format.fixed(losses.loss, 1))"
    parts = "reconstruction \(Format.fixed(losses.reconstruction, 1)) + KL \(Format.fixed(losses.kl, 1))"
    shortParts = "\(Format.fixed(losses.reconstruction, 1)) + KL \(Format.fixed(losses.kl, 1))"
    self.validation = validation.map { ", validation \(Format.fixed($0, 1))" } ?? ""
    speed = Format.grouped(imagesPerSecond)
    left = "\(Format.duration(secondsLeft)) left"
  }

  var full: String { "\(epoch), \(loss) (\(parts))\(validation), \(speed) images/s, \(left)" }

  /// Of an epoch under way, the fullest first.
  var candidates: [String] {
    [
      full, "\(start) (\(parts))\(validation), \(left)", "\(start) (\(shortParts))\(validation), \(left)",
      "\(start)\(validation), \(left)", "\(start)\(validation)", start,
    ]
  }

  /// Of an epoch that is over, the fullest first.
  func finished(isBest: Bool) -> [String] {
    let best = isBest ? ", best so far" : ""
    let rate = ", \(speed) images/s"
    return [
      "\(start) (\(parts))\(validation)\(rate)\(best)", "\(start) (\(parts))\(validation)\(best)",
      "\(start) (\(shortParts))\(validation)\(best)", "\(start)\(validation)\(best)",
      "\(start)\(validation)\(isBest ? ", best" : "")", "\(start)\(validation)", start,
    ]
  }

  private var start: String { "\(epoch), \(loss)" }
}
