import ArgumentParser
import Files
import IDX
import Pictures
import Selva

/// The folder that a set goes into.
struct SetOutput: ParsableArguments {
  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The folder to make; an empty one will do.", valueName: "folder"),
    completion: Offer.folder)
  var output: String

  @Flag(help: "Replace a set that the folder holds.")
  var force = false

  func validate() throws {
    guard output != "-" && !output.isEmpty else { throw ValidationError("--output must name a folder.") }
  }

  /// Before time goes into what no folder takes.
  ///
  /// - Throws: `FileError`.
  func check() throws {
    guard !force else { return }
    try AtomicFolder.checkFree(output, fix: "name another --output, or give --force to replace the set in it")
  }
}

/// A part of images to hold out.
struct SplitOptions: ParsableArguments {
  static let fractions = NumberRange(0.0001...0.9999)

  @Option(
    help: fractions.help(
      "Hold out such a part of every label's images, by chance, as the test set.", default: "none"),
    transform: fractions.parse)
  var testFraction: Double?

  @Option(help: Numbers.seed.help("Seed of --test-fraction.", default: "0"), transform: Numbers.seed.parse)
  var seed: UInt64?

  func checkSeed() throws {
    if seed != nil && testFraction == nil { throw ValidationError("--seed goes with --test-fraction.") }
  }
}

/// A set to be read.
struct SetInput: ParsableArguments {
  @Argument(
    help: ArgumentHelp("A folder of IDX files, or one IDX file of images.", valueName: "set"),
    completion: Offer.data)
  var set: String

  @Option(help: ArgumentHelp("Only these images of a folder: train or test; left out, both."))
  var part: ImagePart?

  @Option(
    help: ArgumentHelp("An IDX file of labels for a set that is a file.", valueName: "file"),
    completion: Offer.data)
  var labelFile: String?

  @Option(help: ImageLayout.help)
  var layout: ImageLayout?

  /// - Throws: `ValidationError` where an option does not go with the set, and what reading throws.
  func load() throws -> StoredSet {
    let isFolder = FileKind.isFolder(set)
    if part != nil && !isFolder { throw ValidationError("--part goes with a folder, and \(set) is a file.") }
    if labelFile != nil && isFolder {
      throw ValidationError("--label-file goes with a file, and \(set) is a folder.")
    }
    let loaded = try StoredSet(
      set, only: part.map { $0 == .train ? .train : .test }, labels: labelFile, layout: layout)
    guard !loaded.parts.isEmpty else {
      throw ValidationError("\(set) has no test images, which --part test asks for.")
    }
    return loaded
  }
}

/// The last line of a command that wrote a set.
enum SetReport {
  static func tell(_ output: String, _ parts: [SetContent]) {
    let counts = parts.map { "\(Format.grouped($0.count)) \($0.part == .train ? "training" : "test")" }
    Console.message(
      "selva: \(output): \(counts.joined(separator: " and ")) images of \(parts[0].shape)")
  }
}
