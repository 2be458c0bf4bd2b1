import ArgumentParser
import Files
import IDX
import ImageGrid
import Selva

/// The model that a command works with.
struct ModelArgument: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "A model file or a run directory; left out, the newest run under runs/.", valueName: "model"))
  var path: String?

  /// - Returns: the model and the path of its file.
  func load() throws -> (model: VAE, path: String) {
    let path = try RunDirectory.modelPath(from: path)
    return (try VAE(contentsOf: path), path)
  }
}

/// How the cells of a picture are laid out.
struct LayoutOptions: ParsableArguments {
  @Option(help: "Pixels between cells.")
  var padding = 2

  @Option(help: "Grey level between cells, 0 (black) to 255 (white).")
  var background: UInt8 = 0

  @Option(help: "Times to enlarge each pixel.")
  var scale = 1

  func validate() throws {
    guard (0...1000).contains(padding) else { throw ValidationError("--padding must be between 0 and 1000.") }
    guard (1...64).contains(scale) else { throw ValidationError("--scale must be between 1 and 64.") }
  }

  func style(groupColumns: Int = 0) -> GridStyle {
    GridStyle(padding: padding, background: background, scale: scale, groupColumns: groupColumns)
  }

  /// Refuses a grid that no PNG takes before time and memory go into its cells.
  ///
  /// - Throws: `PNGError.tooLarge`, naming `output`.
  func check(cells: Int, columns: Int, of model: ModelSettings, output: String) throws {
    let used = min(columns, cells)
    let width = used * (model.width * scale + padding) + padding
    let height = (cells + columns - 1) / columns * (model.height * scale + padding) + padding
    guard width <= PNG.maximumSide, height <= PNG.maximumSide, width * height <= PNG.maximumPixels else {
      throw PNGError.tooLarge(path: output, width: width, height: height)
    }
  }

  /// As many columns as a person who names none gets: 8, and for more than 64 cells a square.
  static func columns(for count: Int) -> Int { max(8, Int(Double(count).squareRoot().rounded(.up))) }
}

/// How a picture is laid out and where it goes.
struct PictureOptions: ParsableArguments {
  @Option(name: [.customShort("o"), .long], help: "The PNG file to write.")
  var output: String

  @OptionGroup var layout: LayoutOptions

  func style(groupColumns: Int = 0) -> GridStyle { layout.style(groupColumns: groupColumns) }

  /// Writes the picture with what is needed to make it again.
  func write(_ raster: Raster, model: String, seed: UInt64? = nil) throws {
    try PNG.write(raster, to: output, text: PictureText.entries(model: model, seed: seed))
  }

  /// Decodes `latents`, `[count, latent]`, and writes them as a grid.
  func write(
    _ latents: [Float], of model: VAE, at path: String, columns: Int, rowLabels: [String] = [],
    seed: UInt64? = nil
  ) throws {
    try layout.check(
      cells: latents.count / model.settings.latent, columns: columns, of: model.settings, output: output)
    let grid = Raster.grid(model.pictures(latents), columns: columns, style: style(), rowLabels: rowLabels)
    try write(grid, model: path, seed: seed)
  }
}

/// The text that a picture carries: what is needed to make it again.
enum PictureText {
  static func entries(model: String, seed: UInt64? = nil) -> [(key: String, value: String)] {
    var text = [
      (key: "Software", value: "Selva"), (key: "Selva command", value: CommandLineText.current),
      (key: "Selva model", value: model),
    ]
    if let seed { text.append((key: "Selva seed", value: String(seed))) }
    return text
  }
}

/// The command as it was typed, quoted so that a shell reads it the same way.
enum CommandLineText {
  static var current: String {
    (["selva"] + CommandLine.arguments.dropFirst()).map(quoted).joined(separator: " ")
  }

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

/// Images to encode, reconstruct or evaluate.
struct ImageOptions: ParsableArguments {
  @Option(
    name: [.customShort("d"), .long],
    help: "A folder of IDX files, or one IDX file of images (plain or gzip).")
  var data: String

  @Option(help: "An IDX file of labels, where --data is a file of images.")
  var labels: String?

  @Option(help: "Which images of a folder: test (training images where there is no test set) or train.")
  var part: Part = .test

  enum Part: String, ExpressibleByArgument, CaseIterable {
    case train, test
  }

  /// The images, checked against the model's size.
  func load(for model: ModelSettings? = nil) throws -> ImageSet {
    try ImageOptions.load(data: data, labels: labels, part: part, for: model)
  }

  static func load(data: String, labels: String?, part: Part, for model: ModelSettings?) throws -> ImageSet {
    let images = try images(data, labels: labels, part: part)
    try model?.checkSize(of: images)
    images.warnIfUnscaled()
    return images
  }

  /// The images of a folder or of a file.
  static func images(_ data: String, labels: String? = nil, part: Part) throws -> ImageSet {
    guard FileKind.isFolder(data) else { return try ImageSet(imagesPath: data, labelsPath: labels) }
    let folder = try ImageFolder(data)
    if part == .test, let images = folder.testImages {
      return try ImageSet(imagesPath: images, labelsPath: labels ?? folder.testLabels)
    }
    return try ImageSet(imagesPath: folder.trainImages, labelsPath: labels ?? folder.trainLabels)
  }
}

/// Widths of hidden layers as they are typed: 512,256; or none.
struct Widths: ExpressibleByArgument, Equatable {
  var values: [Int]

  init(_ values: [Int]) { self.values = values }

  init?(argument: String) {
    if argument.isEmpty || argument == "none" {
      values = []
      return
    }
    let parsed = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard parsed.allSatisfy({ $0 ?? 0 > 0 }) else { return nil }
    values = parsed.compactMap { $0 }
  }

  var defaultValueDescription: String {
    values.isEmpty ? "none" : values.map(String.init).joined(separator: ",")
  }
}

extension Precision: ExpressibleByArgument {
  /// bfloat16 only where the processor has it, with a note where it has not.
  func checked() -> Precision {
    guard self == .bfloat16, !Precision.processorHasBFloat16 else { return self }
    Console.message("selva: this processor has no bfloat16 products; going on in float32")
    return .float32
  }
}
