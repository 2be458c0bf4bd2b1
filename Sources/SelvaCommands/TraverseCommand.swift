import ArgumentParser
import IDX
import Selva

/// `selva traverse`: what each latent component does.
struct TraverseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "traverse",
    abstract: "Vary one latent component at a time, and write a row of pictures for each.",
    discussion: """
      The others stay at the prior's mean or, with --data and --index, at the mean of an image's posterior, which \
      is then the middle of every row. A component that the model does not use gives a row without change.

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

  @OptionGroup var images: OptionalImageOptions

  @Option(
    help: Numbers.index.help(
      "The image of --data to start from, by number from 0.", default: "0", "number"),
    transform: Numbers.index.parse)
  var index: Int?

  @OptionGroup var save: SaveLatentsOption

  func validate() throws {
    if index != nil && images.data == nil { throw ValidationError("--index goes with --data.") }
  }

  func run() throws {
    let (model, path) = try model.load()
    let components = components?.values ?? Array(0..<model.settings.latent)
    try model.check(components: components, path: path)
    try picture.layout.check(
      cells: components.count * steps, columns: steps, of: model.settings, output: picture.output)
    let lines = Traversal.lines(
      components: components, steps: steps, sigmas: range, center: try center(model))
    try picture.write(
      lines.values, of: model, at: path, columns: steps, rowLabels: components.map { "z\($0)" })
    try save.write(lines.values, latent: model.settings.latent)
  }

  /// What every row has in its middle, `[latent]`.
  private func center(_ model: VAE) throws -> [Float] {
    guard images.data != nil else { return [Float](repeating: 0, count: model.settings.latent) }
    let images = try images.load(for: model.settings)
    let chosen = [index ?? 0]
    try images.check(chosen)
    return model.means(images, chosen)
  }
}
