import ArgumentParser
import IDX
import ImageGrid
import Selva

/// `selva traverse`: what each latent component does.
struct TraverseCommand: ParsableCommand, ModelAndImages {
  static let configuration = CommandConfiguration(
    commandName: "traverse",
    abstract: "Vary one latent component at a time, and write a row of pictures for each.",
    discussion: """
      The others stay where a typical image of the run's own data lies, or with --data and --index the image of that \
      number, which is then the middle of every row; with --from-center, or of a model whose images are not known, at \
      the prior's centre. Rows begin with the component that says most of the images (by KL divergence); those that \
      the model does not use are dimmed, and give a row without change. Where the prior is not N(0, I), components are \
      those of the space in which it is about N(0, I), in their own order.

      Examples:
        selva traverse -o components.png
        selva traverse -o components.png --components 0,4 --range 2 --steps 5
        selva traverse -o components.png --data data --index 7
        selva traverse -o components.apng
      """)

  private static let standard = (range: 3.0, steps: 9, moving: 25)

  @OptionGroup var model: ModelArgument
  @OptionGroup var picture: PictureOptions
  @OptionGroup var animation: AnimationOptions

  @Option(
    help: NumberList.help("Which components, as 0,4-6, in that order; left out, all."),
    transform: NumberList.parse)
  var components: NumberList?

  @Option(
    help: Numbers.reach.help(
      "How far to go to each side, in the prior's standard deviations.", default: standard.range),
    transform: Numbers.reach.parse)
  var range = TraverseCommand.standard.range

  @Option(
    help: Numbers.traversal.help(
      "Pictures in a row.", default: "\(standard.steps); of an animation, \(standard.moving)"),
    transform: Numbers.traversal.parse)
  var steps: Int?

  @Flag(help: "Start from the prior's centre also where the run's images are known.")
  var fromCenter = false

  @OptionGroup var images: ImageOptions
  @OptionGroup var labels: LabelFileOption
  @OptionGroup var label: LabelOption

  @Option(
    help: Numbers.index.help(
      "The image of --data to start from, by number from 0.", default: "0", "number"),
    transform: Numbers.index.parse)
  var index: Int?

  @OptionGroup var save: SaveLatentsOption

  private var startsFromAnImage: Bool { images.data != nil || index != nil }

  private var stepCount: Int {
    steps
      ?? (animation.isOn(picture) ? TraverseCommand.standard.moving : TraverseCommand.standard.steps)
  }

  mutating func validate() throws {
    try sortPositionals()
    try picture.checkOutput(mayMove: true)
    try animation.check(picture)
    if !startsFromAnImage, let option = labels.labels.map({ _ in "--labels" }) ?? images.names.first {
      throw ValidationError("\(option) goes with --data or --index.")
    }
    if startsFromAnImage && fromCenter {
      throw ValidationError("--from-center does not go with --data or --index.")
    }
  }

  func run() throws {
    let (model, path) = try model.load()
    if let components { try model.check(components: components.values, path: path) }
    let count = components?.values.count ?? model.settings.latent
    try picture.layout.check(
      cells: count * stepCount, columns: stepCount, of: model.settings, output: picture.path(beside: path))
    let prior = model.makePrior()
    let (center, label, use) = try start(model, prior, path)
    let components = components?.values ?? use?.order ?? Array(0..<model.settings.latent)
    let lines = Traversal.lines(components: components, steps: stepCount, sigmas: range, center: center)
    let values = prior.fromBase(lines.values)
    let labels = label.map { [Int](repeating: $0, count: lines.count) }
    let captions = TraversalCaptions(components, steps: stepCount, range: range, use: use)
    if animation.isOn(picture) {
      try animate(model.pictures(values, labels: labels), captions, model, path)
    } else {
      try picture.write(
        values, labels: labels, of: model, at: path, columns: stepCount, captions: captions.sheet)
    }
    try save.write(values, labels: labels, latent: model.settings.latent)
  }

  /// All components at once, from one end to the other and back.
  private func animate(
    _ cells: [Raster], _ captions: TraversalCaptions, _ model: VAE, _ path: String
  ) throws {
    let count = cells.count / stepCount
    let columns = max(1, Int(Double(count).squareRoot().rounded(.up)))
    let style = picture.layout.style(cells: count, columns: columns, of: model.settings)
    try animation.write(
      count: stepCount, loops: false, to: picture.path(beside: path), model: path
    ) { step in
      Raster.grid(
        stride(from: step, to: cells.count, by: stepCount).map { cells[$0] }, columns: columns, style: style,
        captions: picture.captions(captions.frame(step)))
    }
  }

  /// What every row has in its middle, in the prior's base space, the label of all pictures, and what the components
  /// are used for where that is known.
  private func start(
    _ model: VAE, _ prior: LatentPrior, _ path: String
  ) throws -> ([Float], label: Int?, LatentUse?) {
    guard startsFromAnImage else {
      guard !fromCenter, let known = RunImages.load(of: path, for: model.settings),
        let use = try LatentUse(model, known)
      else {
        let center = [Float](repeating: 0, count: model.settings.latent)
        return (center, try label.needed(for: model, at: path), nil)
      }
      return (prior.toBase(use.typicalMean), try label.checked(for: model, at: path) ?? use.typicalLabel, use)
    }
    let fixed = try label.checked(for: model, at: path)
    let images = try images.load(labels: labels.checked(for: model, at: path), for: model.settings, at: path)
    let chosen = [index ?? 0]
    try images.check(chosen)
    let mean = try model.means(images, chosen)
    return (
      prior.toBase(mean), fixed ?? images.labels(chosen, for: model.settings)?[0],
      try LatentUse(model, images)
    )
  }
}

/// What is written around a traversal.
struct TraversalCaptions {
  private let components: [Int]
  private let sigmas: [String]
  private let use: LatentUse?

  init(_ components: [Int], steps: Int, range: Double, use: LatentUse?) {
    (self.components, self.use) = (components, use)
    sigmas = (0..<steps).map { step in
      let share = steps == 1 ? 0 : Double(2 * step - (steps - 1)) / Double(steps - 1)
      return TraversalCaptions.text(share * range)
    }
  }

  /// −3σ, 0, +2.25σ.
  private static func text(_ sigma: Double) -> String {
    var digits = Format.fixed(abs(sigma), 2)
    while digits.hasSuffix("0") && digits.contains(".") || digits.hasSuffix(".") { digits.removeLast() }
    return digits == "0" ? "0" : "\(sigma < 0 ? "−" : "+")\(digits)σ"
  }

  private func isUnused(_ component: Int) -> Bool { use?.kl.map { $0[component] < LatentUse.least } ?? false }

  private var names: [String] { components.map { "z\($0)" } }

  /// Rows of components, columns of standard deviations.
  var sheet: GridCaptions {
    let dimmed = components.indices.filter { isUnused(components[$0]) }
      .flatMap { $0 * sigmas.count..<($0 + 1) * sigmas.count }
    return GridCaptions(rows: names, columns: sigmas, note: note, dimmed: Set(dimmed))
  }

  /// A cell a component, all at one standard deviation.
  func frame(_ step: Int) -> GridCaptions {
    GridCaptions(
      cells: names, note: sigmas[step], dimmed: Set(components.indices.filter { isUnused(components[$0]) }))
  }

  private var note: String {
    guard components.count > 1, components == use?.order, use?.kl != nil else { return "" }
    return "by KL divergence, the most used first"
      + (components.contains(where: isUnused) ? "; dimmed: not used" : "")
  }
}
