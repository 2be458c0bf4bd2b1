import ArgumentParser
import IDX
import Selva

/// `selva traverse`: what each latent component does.
struct TraverseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "traverse",
    abstract: "Vary one latent component at a time, and write a row of pictures for each.",
    discussion: """
      The others stay at the prior's centre or, with --data and --index, at the mean of an image's posterior, which \
      is then the middle of every row. A component that the model does not use gives a row without change. Where the \
      prior is not N(0, I), components are those of the space in which it is about N(0, I).

      Examples:
        selva traverse -o components.png
        selva traverse -o components.png --components 0,4 --range 2 --steps 5
        selva traverse -o components.png --data data --index 7
      """)

  private static let standard = (range: 3.0, steps: 9)

  @OptionGroup var model: ModelArgument
  @OptionGroup var picture: PictureOptions

  @Option(help: NumberList.help("Which components, as 0,4-6; left out, all."), transform: NumberList.parse)
  var components: NumberList?

  @Option(
    help: Numbers.reach.help(
      "How far to go to each side, in the prior's standard deviations.", default: standard.range),
    transform: Numbers.reach.parse)
  var range = TraverseCommand.standard.range

  @Option(
    help: Numbers.traversal.help("Pictures in a row.", default: standard.steps),
    transform: Numbers.traversal.parse)
  var steps = TraverseCommand.standard.steps

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

  func validate() throws {
    if !startsFromAnImage, let option = labels.labels.map({ _ in "--labels" }) ?? images.names.first {
      throw ValidationError("\(option) goes with --data or --index.")
    }
  }

  func run() throws {
    let (model, path) = try model.load()
    let components = components?.values ?? Array(0..<model.settings.latent)
    try model.check(components: components, path: path)
    try picture.layout.check(
      cells: components.count * steps, columns: steps, of: model.settings, output: picture.path(beside: path))
    let prior = model.makePrior()
    let (center, label) = try start(model, prior, path)
    let lines = Traversal.lines(components: components, steps: steps, sigmas: range, center: center)
    let values = prior.fromBase(lines.values)
    let labels = label.map { [Int](repeating: $0, count: lines.count) }
    try picture.write(
      values, labels: labels, of: model, at: path, columns: steps, rowLabels: components.map { "z\($0)" })
    try save.write(values, labels: labels, latent: model.settings.latent)
  }

  /// What every row has in its middle, in the prior's base space, and the label of all pictures.
  private func start(_ model: VAE, _ prior: LatentPrior, _ path: String) throws -> ([Float], label: Int?) {
    guard startsFromAnImage else {
      return ([Float](repeating: 0, count: model.settings.latent), try label.needed(for: model, at: path))
    }
    let fixed = try label.checked(for: model, at: path)
    let images = try images.load(labels: labels.checked(for: model, at: path), for: model.settings, at: path)
    let chosen = [index ?? 0]
    try images.check(chosen)
    let mean = try model.means(images, chosen)
    return (prior.toBase(mean), fixed ?? images.labels(chosen, for: model.settings)?[0])
  }
}
