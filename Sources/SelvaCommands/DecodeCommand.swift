import ArgumentParser
import Files
import ImageGrid
import Selva

/// `selva decode`: latent vectors to pictures.
struct DecodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode",
    abstract: "Turn latent vectors into pictures or pixels.",
    discussion: """
      A CSV file has a row for each vector. A first row in which any field is a word names the columns, one of \
      numbers is the first vector, quoted or not. Columns z0, z1, … are decoded, in that order, and all others \
      passed over. Where no column has such a name, all are decoded but label and, as pandas and R write one, a \
      first column without a name. A first row 0,1,2 above others might be names or a vector, and is refused: \
      write z0,z1,z2 if it is names, or above it if it is a vector.
      A .npy file holds an array [count, latent], or one vector: floats, integers or truth values, of any width, \
      in either byte order, in C or Fortran order. A .npz file holds it as z, with labels as labels.
      A model with labels takes each vector's from the column label, or one for all from --label.

      Examples:
        selva decode latents.csv -o pictures.png
        selva encode --data data --limit 16 | selva decode - -o pictures.png
        selva decode latents.npy runs/003 --separate pictures
        selva decode latents.csv -o pixels.npy
        selva decode latents.npy runs/labels -o sevens.png --label 7
      """)

  @Argument(
    help: "Latent vectors: a CSV, .npy or .npz file, told by its content, or - for either on standard input.",
    completion: Offer.latents)
  var latents: String

  @OptionGroup var model: ModelArgument

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "A .png file for a grid (- for standard output), or a .npy file for float32 pixels in [0, 1] of [count, height * width], of colour [count, height * width * 3]; left out, decode.png beside the model.",
      valueName: "file"), completion: .file(extensions: ["png", "npy"]))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "A folder for one PNG file of each vector, in its own pixels: 0000.png, 0001.png, …",
      valueName: "folder"), completion: Offer.folder)
  var separate: String?

  @Option(
    help: LayoutOptions.columnsHelp("Columns of the grid.", of: "vectors"),
    transform: Numbers.cells.parse)
  var columns: Int?

  @OptionGroup var label: LabelOption
  @OptionGroup var layout: LayoutOptions
  @OptionGroup var show: ShowOption

  func validate() throws {
    if separate == "-" { throw ValidationError("--separate must name a folder, which - is not.") }
    let format = output.flatMap { LatentFormat($0) }
    if format == .csv || format == .npz {
      throw ValidationError(
        "--output must name a .png or .npy file; pixels are written as neither CSV nor .npz.")
    }
    if let output, format == nil { try PictureFile.check(output) }
    try checkLayout(hasGrid: show.isOn || format == nil && (output != nil || separate == nil))
  }

  /// What would be passed over in silence is refused.
  private func checkLayout(hasGrid: Bool) throws {
    let standard = LayoutOptions.standard
    let ofGrid = [
      ("--columns", columns != nil), ("--padding", layout.padding != standard.padding),
      ("--background", layout.background != standard.background),
    ]
    if !hasGrid, let option = ofGrid.first(where: \.1)?.0 {
      throw ValidationError("\(option) belongs to a grid, for which --output names a .png file.")
    }
    if !hasGrid && separate == nil && layout.scale != nil {
      throw ValidationError("--scale belongs to pictures, and a .npy file holds pixels.")
    }
  }

  func run() throws {
    let (model, path) = try model.load()
    let input = try LatentInput(latents, for: model, label: label.checked(for: model, at: path))
    if let separate { try writeSeparately(input, model, path, into: separate) }
    let file = output ?? (separate == nil && !show.isOn ? FilePath.beside(path, "decode.png") : nil)
    let isArray = file.flatMap { LatentFormat($0) } == .npy
    if show.isOn || file != nil && !isArray { try writeGrid(input, model, path, to: isArray ? nil : file) }
    if let file, isArray { try writePixels(input, model, to: file) }
  }

  /// Shows the grid where that is asked for, and writes it where `output` says.
  private func writeGrid(_ input: LatentInput, _ model: VAE, _ path: String, to output: String?) throws {
    let columns = columns ?? LayoutOptions.columns(for: input.count)
    try layout.check(cells: input.count, columns: columns, of: model.settings, output: output ?? path)
    let grid = Raster.grid(
      model.pictures(input.values, labels: input.labels), columns: columns,
      style: layout.style(cells: input.count, columns: columns, of: model.settings))
    let (text, origin) = (PictureText.entries(model: path), ModelOrigin.text(path))
    try show.show(grid, text: text, from: origin)
    if let output { try PictureFile.write(grid, to: output, text: text, from: origin) }
  }

  /// In blocks, so that the pixels of only a few are in memory.
  private func writePixels(_ input: LatentInput, _ model: VAE, to output: String) throws {
    let pixels = model.settings.pixelCount
    let names = (0..<pixels).map { "pixel\($0)" }
    let decoder = model.makeDecoder()
    try LatentTable.write(to: output, count: input.count, width: pixels) { rows in
      let (latents, labels) = input.part(rows)
      return LatentTable(columns: names, values: decoder.decode(latents, labels: labels))
    }
  }

  private func writeSeparately(
    _ input: LatentInput, _ model: VAE, _ path: String, into folder: String
  ) throws {
    // For other programs, so with the model's own pixels where nothing else is asked.
    let style = GridStyle(padding: 0, scale: layout.scale ?? 1)
    let text = PictureText.entries(model: path)
    let digits = max(4, String(input.count - 1).count)
    try Folder.make(folder)
    for rows in LatentTable.blocks(of: input.count) {
      let (latents, labels) = input.part(rows)
      for (row, picture) in zip(rows, model.pictures(latents, labels: labels)) {
        let number = String(row)
        let name = String(repeating: "0", count: digits - number.count) + number + ".png"
        try PNG.write(
          Raster.grid([picture], columns: 1, style: style), to: FilePath.join(folder, name), text: text)
      }
    }
  }
}
