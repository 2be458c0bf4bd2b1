import ArgumentParser
import Files
import IDX
import ImageGrid
import Pictures
import Selva

/// `selva data import`: a set of pictures.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Make a set of IDX files from pictures, arrays or tables of pixels.",
    discussion: """
      Takes PNG and JPEG pictures, folders of them (folders in these are labels, below folders train and test \
      where there are such), zip, tar and 7z archives of them, .npy and .npz arrays ([count, height, width], with \
      channels, or [count, pixels]; from 0 to 255, floats from 0 to 1; of .npz also labels), and CSV files of \
      pixels (as Kaggle's, with a column label or without). Each is told by its content, not by its name.
      Images are in natural order of their names (2 before 10), colour where any picture has some. The set is a \
      folder that every command takes as --data, with the names of labels in labels.txt and those of images in \
      train-names.txt. Pictures that cannot be read are passed over and named.

      Examples:
        selva data import photos -o set --size 64 --test-fraction 0.1
        selva data import digits.zip -o set --grey --invert
        selva data import *.png -o set --size 32x48 --fit pad --background white
        selva data import train.csv -o set
        selva train --data set
      """)

  @Argument(
    help: ArgumentHelp("Pictures, folders, archives, arrays, tables.", valueName: "input"),
    completion: Offer.data)
  var inputs: [String]

  @OptionGroup var target: SetOutput

  @Option(
    help: ArgumentHelp(
      "Scale every picture to WIDTHxHEIGHT (\(PictureSize.sides.text) each), or to a square; needed where sizes differ.",
      valueName: "size"),
    transform: PictureSize.parse)
  var size: PictureSize?

  @Option(
    help:
      "With --size, of a picture of another shape: its middle, all of it with borders, or all out of proportion."
  )
  var fit: PictureFit = .crop

  @Flag(help: "Grey, also where there is colour.")
  var grey = false

  @Option(
    help: ArgumentHelp(
      "What shows through transparent pixels and fills borders: black, white or #rrggbb.", valueName: "colour"
    ), completion: Offer.colour,
    transform: PictureColour.parse)
  var background = Color.black

  @Flag(help: "Black for white, as for ink on paper.")
  var invert = false

  @Flag(help: "Rows for columns, as EMNIST has them.")
  var transpose = false

  @Option(help: ImageLayout.help)
  var layout: ImageLayout?

  @OptionGroup var split: SplitOptions

  @Flag(help: "End at the first picture that cannot be read.")
  var strict = false

  func validate() throws {
    if fit != .crop && size == nil { throw ValidationError("--fit goes with --size.") }
    try split.checkSeed()
  }

  func run() throws {
    try target.check()
    var settings = ImportSettings()
    (settings.size, settings.fit, settings.isGrey, settings.background) = (size, fit, grey, background)
    (settings.isInverted, settings.isTransposed, settings.layout) = (invert, transpose, layout)
    (settings.isStrict, settings.testFraction, settings.seed) = (strict, split.testFraction, split.seed ?? 0)
    let report = ImportProgress()
    defer { report.clear() }
    let collection = try PictureCollection(settings) { report.tell($0) }
    try collection.gather(inputs)
    report.clear()
    let source = inputs.count == 1 ? inputs[0] : "\(inputs[0]) and the others"
    let summary = try collection.write(to: target.output, source: source, replaces: target.force)
    report.finish()
    if let name = summary.unlabelled {
      Console.message("selva: no labels, since not all pictures lie in folders that tell them: \(name)")
    }
    Console.message("wrote \(target.output), \(ImportCommand.text(summary))")
  }

  private static func text(_ summary: ImportSummary) -> String {
    let test = summary.test > 0 ? " and \(Format.grouped(summary.test)) test images" : " images"
    let labels = summary.labels > 0 ? ", \(summary.labels) labels" : ""
    return "\(Format.grouped(summary.train))\(test) of \(summary.shape)\(labels)"
  }
}

/// How far an import is, and what it passed over.
private final class ImportProgress {
  private var line = ProgressLine()
  private var skipped = 0
  /// More names than these tell nothing new; they are counted.
  private static let mostNamed = 100
  private static let step = 50

  func tell(_ event: PictureCollection.Event) {
    switch event {
    case .read(let count):
      if count % ImportProgress.step == 0 {
        line.draw(["reading pictures: \(Format.grouped(count))", "\(count)"])
      }
    case .skipped(let reason):
      skipped += 1
      guard skipped <= ImportProgress.mostNamed else { return }
      line.clear()
      Console.message("selva: passed over: \(reason)")
    }
  }

  func clear() { line.clear() }

  /// Says how many were passed over without a name.
  func finish() {
    let unnamed = skipped - ImportProgress.mostNamed
    if unnamed > 0 {
      Console.message("selva: passed over: \(Format.grouped(unnamed)) more; --strict ends at the first")
    }
  }
}

extension PictureFit: ExpressibleByArgument {}

extension PictureSize {
  static let sides = NumberRange(1...largest)

  @Sendable static func parse(_ text: String) throws -> PictureSize {
    let numbers = text.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(numbers.count), numbers.allSatisfy({ $0.map(sides.contains) ?? false }),
      let width = numbers[0], let height = numbers[numbers.count - 1]
    else {
      throw ValidationError("must be one number or two (\(sides.text) each), as 28 or 32x48")
    }
    return PictureSize(width: width, height: height)
  }
}

/// A colour as it is typed.
enum PictureColour {
  @Sendable static func parse(_ text: String) throws -> Color {
    switch text.lowercased() {
    case "black": return .black
    case "white": return .white
    default: break
    }
    let digits = text.hasPrefix("#") ? text.dropFirst() : text[...]
    guard digits.utf8.count == 6, digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16)
    else {
      throw ValidationError("must be black, white or #rrggbb")
    }
    return Color(red: UInt8(value >> 16), green: UInt8(value >> 8 & 255), blue: UInt8(value & 255))
  }
}
