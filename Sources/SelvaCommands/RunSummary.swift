import Files
import Selva

/// A run at a glance, from its config.json and metrics.csv alone: its weights may be large.
struct RunSummary: Encodable {
  enum State: String, Encodable {
    case running, finished, unfinished
    case stoppedEarly = "stopped early"
    /// Its settings or figures cannot be read.
    case broken
  }

  struct Best: Encodable {
    let epoch: Int
    /// Validation −ELBO, in nats per image.
    let loss: Double
  }

  let path: String
  let state: State
  /// Of the process that trains into it.
  var process: Int?
  /// Why it is broken, in one line.
  var problem: String?
  var data: String?
  /// Height x width of the images, and channels of colour.
  var images: String?
  /// From the image to the latent vector.
  var layers: String?
  /// Finished ones, and how many there shall be.
  var epochs: Int?
  var plannedEpochs: Int?
  var best: Best?
  /// In UTC, as ISO 8601 writes it.
  let written: String
  var command: String?

  private enum CodingKeys: String, CodingKey {
    case path, state, process, problem, data, images, layers, epochs
    case plannedEpochs = "planned_epochs"
    case best, written, command
  }

  init(_ run: RunDirectory) {
    path = run.path
    written = RunSummary.time((run.lastWritten ?? 0) / 1_000_000_000)
    let holder = FolderLock.holder(of: run.path)
    process = holder.process
    do {
      let configuration = try RunConfiguration(contentsOf: run.configuration)
      let rows = FileKind.exists(run.metrics) ? try MetricsLog(contentsOf: run.metrics).rows : []
      state = holder.isHeld ? .running : RunSummary.state(run, configuration.training, rows)
      data = configuration.data.data
      images = "\(configuration.model.shape)"
      layers = SettingText.encoderLayers(of: configuration.model)
      epochs = rows.last?.epoch ?? 0
      plannedEpochs = configuration.training.epochs
      best = rows.best.map { Best(epoch: $0.epoch, loss: $0.validationLoss ?? .nan) }
      command = configuration.command
    } catch {
      state = holder.isHeld ? .running : .broken
      problem = (error as? any Fault)?.description ?? "\(error)"
    }
  }

  /// - Parameter seconds: since 1970.
  private static func time(_ seconds: Int64) -> String {
    var (time, parts, text) = (time_t(seconds), tm(), [CChar](repeating: 0, count: 32))
    gmtime_r(&time, &parts)
    strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Of a run that nobody trains.
  private static func state(_ run: RunDirectory, _ training: TrainingSettings, _ rows: [EpochMetrics])
    -> State
  {
    let done = rows.last?.epoch ?? 0
    let sinceBest = done - (rows.best?.epoch ?? done)
    let isStoppedEarly = done < training.epochs && training.patience > 0 && sinceBest >= training.patience
    let hasPictures = [run.finalSamples, run.reconstructions, run.curves].allSatisfy(FileKind.isFile)
    guard hasPictures, done >= training.epochs || isStoppedEarly else { return .unfinished }
    return isStoppedEarly ? .stoppedEarly : .finished
  }

  /// What `inspect` tells of the run that a model belongs to.
  var lines: [String] {
    let losses = best.map { "\(Format.fixed($0.loss)) in epoch \($0.epoch)" } ?? "none yet"
    let done = "\(epochs ?? 0) of \(plannedEpochs ?? 0)"
    return [
      ("state", process.map { "\(state.rawValue), process \($0)" } ?? state.rawValue), ("epochs", done),
      ("best validation loss", losses), ("data", data ?? "?"), ("written", written),
      ("command", command ?? "?"),
    ].map { "  \($0.0.padded(22))\($0.1)" }
  }
}

extension [RunSummary] {
  /// A row for each, under a row of names.
  var table: [String] {
    let names = ["run", "data", "images", "layers", "epochs", "best loss", "state"]
    let rows = map { run in
      [
        run.path, run.data.map(FilePath.name) ?? "?", run.images ?? "?", run.layers ?? "?",
        run.plannedEpochs.map { "\(run.epochs ?? 0)/\($0)" } ?? "?",
        run.best.map { "\(Format.fixed($0.loss)) (\($0.epoch))" } ?? "none", run.state.rawValue,
      ]
    }
    let all = [names] + rows
    let widths = names.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in zip(row, widths).map { $0.padded($1 + 2) }.joined().trimmed }
  }
}
