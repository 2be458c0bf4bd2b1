import ArgumentParser
import Compute
import Files
import IDX
import Ranks
import Selva

struct TrainCommand: ParsableCommand, RankedCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a model on IDX images.",
    discussion: """
      Leaves a run directory: model.safetensors (the best model by validation loss), checkpoint.safetensors, \
      metrics.csv, config.json, curves.png, samples.png, reconstructions.png and samples/.
      Ctrl-C, SIGTERM and SIGHUP end at the next step with the checkpoint written; a second Ctrl-C ends at once. \
      SIGUSR1 writes the checkpoint and goes on. The checkpoint before the last stays beside it, as \
      checkpoint.previous.safetensors.

      Examples:
        selva train mnist
        selva train mnist --latent 2 --epochs 50 --output runs/plane
        selva train mnist --condition labels
        selva train mnist --tensorboard
        selva train --resume
        selva train --resume runs/plane --epochs 80
        selva train mnist --objective iwae --importance-samples 50
        selva train mnist --start-from runs/001 --prior flow --freeze encoder,decoder
        selva train --config runs/001 --seed 2
      """)

  @OptionGroup(title: "Data") var data: TrainDataOptions

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The run directory to make (default: the next free runs/NNN).", valueName: "folder"),
    completion: Offer.folder)
  var output: String?

  @Option(
    defaultAsFlag: ResumedFolder(path: nil), parsing: .next,
    help: ArgumentHelp(
      "Go on with the run in this directory; without a directory, with the newest run that is unfinished. Only --epochs, --threads, --tensorboard, --data and its kin may come with it.",
      valueName: "folder"))
  var resume: ResumedFolder?

  @Flag(help: "With --resume: go on although the images are no more those that the run has learned from.")
  var acceptChangedData = false

  @Option(
    help: ArgumentHelp(
      "Begin with the weights of this model or run; the model's settings are its own, but --prior may give it a new prior.",
      valueName: "model"), completion: Offer.model)
  var startFrom: String?

  @Option(
    help: ArgumentHelp(
      "Take the settings, seed and data of this config.json, or of a run's, where no option says otherwise. A part of them will do.",
      valueName: "file|folder"), completion: Offer.configuration)
  var config: String?

  @OptionGroup var records: RecordOptions

  @Flag(name: .shortAndLong, help: "No messages but faults.")
  var quiet = false

  @OptionGroup(title: "Model") var model: ModelOptions
  @OptionGroup(title: "Optimization") var optimization: OptimizationOptions
  @OptionGroup(title: "Objective") var objective: ObjectiveOptions
  @OptionGroup(title: "Execution") var execution: ExecutionOptions

  private var changes: [Change<TrainingSettings>] {
    data.changes + optimization.changes + objective.changes + execution.changes
  }

  func settings(_ defaults: TrainDefaults) -> TrainingSettings {
    var settings = TrainingSettings()
    for change in defaults.training + changes { change.apply(&settings) }
    return settings
  }

  /// What stands in a file is read, and looked at with the options, when the command runs.
  func validate() throws {
    if output == "-" { throw ValidationError("--output must name a folder, which - is not.") }
    if config == nil { try check(TrainDefaults()) }
    guard resume != nil else {
      if acceptChangedData { throw ValidationError("--accept-changed-data goes with --resume.") }
      return
    }
    let free = ["--epochs", "--threads"]
    let named = [
      ("--output", output != nil), ("--start-from", startFrom != nil), ("--config", config != nil),
    ]
    let fixed =
      named.filter(\.1).map(\.0) + model.names + changes.map(\.option).filter { !free.contains($0) }
    if let option = fixed.first {
      throw ValidationError("\(option) cannot change in a run that is resumed; leave it out.")
    }
    let kin = data.labels ?? data.testData ?? data.testLabels ?? data.layout?.rawValue
    if data.path == nil, kin != nil {
      throw ValidationError("Where a resumed run's data has moved, name all of it, with --data.")
    }
  }

  /// Whether the options go together, with one another and with what holds where they are not given.
  func check(_ defaults: TrainDefaults) throws {
    let settings = settings(defaults)
    if let fault = settings.fault { throw ValidationError("\(fault).") }
    try objective.check(settings)
    try model.check(defaults.model)
    let paths = data.paths(defaults)
    try data.check(paths)
    guard resume == nil else { return }
    guard paths != nil else {
      throw ValidationError(
        "Missing expected argument '<data>': say what to train on, as selva train mnist.")
    }
    let own = model.names.first { !PriorOption.names.contains($0) }
    if startFrom ?? defaults.startFrom != nil, let option = own {
      throw ValidationError("\(option) is that of the model which --start-from names; leave it out.")
    }
    if startFrom ?? defaults.startFrom == nil && settings.frozen != nil {
      throw ValidationError("--freeze keeps parts of the model that --start-from names; give both.")
    }
  }

  /// The settings of `--config`.
  private func defaults() throws -> TrainDefaults {
    guard let config else { return TrainDefaults() }
    let defaults = try TrainDefaults(contentsOf: config)
    try check(defaults)
    let given = data.names + (startFrom == nil ? [] : ["--start-from"]) + model.names + changes.map(\.option)
    if !quiet { Console.message("selva: \(defaults.summary(given: given))") }
    return defaults
  }

  func run() throws { try Launch.withRanks(run) }

  private func run(_ ranks: any RankGroup) throws {
    Interrupt.watchForSaves()
    let run = try begin(ranks)
    run.ranks = ranks
    var report = TrainReport(isQuiet: quiet, run: run)
    report.begin()
    if !quiet { run.data.training.warnIfUnscaled() }
    Interrupt.watch()
    let outcome: TrainingRun.Outcome
    do {
      outcome = try run.run(
        report: { report.show($0) }, shouldStop: { Interrupt.isRequested },
        shouldSave: Interrupt.takeSaveRequest)
    } catch {
      report.clear()
      throw error
    }
    report.end(outcome)
    if outcome == .interrupted { throw Interruption() }
  }

  /// The run, new or resumed. Rank 0 has its folder, where every rank may read.
  private func begin(_ ranks: any RankGroup) throws -> TrainingRun {
    let isFirst = ranks.rank == 0
    if let resume {
      let named: String = try ranks.agree { isFirst ? try resume.directory().path : "" }
      let path = String(decoding: ranks.fromFirst(Array(named.utf8)), as: UTF8.self)
      return try ranks.agree { try resumed(isFirst ? RunDirectory(path) : .guest(path)) }
    }
    let beginning = try ranks.agree { try prepare(defaults()) }
    // Nothing is made on disk before everything that a person may have got wrong has been looked at.
    let directory: RunDirectory = try ranks.agree {
      isFirst ? try output.map { try RunDirectory.create(at: $0) } ?? RunDirectory.create() : .guest("")
    }
    return try ranks.agree { try begun(beginning, in: directory) }
  }

  /// What a new run is made of.
  private struct Beginning {
    let paths: DataPaths
    let images: TrainingData
    let model: ModelSettings
    let training: TrainingSettings
    let start: (model: VAE, path: String)?
    let recorder: String?
  }

  private func prepare(_ defaults: TrainDefaults) throws -> Beginning {
    guard let paths = data.paths(defaults) else { throw ValidationError("--data is missing.") }
    var settings = settings(defaults)
    let (training, validation) = try paths.load()
    let startPath = try (startFrom ?? defaults.startFrom).map { try RunDirectory.modelPath(from: $0) }
    let start = try startPath.map { (model: try VAE(contentsOf: $0), path: $0) }
    try start?.model.settings.checkSize(of: training)
    try start.map { try defaults.check(against: $0.model.settings) }
    let model =
      try start.map { self.model.settings(from: $0.model.settings, defaults.model) }
      ?? self.model.settings(for: training, defaults.model)
    if let fault = model.fault {
      throw FileError(.badData, path: training.path, reason: "cannot be trained on: \(fault)")
    }
    if let fault = settings.fault(for: model) { throw ValidationError("\(fault).") }
    if optimization.clipNorm == nil, !defaults.keys.contains("training.clip_norm"),
      case .recurrent = model.network
    {
      settings.clipNorm = Recurrent.standardClipNorm
    }
    let images = try TrainingData(training: training, validation: validation, for: settings)
    try images.checkLabels(for: model)
    settings.precision = settings.precision.checked()
    if optimization.batchSize == nil, !defaults.keys.contains("training.batch_size") {
      settings.batchSize = MemoryNeed.standardBatch(model, settings, images)
    }
    try MemoryNeed.training(model, settings, images, ranks: Launch.count).check()
    return Beginning(
      paths: paths, images: images, model: model, training: settings, start: start,
      recorder: defaults.recorder)
  }

  private func begun(_ beginning: Beginning, in directory: RunDirectory) throws -> TrainingRun {
    let run =
      try beginning.start.map {
        try TrainingRun(
          directory: directory, startingFrom: $0.model, model: beginning.model, training: beginning.training,
          data: beginning.images)
      }
      ?? TrainingRun(
        directory: directory, model: beginning.model, training: beginning.training, data: beginning.images)
    run.command = CommandLineText.current
    run.paths = beginning.paths
    run.startPath = beginning.start.map { FilePath.absolute($0.path) }
    run.recorder = RecordOptions.recorder(directory, records.tensorboard, beginning.recorder)
    return run
  }

  private func resumed(_ directory: RunDirectory) throws -> TrainingRun {
    guard try !FileKind.isMissing(directory.checkpoint) else { throw nothingToResume(directory) }
    // Held from here on, so that what is read is what is gone on from.
    let directory = try directory.held()
    var configuration = try RunConfiguration(contentsOf: directory.configuration)
    if let paths = data.paths() { configuration.data = paths }
    let (training, validation) = try configuration.data.load()
    let run = try TrainingRun.resume(
      directory, epochs: optimization.epochs, threads: execution.threads, acceptChangedData: acceptChangedData
    ) { try TrainingData(training: training, validation: validation, for: $0) }
    guard !directory.isGuest else { return run }
    try checkSomethingIsLeft(of: run, planned: configuration.training.epochs)
    // The checkpoint's word stands, whatever has become of the file.
    if run.command.isEmpty { run.command = configuration.command }
    configuration.command = run.command
    configuration.model = run.model
    configuration.training = run.training
    run.recorder = RecordOptions.recorder(directory, records.tensorboard, configuration.recorder)
    configuration.recorder = run.recorder?.name
    configuration.resumed = (configuration.resumed ?? []) + [CommandLineText.current]
    try configuration.write(to: directory.configuration)
    return run
  }

  private func nothingToResume(_ directory: RunDirectory) -> FileError {
    let isBegun = FileKind.exists(directory.configuration)
    return FileError(
      .missingInput, path: isBegun ? directory.path : directory.checkpoint,
      reason: isBegun
        ? "was stopped before its first checkpoint, so nothing was trained yet; begin it anew, with the same options "
          + "and --output \(directory.path)"
        : "is not there; name the directory of a run that was stopped")
  }

  /// - Throws: `ValidationError` that says where the run stands.
  private func checkSomethingIsLeft(of run: TrainingRun, planned: Int) throws {
    let (path, done) = (run.directory.path, run.state.epoch)
    if run.training.epochs < done {
      throw ValidationError(
        "\(path) has done \(done) of its \(planned) epochs; give more than \(done) with --epochs, or leave it out."
      )
    }
    guard run.isFinished else { return }
    throw ValidationError(
      done < run.training.epochs
        ? "\(path) stopped early after epoch \(done) of \(planned); go on all the same with another --epochs."
        : "\(path) has finished its \(done) epochs; ask for more with --epochs.")
  }
}
