import ArgumentParser
import Compute
import Files
import IDX
import Selva

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure training on this machine: speed, what bounds it, and where the time goes.",
    discussion: """
      The ceiling is what a step would reach if it were its matrix products through oneDNN and nothing else. \
      Without --data, images are made up: their content has no influence on speed.
      """)

  @Argument(help: ArgumentHelp("The same as --data.", valueName: "data"), completion: Offer.data)
  var positional: String?

  @Option(
    name: [.customShort("d"), .long],
    help: "A folder of IDX files or a file of images; left out, 8,192 made-up images of 28 x 28.",
    completion: Offer.data)
  var data: String?

  @Option(help: ImageLayout.help)
  var layout: ImageLayout?

  private static let standard = (
    hidden: Widths([400]), latent: 20, batchSize: TrainingSettings().batchSize, seconds: 3.0
  )

  private static func standardHidden(_ shape: NetworkShape) -> [Int] {
    if case .recurrent = shape { return NetworkOptions.standardHidden(shape) }
    return standard.hidden.values
  }

  @OptionGroup var network: NetworkOptions

  @Option(
    help: ModelSettings.widths.help(
      "Widths of the encoder's hidden dense layers, or 'none'.",
      default: "\(standard.hidden), or none after recurrent layers", "widths"),
    transform: Widths.parse)
  var hidden: Widths?

  @Option(
    name: [.customShort("z"), .long],
    help: Numbers.latent.help("Components of the latent vector.", default: standard.latent),
    transform: Numbers.latent.parse)
  var latent = BenchCommand.standard.latent

  @Option(help: PriorOption.help, completion: Offer.prior, transform: PriorOption.parse)
  var prior = Prior.normal

  @Option(help: PriorOption.hiddenHelp, transform: Widths.parse)
  var priorHidden: Widths?

  @Option(
    name: [.customShort("b"), .long],
    help: Numbers.batchSize.help("Images a step.", default: standard.batchSize),
    transform: Numbers.batchSize.parse)
  var batchSize = BenchCommand.standard.batchSize

  @Option(help: "float32, bfloat16 or auto.")
  var precision = Precision.auto

  @Option(
    help: Numbers.oneThreadAtLeast.help("Worker threads; left out, 1 and one for each processor."),
    transform: Numbers.oneThreadAtLeast.parse)
  var threads: Int?

  @Option(
    help: Numbers.seconds.help("Seconds for each measurement.", default: standard.seconds),
    transform: Numbers.seconds.parse)
  var seconds = BenchCommand.standard.seconds

  @Flag(help: "Print one JSON object.")
  var json = false

  mutating func validate() throws {
    try PriorOption.check(prior, hidden: priorHidden)
    if let data, let positional {
      throw ValidationError("Both \(positional) and --data \(data) say which images; leave one out.")
    }
    data = data ?? positional
    if layout != nil && data == nil { throw ValidationError("--layout goes with --data.") }
  }

  func run() throws {
    let images = try images()
    var training = TrainingSettings()
    training.batchSize = batchSize
    training.precision = precision.checked()
    let shape = network.shape(for: images.shape)
    if case .recurrent = shape { training.clipNorm = Recurrent.standardClipNorm }
    let model = ModelSettings(
      height: images.height, width: images.width, channels: images.channels, network: shape,
      hidden: hidden?.values ?? BenchCommand.standardHidden(shape), latent: latent, prior: prior,
      priorHidden: priorHidden?.values ?? PriorOption.standardHidden)
    if let fault = model.fault {
      throw FileError(.badData, path: images.path, reason: "the model would have \(fault)")
    }
    try MemoryNeed.benchmark(
      model: model, training: training, images: images.count, threads: threads ?? WorkerGroup.processorCount
    ).check()
    let benchmark = StepBenchmark(model: model, training: training, seconds: seconds)
    let all = WorkerGroup.processorCount
    let counts = threads.map { [$0] } ?? (all == 1 ? [1] : [1, all])
    let results = counts.map { benchmark.run(images, threads: $0) }
    let report = BenchReport(
      shape: SettingText.encoderLayers(of: model) + (prior == .normal ? "" : ", prior \(prior.text)"),
      batchSize: min(batchSize, images.count), precision: training.precision.rawValue,
      best: results[results.count - 1], scaling: results, memory: ProcessMemory.now)
    try Console.result(json ? report.json : report.text)
  }

  private func images() throws -> ImageSet {
    guard let data else {
      let values = (0..<8192 * 784).map { Float(($0 &* 2_654_435_761) >> 7 & 255) / 255 }
      return ImageSet(values: values, height: 28, width: 28)
    }
    return try ImageOptions.images(data, part: .train, layout: layout)
  }
}

