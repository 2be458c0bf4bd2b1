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

  @OptionGroup var model: ModelArgument
  @OptionGroup var picture: PictureOptions

  @Option(help: "Rows of the grid.")
  var rows = 8

  @Option(help: "Columns of the grid.")
  var columns = 8

  @Option(help: "Seed of the latent vectors.")
  var seed: UInt64 = 0

  @Option(
    help:
      "Standard deviation of the latent vectors; under 1 for more typical pictures, over 1 for odder ones.")
  var temperature = 1.0

  @OptionGroup var save: SaveLatentsOption

  func validate() throws {
    guard (1...10_000).contains(rows) else { throw ValidationError("--rows must be between 1 and 10000.") }
    guard (1...10_000).contains(columns) else {
      throw ValidationError("--columns must be between 1 and 10000.")
    }
    guard (0...1000).contains(temperature) else {
      throw ValidationError("--temperature must be between 0 and 1000.")
    }
  }

  func run() throws {
    let (model, path) = try model.load()
    try picture.layout.check(
      cells: rows * columns, columns: columns, of: model.settings, output: picture.output)
    let latents = Latents.prior(
      count: rows * columns, latent: model.settings.latent, seed: seed, temperature: Float(temperature))
    try picture.write(latents, of: model, at: path, columns: columns, seed: seed)
    try save.write(latents, latent: model.settings.latent)
  }
}
