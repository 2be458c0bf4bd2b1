import ArgumentParser
import Files
import IDX
import ImageGrid
import Selva

/// The model that a command works with.
struct ModelArgument: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "A model file or a run directory; left out, the newest run under runs/.", valueName: "model"),
    completion: Offer.model)
  var path: String?

  /// - Returns: the model and the path of its file.
  func load() throws -> (model: VAE, path: String) {
    let path = try RunDirectory.modelPath(from: path)
    return (try VAE(contentsOf: path), path)
  }
}

/// How the cells of a picture are laid out.
struct LayoutOptions: ParsableArguments {
  /// Where nothing is said.
  static let standard = (padding: 2, background: UInt8(0))

  @Option(
    help: Numbers.padding.help("Pixels between cells.", default: standard.padding),
    transform: Numbers.padding.parse)
  var padding = LayoutOptions.standard.padding

  @Option(
    help: Numbers.background.help("Grey level between cells, black to white.", default: standard.background),
    transform: Numbers.background.parse)
  var background = LayoutOptions.standard.background

  @Option(
    help: Numbers.scale.help(
      "Times to enlarge each pixel.", default: "what suits a screen: 600 pixels, the longer side at most 2000"
    ),
    transform: Numbers.scale.parse)
  var scale: Int?

  /// That of a grid of a model's pictures.
  func style(cells: Int, columns: Int, groupColumns: Int = 0, of model: ModelSettings) -> GridStyle {
    let plain = GridStyle(
      padding: padding, background: background, scale: scale ?? 1, groupColumns: groupColumns)
    return scale == nil
      ? plain.fitted(cells: cells, columns: columns, width: model.width, height: model.height) : plain
  }

  /// Refuses a grid that no PNG takes before time and memory go into its cells.
  ///
  /// - Throws: `PNGError.tooLarge`, naming `output`.
  func check(cells: Int, columns: Int, of model: ModelSettings, output: String) throws {
    let (width, height) = style(cells: cells, columns: columns, of: model)
      .size(cells: cells, columns: columns, width: model.width, height: model.height)
    guard width <= PNG.maximumSide, height <= PNG.maximumSide, width * height <= PNG.maximumPixels else {
      throw PNGError.tooLarge(path: PictureFile.name(output), width: width, height: height)
    }
    try MemoryNeed.picture(
      cells, of: model, cellPixels: width * height / max(1, cells), advice: "ask for fewer pictures"
    ).check()
  }

  /// Rows and columns of a grid that nobody has said anything about.
  static let standardSide = 8

  /// As many columns as a person who names none gets: 8, and for more than 64 cells a square.
  static func columns(for count: Int) -> Int {
    max(standardSide, Int(Double(count).squareRoot().rounded(.up)))
  }

  /// Help of an option for columns, of which `columns(for:)` says how many there are without it.
  static func columnsHelp(_ text: String, of cells: String) -> ArgumentHelp {
    Numbers.cells.help(
      text,
      default:
        "\(standardSide); for more than \(standardSide * standardSide) \(cells), the root of their number",
      "number")
  }
}

/// How a picture is laid out and where it goes.
struct PictureOptions: ParsableArguments {
  @Option(name: [.customShort("o"), .long], help: PictureFile.helpBesideModel, completion: Offer.moving)
  var output: String?

  @OptionGroup var layout: LayoutOptions

  @Flag(help: "The pictures alone, without captions.")
  var plain = false

  @OptionGroup var show: ShowOption

  /// - Parameter mayMove: whether the command makes animations.
  func checkOutput(mayMove: Bool = false) throws {
    if let output { try PictureFile.check(output, mayMove: mayMove) }
  }

  /// What is written around the pictures, if anything; said beside them where they are shown too small for letters.
  func captions(_ captions: GridCaptions) -> GridCaptions {
    if plain { return GridCaptions() }
    guard output == nil && show.isCoarse else { return captions }
    let line = ShowOption.line(captions)
    if !line.isEmpty { Console.message(line) }
    return GridCaptions(dimmed: captions.dimmed)
  }

  /// Where the picture goes: where nothing is said, beside the model, under the command's name.
  func path(beside model: String) -> String {
    output ?? FilePath.beside(model, "\(CommandLineText.subcommand).png")
  }

  /// Shows and writes the picture with what is needed to make it again, and says where, how large, and from which model.
  func write(_ raster: Raster, model: String, seed: UInt64? = nil) throws {
    let (text, origin) = (PictureText.entries(model: model, seed: seed), ModelOrigin.text(model))
    try show.show(raster, text: text, from: origin)
    if show.isOn && output == nil { return }
    try PictureFile.write(raster, to: path(beside: model), text: text, from: origin)
  }

  /// Decodes `latents`, `[count, latent]`, and writes them as a grid.
  ///
  /// - Parameter labels: one a vector where the model has labels.
  func write(
    _ latents: [Float], labels: [Int]?, of model: VAE, at path: String, columns: Int,
    captions: GridCaptions = GridCaptions(), seed: UInt64? = nil
  ) throws {
    let cells = latents.count / model.settings.latent
    try layout.check(cells: cells, columns: columns, of: model.settings, output: self.path(beside: path))
    let grid = Raster.grid(
      model.pictures(latents, labels: labels), columns: columns,
      style: layout.style(cells: cells, columns: columns, of: model.settings),
      captions: self.captions(captions))
    try write(grid, model: path, seed: seed)
  }
}