/// What `bench` prints.
struct BenchReport: Encodable {
  let shape: String
  let batchSize: Int
  let precision: String
  let best: StepBenchmark.Result
  let scaling: [StepBenchmark.Result]
  let memory: ProcessMemory

  private enum CodingKeys: String, CodingKey {
    case shape, precision, scaling, memory
    case batchSize = "batch_size"
    case imagesPerSecond = "images_per_second"
    case ceilingImagesPerSecond = "ceiling_images_per_second"
    case ceilingGigaflops = "ceiling_gigaflops"
    case fraction = "fraction_of_ceiling"
    case stages = "stage_milliseconds"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(shape, forKey: .shape)
    try container.encode(batchSize, forKey: .batchSize)
    try container.encode(precision, forKey: .precision)
    try container.encode(best.imagesPerSecond, forKey: .imagesPerSecond)
    try container.encode(best.ceilingImagesPerSecond, forKey: .ceilingImagesPerSecond)
    try container.encode(best.ceilingGigaflops, forKey: .ceilingGigaflops)
    try container.encode(best.fraction, forKey: .fraction)
    try container.encode(best.stages, forKey: .stages)
    try container.encode(scaling, forKey: .scaling)
    try container.encode(memory, forKey: .memory)
  }

  var json: String { SettingsJSON.encode(self) }

  var text: String {
    var lines = [
      "\(shape), batch \(batchSize), \(precision)",
      "",
      "threads  images/s  ceiling images/s  of ceiling  GFLOP/s in products",
    ]
    for result in scaling {
      lines.append(
        [
          pad("\(result.threads)", 7), pad(Format.grouped(result.imagesPerSecond), 10),
          pad(Format.grouped(result.ceilingImagesPerSecond), 18),
          pad("\(Format.fixed(result.fraction * 100, 1)) %", 12),
          pad(Format.fixed(result.ceilingGigaflops, 0), 21),
        ].joined())
    }
    if let one = scaling.first, scaling.count > 1 {
      lines.append("")
      lines.append(
        "\(best.threads) threads are \(Format.fixed(best.imagesPerSecond / one.imagesPerSecond)) times as fast as 1."
      )
    }
    let stages = [
      ("batch", best.stages.batch), ("forward", best.stages.forward), ("loss", best.stages.loss),
      ("backward", best.stages.backward), ("optimizer", best.stages.optimizer),
    ]
    let total = stages.reduce(0) { $0 + $1.1 }
    lines += ["", "A step by stage, each measured alone:"]
    for (name, milliseconds) in stages {
      lines.append(
        "  \(name.padded(10))\(pad(Format.fixed(milliseconds, 3), 8)) ms\(pad(Format.fixed(milliseconds / total * 100, 1), 7)) %"
      )
    }
    lines += [
      "",
      "Memory: \(Format.fixed(memory.peakMegabytes, 1)) MB at the most, "
        + "\(Format.fixed(memory.anonymousMegabytes, 1)) MB beside mapped files.",
    ]
    return lines.joined(separator: "\n")
  }

  private func pad(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}

extension String {
  /// Spaces after it, up to `width`.
  func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
