import ArgumentParser
import Compute
import Files
import IDX
import Ranks
import Selva
import Synchronization

struct EvaluateCommand: ParsableCommand, ModelAndImages, RankedCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a model on images: ELBO, its parts, and an estimate of the likelihood.",
    discussion: """
      The loss is −ELBO with z sampled, in nats per image. With --importance-samples, −log p(x) is estimated \
      too (nll), as by Burda et al. 2016 with 5000 samples. Bits per dimension are the loss in bits for each value of \
      an image: of 256 levels, to which a density on [0, 1] comes by 8 bits, or with a Bernoulli likelihood of 0 and 1. \
      The same seed gives the same numbers. Ctrl-C ends an estimate with the figures of the images that are done.

      Examples:
        selva evaluate --data mnist
        selva evaluate runs/003 --data mnist --importance-samples 5000 --json
        selva evaluate --data mnist --worst 20 -o worst.png
        selva evaluate runs/labels --data mnist --classify
      """)

  @OptionGroup var model: ModelArgument
  @OptionGroup var images: ImageOptions
  @OptionGroup var labels: LabelFileOption

  @Option(help: "Pixels as grey values, drawn once as 0 or 1, or cut at one half (default: as in training).")
  var binarize: Binarization?

  @Option(
    help: Numbers.importanceSamples.help("Samples of z an image for nll.", default: "no nll"),
    transform: Numbers.importanceSamples.parse)
  var importanceSamples: Int?

  private static let standardSeed: UInt64 = 0

  @Option(
    help: Numbers.seed.help("Seed of the draws of z and of pixels.", default: standardSeed),
    transform: Numbers.seed.parse)
  var seed = EvaluateCommand.standardSeed

  @Option(
    help: Numbers.threads.help(
      "Worker threads; 0: one for each processor.", default: TrainingSettings().threads),
    transform: Numbers.threads.parse)
  var threads = TrainingSettings().threads

  @Option(
    help: Numbers.images.help("Only so many images, from the first on.", default: "all"),
    transform: Numbers.images.parse)
  var limit: Int?

  @Option(
    help: ArgumentHelp(
      "What products are computed in; bfloat16 is faster and tells what it changes by some images in both.",
      valueName: "precision"))
  var precision = Precision.float32

  @OptionGroup var worst: WorstOptions

  @Flag(help: ClassificationText.help)
  var classify = false

  @Flag(help: "Print one JSON object.")
  var json = false

  mutating func validate() throws {
    try sortPositionals()
    if json && worst.show.isOn { throw ValidationError("--show does not go with --json.") }
  }

  func run() throws { try Launch.withRanks(run) }

  private func run(_ ranks: any RankGroup) throws {
    let (set, path, count, prepared) = try ranks.agree(prepare)
    var evaluator = prepared
    evaluator.ranks = ranks
    let model = evaluator.model
    let estimates = (importanceSamples == nil ? 0 : 1) + (classify ? model.settings.labels.count : 0)
    let progress = EvaluationProgress(count: count * estimates, ranks: ranks.count)
    if Console.isTerminal { evaluator.progress = { _ in progress.advance() } }
    if estimates > 0 {
      Interrupt.watch()
      evaluator.shouldStop = { Interrupt.isRequested }
    }
    let (indices, group) = ([Int32](0..<Int32(count)), WorkerGroup(count: threads == 0 ? nil : threads))
    let (evaluation, losses) = evaluator.evaluateEach(set, indices: indices, group: group)
    let classification =
      classify && !ranks.any(Interrupt.isRequested)
      ? evaluator.classify(set, indices: indices, group: group) : nil
    progress.clear()
    // Labels are compared for no image before the last label has been tried.
    let isStopped = ranks.any(Interrupt.isRequested) && (classify || evaluation.count < count)
    if isStopped { tellStopped(done: evaluation.count, of: count) }
    let precisionError =
      isStopped ? nil : evaluator.precisionError(losses, of: set, indices: indices, group: group)
    let worstImages = worst.worst.map { WorstImage.all(losses, count: $0) }
    let report = EvaluationReport(
      evaluation: evaluation, worst: worstImages, classification: isStopped ? nil : classification,
      precisionError: precisionError)
    try ranks.first { try tell(report, worstImages, of: set, by: model, at: path) }
    if isStopped { throw Interruption() }
  }

  /// What is evaluated on what, as far as that can be known before.
  private func prepare() throws -> (set: ImageSet, path: String, count: Int, evaluator: Evaluator) {
    let (model, path) = try model.load()
    let set = try images.load(labels: labels.checked(for: model, at: path), for: model.settings, at: path)
    let trained = try VAE.trainingSettings(contentsOf: path)
    let count = min(set.count, limit ?? set.count)
    try model.settings.checkLabels(of: set, 0..<count)
    if classify { try model.check(labels: [], option: "--classify", path: path) }
    let precision = precision.checked()
    try MemoryNeed.evaluation(
      model.settings, images: count, threads: threads,
      importanceSamples: importanceSamples ?? (classify ? Evaluator.classificationSamples : nil),
      precision: precision
    ).check()
    var evaluator = Evaluator(
      model, binarization: binarize ?? trained?.binarization ?? .none, seed: seed,
      importanceSamples: importanceSamples)
    evaluator.precision = precision
    return (set, path, count, evaluator)
  }

  private func tell(
    _ report: EvaluationReport, _ worstImages: [WorstImage]?, of set: ImageSet, by model: VAE, at path: String
  ) throws {
    let picture = worst.hasPicture ? worstImages.map { WorstImage.picture($0, of: set, by: model) } : nil
    let text = PictureText.entries(model: path, seed: seed)
    if let output = worst.output, let picture {
      try PictureFile.write(picture, to: output, text: text, from: ModelOrigin.text(path))
    }
    try Console.result(
      json
        ? SettingsJSON.encode(report)
        : report.lines(model: path, settings: model.settings, images: set.path).joined(separator: "\n"))
    if let picture { try worst.show.show(picture, text: text, from: ModelOrigin.text(path)) }
  }

  private func tellStopped(done: Int, of count: Int) {
    let part = "the figures are those of \(Format.grouped(done)) of \(Format.grouped(count)) images"
    Console.message("selva: stopped: \(part)\(classify ? ", without a classification" : "")")
  }
}

