import ArgumentParser
import Compute
import IDX
import ImageGrid
import Selva

/// `selva reconstruct`: images beside what the model makes of them.
struct ReconstructCommand: ParsableCommand, ModelAndImages {
  static let configuration = CommandConfiguration(
    commandName: "reconstruct",
    abstract:
      "Encode images and decode them again, and write a grid of each image beside its reconstruction.",
    discussion: """
      An image is reconstructed from the mean of its posterior; with --sample, from a vector drawn from the \
      posterior. A model with labels encodes and decodes each image with its own label; with --as-label it decodes \
      with that one, so that the same hand writes another digit.

      Examples:
        selva reconstruct --data data -o pairs.png
        selva reconstruct --data data -o pairs.png --indices 3,5,20-25 --columns 4
        selva reconstruct runs/003 --data digits.idx -o pairs.png --shuffle --seed 7
        selva reconstruct runs/labels --data data -o sevens.png --as-label 7
      """)

  @OptionGroup var model: ModelArgument
  @OptionGroup var images: ImageOptions
  @OptionGroup var labels: LabelFileOption
  @OptionGroup var picture: PictureOptions

  @Option(
    help: Numbers.label.help(
      "Of a model with labels: decode with this label instead of each image's own."),
    transform: Numbers.label.parse)
  var asLabel: Int?

  @Option(
    help: Numbers.images.help("How many images, from the first on.", default: standardCount),
    transform: Numbers.images.parse)
  var count: Int?

  @Flag(help: "Take --count images at random, by --seed.")
  var shuffle = false

  @Option(
    help: NumberList.help("Which images, by number from 0, as 3,5,20-25; instead of --count."),
    transform: NumberList.parse)
  var indices: NumberList?

  @Option(
    help: LayoutOptions.columnsHelp("Pairs in a row of the grid.", of: "pairs"),
    transform: Numbers.cells.parse)
  var columns: Int?

  @Flag(help: "Draw the latent vector of each image from its posterior, by --seed.")
  var sample = false

  @Option(
    help: Numbers.seed.help("Seed of --shuffle and --sample.", default: "0"), transform: Numbers.seed.parse)
  var seed: UInt64?

  @Flag(help: "Leave the images out: the same grid as selva decode makes of what selva encode gives.")
  var onlyReconstructions = false

  private static let standardCount = 32

  mutating func validate() throws {
    try sortPositionals()
    try picture.checkOutput()
    if indices != nil, let option = shuffle ? "--shuffle" : count.map({ _ in "--count" }) {
      throw ValidationError("\(option) does not go with --indices.")
    }
    if seed != nil && !shuffle && !sample { throw ValidationError("--seed goes with --shuffle or --sample.") }
  }

  func run() throws {
    let (model, path) = try model.load()
    try model.check(labels: asLabel.map { [$0] }, option: "--as-label", path: path)
    let images = try images.load(labels: labels.checked(for: model, at: path), for: model.settings, at: path)
    let seed = seed ?? 0
    let chosen = try choose(images, seed: seed)
    try model.settings.checkLabels(of: images, chosen)
    let width = onlyReconstructions ? 1 : 2
    let columns = (columns ?? LayoutOptions.columns(for: chosen.count)) * width
    try picture.layout.check(
      cells: chosen.count * width, columns: columns, of: model.settings, output: picture.path(beside: path))
    let cells = cells(images, chosen, model, seed: seed)
    let style = picture.layout.style(
      cells: cells.count, columns: columns, groupColumns: width == 2 ? 2 : 0, of: model.settings)
    let captions = width == 2 ? GridCaptions.pairs(columns: columns) : GridCaptions()
    let usesSeed = sample || shuffle
    try picture.write(
      Raster.grid(cells, columns: columns, style: style, captions: picture.captions(captions)), model: path,
      seed: usesSeed ? seed : nil)
  }

  private func cells(_ images: ImageSet, _ chosen: [Int], _ model: VAE, seed: UInt64) -> [Raster] {
    let own = images.labels(chosen, for: model.settings)
    let (mean, logVariance) = model.encode(images.gather(chosen), labels: own)
    let latents =
      sample
      ? Latents.posterior(
        mean: mean, logVariance: logVariance, latent: model.settings.latent, seed: seed, images: chosen)
      : mean
    let labels = asLabel.map { [Int](repeating: $0, count: chosen.count) } ?? own
    return zip(chosen, model.pictures(latents, labels: labels)).flatMap { number, reconstruction in
      onlyReconstructions ? [reconstruction] : [model.picture(images.image(number)[...]), reconstruction]
    }
  }

  private func choose(_ images: ImageSet, seed: UInt64) throws -> [Int] {
    let count = count ?? ReconstructCommand.standardCount
    if let indices {
      try images.check(indices.values)
      return indices.values
    }
    if shuffle {
      return RandomStream(seed: seed, .order).permutation(images.count).prefix(count).map(Int.init)
    }
    return Array(0..<min(count, images.count))
  }
}
