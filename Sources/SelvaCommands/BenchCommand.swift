import ArgumentParser
import Compute
import Files
import IDX
import Ranks
import Selva

struct BenchCommand: ParsableCommand, RankedCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure training on this machine: speed, what bounds it, and where the time goes.",
    discussion: """
      The ceiling is what a step would reach if it were its matrix products through oneDNN and nothing else: whole \
      products, though in float32 a first layer leaves dark pixels out where most are dark.
      Without --data, images are made up: spots of light on a fifth of each, as digits have them.
      With --ranks, the speed of so many machines such as this one is predicted, for a network whose messages take \
      --latency and a byte's time each. Under mpirun, that of all processes together is measured, and the network's \
      latency and bandwidth.
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

  @Option(help: PriorOption.activationHelp)
  var priorActivation: Activation?

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

  @Option(
    help: Numbers.ranks.help("Predict the speed of 1, 2, 4 and so on up to so many ranks.", default: "none"),
    transform: Numbers.ranks.parse)
  var ranks: Int?

  @Option(
    help: Numbers.latency.help(
      "Seconds that any message between ranks takes.", default: standardNetwork.latency),
    transform: Numbers.latency.parse)
  var latency: Double?

  @Option(
    help: Numbers.bandwidth.help(
      "Bytes a second from one rank to another.", default: standardNetwork.bandwidth),
    transform: Numbers.bandwidth.parse)
  var bandwidth: Double?

  /// As InfiniBand of 100 Gbit/s has it.
  private static let standardNetwork = (latency: 2e-6, bandwidth: 12e9)

  @Flag(help: "Print one JSON object.")
  var json = false

  mutating func validate() throws {
    try PriorOption.check(prior, hidden: priorHidden, activation: priorActivation)
    if let data, let positional {
      throw ValidationError("Both \(positional) and --data \(data) say which images; leave one out.")
    }
    data = data ?? positional
    if layout != nil && data == nil { throw ValidationError("--layout goes with --data.") }
    if ranks == nil && (latency != nil || bandwidth != nil) {
      throw ValidationError("--latency and --bandwidth go with --ranks.")
    }
  }

  func run() throws { try Launch.withRanks(run) }

  private func run(_ group: any RankGroup) throws {
    let (benchmark, images) = try group.agree(prepare)
    if group.count > 1 {
      let threads = threads ?? WorkerGroup.processorCount
      let found = benchmark.measure(images, threads: threads, ranks: group)
      return try group.first {
        try Console.result(json ? SettingsJSON.encode(found) : RankedText.measured(found))
      }
    }
    let all = WorkerGroup.processorCount
    let counts = threads.map { [$0] } ?? (all == 1 ? [1] : [1, all])
    let results = counts.map { benchmark.run(images, threads: $0) }
    let predicted = ranks.map {
      benchmark.predict(
        images, threads: counts[counts.count - 1], ranks: StepBenchmark.rankCounts(upTo: $0),
        latency: latency ?? BenchCommand.standardNetwork.latency,
        bandwidth: bandwidth ?? BenchCommand.standardNetwork.bandwidth)
    }
    let report = BenchReport(
      shape: SettingText.encoderLayers(of: benchmark.model) + PriorOption.told(of: benchmark.model),
      batchSize: min(batchSize, images.count), precision: benchmark.training.precision.rawValue,
      best: results[results.count - 1], scaling: results, ranks: predicted, memory: ProcessMemory.now)
    try Console.result(json ? report.json : report.text)
  }

  private func prepare() throws -> (StepBenchmark, ImageSet) {
    let images = try images()
    var training = TrainingSettings()
    training.batchSize = batchSize
    training.precision = precision.checked()
    let shape = network.shape(for: images.shape)
    if case .recurrent = shape { training.clipNorm = Recurrent.standardClipNorm }
    let model = ModelSettings(
      height: images.height, width: images.width, channels: images.channels, network: shape,
      hidden: hidden?.values ?? BenchCommand.standardHidden(shape), latent: latent, prior: prior,
      priorHidden: priorHidden?.values ?? PriorOption.standardHidden,
      priorActivation: priorActivation ?? SettingOption.standardModel.priorActivation)
    if let fault = model.fault {
      throw FileError(.badData, path: images.path, reason: "the model would have \(fault)")
    }
    try MemoryNeed.benchmark(
      model: model, training: training, images: images.count, threads: threads ?? WorkerGroup.processorCount
    ).check()
    return (StepBenchmark(model: model, training: training, seconds: seconds), images)
  }

  private func images() throws -> ImageSet {
    guard let data else {
      return BenchCommand.spots(8192)
    }
    return try ImageOptions.images(data, part: .train, layout: layout)
  }

  /// Images of 28 x 28 with a disc of light each, a fifth of the pixels, at most 4 pixels from the middle.
  private static func spots(_ count: Int) -> ImageSet {
    let bytes = (0..<count).flatMap { image in
      let (x, y) = (10 + image % 9, 10 + image / 9 % 9)
      return (0..<784).map { pixel -> UInt8 in
        let (dx, dy) = (pixel % 28 - x, pixel / 28 - y)
        guard dx * dx + dy * dy < 50 else { return 0 }
        return UInt8(truncatingIfNeeded: ((image * 784 + pixel) &* 2_654_435_761) >> 7) | 1
      }
    }
    return ImageSet(bytes: bytes, height: 28, width: 28)
  }
}
