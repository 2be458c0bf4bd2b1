import ArgumentParser
import Selva

/// `selva sample`: what the prior decodes to.
struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Draw latent vectors from the prior, and write a grid of the pictures that they stand for.",
    discussion: """
      The same seed gives the same latent vectors, whatever the model and the size of the grid.

      Examples:
        selva sample -o grid.png
        selva sample runs/003 -o grid.png --rows 4 --columns 16 --seed 7
        selva sample -o grid.png --temperature 0.7 --save-latents grid.csv
      """)

  private static let standard = (side: LayoutOptions.standardSide, seed: UInt64(0), temperature: 1.0)

  @OptionGroup var model: ModelArgument
  @OptionGroup var picture: PictureOptions

  @Option(
    help: Numbers.cells.help("Rows of the grid.", default: standard.side), transform: Numbers.cells.parse)
  var rows = SampleCommand.standard.side

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

  @OptionGroup var save: SaveLatentsOption

  func run() throws {
    let (model, path) = try model.load()
    try picture.layout.check(
      cells: rows * columns, columns: columns, of: model.settings, output: picture.output)
    let sheet = SampleSheet(
      model, rows: rows, columns: columns, seed: seed, temperature: Float(temperature))
    try picture.write(
      sheet.latents, of: model, at: path, columns: columns, rowLabels: sheet.rowLabels, seed: seed)
    try save.write(sheet.latents, latent: model.settings.latent)
  }
}