/// The live line of an estimate that takes long. Told of every image by any worker.
private final class EvaluationProgress: Sendable {
  private struct State {
    var done = 0
    var line = ProgressLine()
    var lastDrawn = 0.0
  }

  private let count: Int
  /// Images that the others have done for every one of this process, about.
  private let ranks: Int
  private let start = Stopwatch.now
  private let state = Mutex(State())

  init(count: Int, ranks: Int) { (self.count, self.ranks) = (count, ranks) }

  func advance() {
    state.withLock { state in
      state.done = min(count, state.done + ranks)
      let now = Stopwatch.now
      guard now - state.lastDrawn > 0.1 else { return }
      state.lastDrawn = now
      let left = (now - start) / Double(state.done) * Double(count - state.done)
      let images = "\(Format.grouped(state.done)) of \(Format.grouped(count)) images"
      state.line.draw([
        "estimating the likelihood: \(images), \(Format.duration(left)) left",
        "\(images), \(Format.duration(left)) left", "\(state.done)/\(count)",
      ])
    }
  }

  func clear() { state.withLock { $0.line.clear() } }
}

/// An evaluation as people read it.
enum EvaluationText {
  static func lines(
    _ evaluation: Evaluation, precisionError: PrecisionError? = nil, model: String, settings: ModelSettings,
    images: String
  ) -> [String] {
    var lines = [
      "\(model) on \(Format.grouped(evaluation.count)) images of \(images), nats per image:", "",
      row(
        "loss (−ELBO)", "\(Format.fixed(evaluation.loss)) ± \(Format.fixed(evaluation.lossStandardError))"),
      row("  reconstruction", Format.fixed(evaluation.reconstruction)),
      row("  KL divergence", Format.fixed(evaluation.kl)),
    ]
    if let nll = evaluation.nll {
      let error = Format.fixed(evaluation.nllStandardError ?? 0)
      let samples = Format.grouped(evaluation.importanceSamples ?? 0)
      lines.append(row("nll (−log p(x))", "\(Format.fixed(nll)) ± \(error), \(samples) samples an image"))
    }
    if let error = precisionError {
      let (mean, deviation) = (Format.fixed(error.mean, 4), Format.fixed(error.standardError, 4))
      let figure = evaluation.nll == nil ? "loss" : "nll"
      lines.append(
        row(
          "by bfloat16",
          "\(mean) ± \(deviation) of the \(figure), by \(Format.grouped(error.count)) images in both")
      )
    }
    lines += [
      row(
        "bits per dimension",
        "\(Format.fixed(evaluation.bitsPerDimension, 4)), \(levels(settings.likelihood))"),
      row("active units", "\(evaluation.activeUnits) of \(settings.latent)"),
    ]
    guard let divergences = evaluation.klPerComponent else { return lines }
    return lines + ["", "KL divergence of each component, the largest first:"] + components(divergences)
  }

  /// What the bits per dimension are those of.
  private static func levels(_ likelihood: Likelihood) -> String {
    switch likelihood {
    case .bernoulli: "of values that are 0 or 1"
    case .discretizedLogistic: "of 256 levels"
    case .continuousBernoulli, .gaussian, .gaussianLearned: "of 256 levels (the density's and 8)"
    }
  }

  private static func row(_ name: String, _ value: String) -> String { name.padded(20) + value }

  /// Five to a line.
  private static func components(_ divergences: [Double]) -> [String] {
    let cells = divergences.enumerated().sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }.map {
      "z\($0.offset)".padded(5) + Format.fixed($0.element).padded(10)
    }
    return stride(from: 0, to: cells.count, by: 5).map { start in
      ("  " + cells[start..<min(cells.count, start + 5)].joined()).trimmed
    }
  }
}

extension String {
  /// Without spaces at the end.
  var trimmed: String {
    var text = self[...]
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
