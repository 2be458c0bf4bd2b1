import ArgumentParser
import ImageGrid
import Selva

/// `selva sample`: what the prior decodes to.
struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Draw latent vectors from the prior, and write a grid of the pictures that they stand for.",
    discussion: """
      The same seed gives the same latent vectors, whatever the size of the grid and, with the prior N(0, I), the \
      model. A model with labels (selva train --condition labels) draws a row for each label, with the same \
      vectors in every row.

      Examples:
        selva sample -o grid.png
        selva sample --show --rows 4 --columns 6
        selva sample runs/003 -o grid.png --rows 4 --columns 16 --seed 7
        selva sample -o grid.png --temperature 0.7 --save-latents grid.csv
        selva sample runs/labels -o digits.png --label 3,5 --columns 12
        selva sample runs/labels -o threes.png --label 3 --rows 4
      """)

  private static let standard = (side: LayoutOptions.standardSide, seed: UInt64(0), temperature: 1.0)

  @OptionGroup var model: ModelArgument
  @OptionGroup var picture: PictureOptions

  @Option(
    help: Numbers.cells.help(
      "Rows of the grid.", default: "\(standard.side); of a model with labels, one for each"),
    transform: Numbers.cells.parse)
  var rows: Int?

  @Option(
    help: Numbers.cells.help("Columns of the grid.", default: standard.side),
    transform: Numbers.cells.parse)
  var columns = SampleCommand.standard.side

  @Option(
    help: Numbers.seed.help("Seed of the latent vectors.", default: standard.seed),
    transform: Numbers.seed.parse)
  var seed = SampleCommand.standard.seed

  @Option(
    help: Numbers.temperature.help(
      "Standard deviation of the latent vectors; under 1 for more typical pictures, over 1 for odder ones.",
      default: standard.temperature),
    transform: Numbers.temperature.parse)
  var temperature = SampleCommand.standard.temperature

  @Option(
    help: NumberList.help(
      "Of a model with labels: the labels of the rows, as 3,5; of one alone, there are --rows rows with vectors of their own. Left out, all."
    ), transform: NumberList.parse)
  var label: NumberList?

  @OptionGroup var save: SaveLatentsOption

  func validate() throws { try picture.checkOutput() }

  func run() throws {
    let (model, path) = try model.load()
    let rows = try rows(of: model, at: path)
    try picture.layout.check(
      cells: rows * columns, columns: columns, of: model.settings, output: picture.path(beside: path))
    let sheet = SampleSheet(
      model, rows: rows, columns: columns, seed: seed, temperature: Float(temperature), labels: label?.values)
    try picture.write(
      sheet.latents, labels: sheet.labels, of: model, at: path, columns: columns,
      captions: GridCaptions(rows: sheet.rowLabels), seed: seed)
    try save.write(sheet.latents, labels: sheet.labels, latent: model.settings.latent)
  }

  /// How many the grid has; what would be passed over in silence is refused.
  private func rows(of model: VAE, at path: String) throws -> Int {
    try model.check(labels: label?.values, option: "--label", path: path)
    let known = model.settings.labels
    guard !known.isEmpty && label?.values.count != 1 else { return rows ?? SampleCommand.standard.side }
    guard rows == nil else { throw SelectionError.rowPerLabel(path: path, known: known) }
    return (label?.values ?? known).count
  }
}