/// The text that a picture carries: what is needed to make it again.
enum PictureText {
  /// - Parameter model: nil where none has a part in it.
  static func entries(model: String?, seed: UInt64? = nil) -> [(key: String, value: String)] {
    var text = [
      (key: "Software", value: "Selva \(Version.current)"),
      (key: "Selva command", value: CommandLineText.current),
    ]
    if let model { text.append((key: "Selva model", value: model)) }
    if let seed { text.append((key: "Selva seed", value: String(seed))) }
    return text
  }
}

/// The command as it was typed, quoted so that a shell reads it the same way.
enum CommandLineText {
  static var current: String {
    (["selva"] + CommandLine.arguments.dropFirst()).map(quoted).joined(separator: " ")
  }

  /// The name of the command under way.
  static var subcommand: String { CommandLine.arguments.dropFirst().first { !$0.hasPrefix("-") } ?? "selva" }

  static func quoted(_ word: String) -> String {
    let plain = word.utf8.allSatisfy {
      (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
        || "-_./,:=+%@".utf8.contains($0)
    }
    return plain && !word.isEmpty
      ? word
      : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}

/// Which images of a folder.
enum ImagePart: String, ExpressibleByArgument, CaseIterable {
  case train, test

  static let help: ArgumentHelp =
    "Which images of a folder: test (training images where there is no test set) or train. (default: test)"
}

/// Images to encode, reconstruct or evaluate.
struct ImageOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The same as --data.", valueName: "data"), completion: Offer.data)
  var positional: String?

  @Option(
    name: [.customShort("d"), .long],
    help:
      "A folder of IDX files, or one IDX file of images (plain or gzip); left out, what the model's run learned from.",
    completion: Offer.data)
  var data: String?

  @Option(help: ImagePart.help)
  var part: ImagePart?

  @Option(help: ImageLayout.help)
  var layout: ImageLayout?

  /// Those that were given.
  var names: [String] {
    [data.map { _ in "--data" }, part.map { _ in "--part" }, layout.map { _ in "--layout" }].compactMap { $0 }
  }

  /// - Throws: `ValidationError` where an option would be passed over.
  func check() throws {
    if layout != nil && data == nil { throw ValidationError("--layout goes with --data.") }
  }

  /// The images, checked against the size that `model`, whose file lies at `path`, takes.
  func load(labels: String? = nil, for model: ModelSettings, at path: String) throws -> ImageSet {
    let images = try images(labels, path)
    try model.checkSize(of: images)
    images.warnIfUnscaled()
    return images
  }

  private func images(_ labels: String?, _ path: String) throws -> ImageSet {
    guard let data else {
      let own = try ModelOrigin.data(of: path)
      if part != nil, FileKind.isFile(own.data), own.testData == nil {
        throw ValidationError("--part goes with a folder, and the run learned from the file \(own.data).")
      }
      if part != .train, let testData = own.testData {
        return try ImageSet(
          imagesPath: testData, labelsPath: labels ?? own.testLabels, layout: own.layout)
      }
      let ownLabels = FileKind.isFolder(own.data) && part != .train ? own.testLabels : own.labels
      return try ImageOptions.images(
        own.data, labels: labels ?? ownLabels, part: part, layout: own.layout)
    }
    if part != nil, FileKind.isFile(data) {
      throw ValidationError("--part goes with a folder, and \(data) is a file.")
    }
    return try ImageOptions.images(data, labels: labels, part: part, layout: layout)
  }

  /// The images of a folder or of a file.
  static func images(
    _ data: String, labels: String? = nil, part: ImagePart?, layout: ImageLayout?
  ) throws -> ImageSet {
    guard FileKind.isFolder(data) else {
      return try ImageSet(imagesPath: data, labelsPath: labels, layout: layout)
    }
    let folder = try ImageFolder(data)
    if part != .train, let images = folder.testImages {
      return try ImageSet(imagesPath: images, labelsPath: labels ?? folder.testLabels, layout: layout)
    }
    return try ImageSet(
      imagesPath: folder.trainImages, labelsPath: labels ?? folder.trainLabels, layout: layout)
  }
}

/// Widths of hidden layers as they are typed: 512,256; or none.
struct Widths: CustomStringConvertible, Equatable {
  var values: [Int]

  init(_ values: [Int]) { self.values = values }

  @Sendable static func parse(_ text: String) throws -> Widths {
    if text.isEmpty || text == "none" { return Widths([]) }
    return try list(
      text, of: ModelSettings.widths, most: ModelSettings.mostLayers, "none, or ", as: "512,256")
  }

  /// Channels of the stages of a convolution: one at least.
  @Sendable static func parseChannels(_ text: String) throws -> Widths {
    try list(text, of: Convolution.channelCounts, most: Convolution.mostStages, as: "32,64")
  }

  /// Units of recurrent layers: one layer at least.
  @Sendable static func parseRecurrent(_ text: String) throws -> Widths {
    try list(text, of: ModelSettings.widths, most: Recurrent.mostLayers, as: "128,128")
  }

  private static func list(
    _ text: String, of range: NumberRange<Int>, most: Int, _ other: String = "", as example: String
  ) throws -> Widths {
    let values = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard values.allSatisfy({ $0.map(range.contains) ?? false }), values.count <= most else {
      throw ValidationError("must be \(other)at most \(most) whole numbers (\(range.text)), as \(example)")
    }
    return Widths(values.compactMap { $0 })
  }

  var description: String { SettingText.of(values) }
}

extension Precision: ExpressibleByArgument {
  /// bfloat16 only where the processor has it, with a note where it has not.
  func checked() -> Precision {
    guard self == .bfloat16, !Precision.processorHasBFloat16 else { return self }
    Console.message("selva: this processor has no bfloat16 products; going on in float32")
    return .float32
  }
}
