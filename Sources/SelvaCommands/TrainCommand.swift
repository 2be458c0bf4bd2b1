import ArgumentParser
import Compute
import Files
import IDX
import Selva

struct TrainCommand: ParsableCommand {
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
      """)

  @OptionGroup(title: "Data") var data: TrainDataOptions

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The run directory to make (default: the next free runs/NNN).", valueName: "folder"))
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
      valueName: "model"))
  var startFrom: String?

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

  private var settings: TrainingSettings {
    var settings = TrainingSettings()
    for change in changes { change.apply(&settings) }
    return settings
  }

  func validate() throws {
    if output == "-" { throw ValidationError("--output must name a folder, which - is not.") }
    if let fault = settings.fault { throw ValidationError("\(fault).") }
    guard resume != nil else {
      if acceptChangedData { throw ValidationError("--accept-changed-data goes with --resume.") }
      guard data.path != nil else {
        throw ValidationError(
          "Missing expected argument '<data>': say what to train on, as selva train mnist.")
      }
      let own = model.names.first { !PriorOption.names.contains($0) }
      if startFrom != nil, let option = own {
        throw ValidationError("\(option) is that of the model which --start-from names; leave it out.")
      }
      if startFrom == nil && optimization.freeze != nil {
        throw ValidationError("--freeze keeps parts of the model that --start-from names; give both.")
      }
      return
    }
    let free = ["--epochs", "--threads"]
    let fixed =
      (output.map { _ in ["--output"] } ?? []) + (startFrom.map { _ in ["--start-from"] } ?? [])
      + model.names + changes.map(\.option).filter { !free.contains($0) }
    if let option = fixed.first {
      throw ValidationError("\(option) cannot change in a run that is resumed; leave it out.")
    }
    let kin = data.labels ?? data.testData ?? data.testLabels ?? data.layout?.rawValue
    if data.path == nil, kin != nil {
      throw ValidationError("Where a resumed run's data has moved, name all of it, with --data.")
    }
  }

  func run() throws {
    Interrupt.watchForSaves()
    let run = try resume.map { try resumed($0.directory()) } ?? begun()
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

  private func begun() throws -> TrainingRun {
    guard let paths = data.paths else { throw ValidationError("--data is missing.") }
    var settings = settings
    let (training, validation) = try paths.load()
    let start = try startFrom.map { try VAE(contentsOf: RunDirectory.modelPath(from: $0)) }
    try start?.settings.checkSize(of: training)
    let model =
      try start.map { self.model.settings(from: $0.settings) } ?? self.model.settings(for: training)
    if let fault = model.fault {
      throw FileError(.badData, path: training.path, reason: "cannot be trained on: \(fault)")
    }
    if let fault = settings.fault(for: model) { throw ValidationError("\(fault).") }
    if optimization.clipNorm == nil, case .recurrent = model.network {
      settings.clipNorm = Recurrent.standardClipNorm
    }
    let images = try TrainingData(training: training, validation: validation, for: settings)
    try images.checkLabels(for: model)
    settings.precision = settings.precision.checked()
    if optimization.batchSize == nil {
      settings.batchSize = MemoryNeed.standardBatch(model, settings, images)
    }
    try MemoryNeed.training(model, settings, images).check()
    // Nothing is made on disk before everything that a person may have got wrong has been looked at.
    let directory = try output.map { try RunDirectory.create(at: $0) } ?? RunDirectory.create()
    let run =
      try start.map {
        try TrainingRun(
          directory: directory, startingFrom: $0, model: model, training: settings, data: images)
      } ?? TrainingRun(directory: directory, model: model, training: settings, data: images)
    run.command = CommandLineText.current
    run.paths = paths
    run.recorder = RecordOptions.recorder(directory, records.tensorboard)
    return run
  }

  private func resumed(_ directory: RunDirectory) throws -> TrainingRun {
    guard try !FileKind.isMissing(directory.checkpoint) else { throw nothingToResume(directory) }
    // Held from here on, so that what is read is what is gone on from.
    let directory = try directory.held()
    var configuration = try RunConfiguration(contentsOf: directory.configuration)
    if let paths = data.paths { configuration.data = paths }
    let (training, validation) = try configuration.data.load()
    let run = try TrainingRun.resume(
      directory, epochs: optimization.epochs, threads: execution.threads, acceptChangedData: acceptChangedData
    ) { try TrainingData(training: training, validation: validation, for: $0) }
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
