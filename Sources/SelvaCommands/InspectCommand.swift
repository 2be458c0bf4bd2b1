import ArgumentParser
import Charts
import Files
import IDX
import ImageGrid
import Selva

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what a model, a run, IDX data or a picture holds.",
    discussion: """
      What a path is, is told by its content. A model: its settings, what is in its prior, how it was trained, where \
      its run stands, every parameter with its shape. A picture: the command that makes it again. IDX data: types, sizes, range of values, how many of each label.
      With --activations, a model's hidden layers are measured on data, with its weights as they are and as \
      they were before the first step.

      Examples:
        selva inspect
        selva inspect mnist --contact-sheet digits.png
        selva inspect runs/vamp --pseudo-inputs pseudo-inputs.png
        selva inspect runs/003 --activations --data mnist -o activations.png
      """)

  @Argument(
    help: ArgumentHelp(
      "A model file, a run directory, an IDX file, a folder of IDX files or a PNG picture; left out, the newest run under runs/.",
      valueName: "path"), completion: Offer.data)
  var path: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  @Option(
    help: ArgumentHelp("Also write a picture of the first 100 images to this PNG file.", valueName: "file"),
    completion: Offer.png)
  var contactSheet: String?

  @Option(
    help: ArgumentHelp(
      "Also write the pseudo-inputs of a model's VampPrior to this PNG file, the largest weight first.",
      valueName: "file"), completion: Offer.png)
  var pseudoInputs: String?

  @Flag(help: "Measure mean and variance of a model's hidden layers; needs --data.")
  var activations = false

  @Flag(help: "With --activations: also at every step of recurrent layers, in the table and in the chart.")
  var steps = false

  @Option(
    name: [.customShort("d"), .long],
    help: ArgumentHelp(
      "Images for --activations: a folder of IDX files or one IDX file.", valueName: "folder|file"),
    completion: Offer.data)
  var data: String?

  @Option(help: ImageLayout.help)
  var layout: ImageLayout?

  @Option(
    help: Numbers.images.help(
      "Images to use for --activations, from the first on.", default: standardLimit),
    transform: Numbers.images.parse)
  var limit: Int?

  @Option(
    help: Numbers.seed.help(
      "Seed of the weights before the first step, for --activations.", default: "as in training"),
    transform: Numbers.seed.parse)
  var seed: UInt64?

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The .png, .svg or .pdf file for a chart of --activations.", valueName: "file"),
    completion: Offer.chart)
  var output: String?

  @OptionGroup var show: ShowOption

  private static let standardLimit = 1000

  func validate() throws {
    if activations && data == nil { throw ValidationError("--activations needs --data.") }
    let ofActivations = [
      ("--data", data != nil), ("--output", output != nil), ("--limit", limit != nil),
      ("--seed", seed != nil), ("--steps", steps),
    ]
    if !activations, let option = ofActivations.first(where: \.1)?.0 {
      throw ValidationError("\(option) goes with --activations.")
    }
    if json && show.isOn { throw ValidationError("--show does not go with --json.") }
    if let output { try PictureFile.checkChart(output, mayBeOutput: false) }
    if let contactSheet {
      try PictureFile.check(contactSheet, option: "--contact-sheet", mayBeOutput: false)
    }
    if let pseudoInputs {
      try PictureFile.check(pseudoInputs, option: "--pseudo-inputs", mayBeOutput: false)
    }
    if activations && contactSheet != nil { throw ValidationError("--contact-sheet goes with IDX data.") }
    if activations && pseudoInputs != nil {
      throw ValidationError("--pseudo-inputs does not go with --activations; ask for one after the other.")
    }
  }

  func run() throws {
    let kind = try path.map(Inspected.init)
    if let path, kind == .picture { return try inspectPicture(path) }
    if let path, kind == .data {
      guard !activations else {
        throw FileError(.badData, path: path, reason: "is IDX data; --activations needs a model")
      }
      guard pseudoInputs == nil else {
        throw FileError(.badData, path: path, reason: "is IDX data; --pseudo-inputs needs a model")
      }
      return try inspectData(path)
    }
    let model = try RunDirectory.modelPath(from: path)
    guard contactSheet == nil else {
      throw FileError(.badData, path: model, reason: "is a model; --contact-sheet needs IDX images")
    }
    guard layout == nil || activations else {
      throw FileError(.badData, path: model, reason: "is a model; --layout goes with IDX images")
    }
    try activations ? inspectActivations(model) : inspectModel(model)
  }

  private func inspectData(_ path: String) throws {
    let files = try DataInspection.all(path, layout: layout)
    let sheet = contactSheet != nil || show.isOn ? try DataInspection.contactSheet(path, layout: layout) : nil
    let text = PictureText.entries(model: nil)
    if let contactSheet, let sheet { try PictureFile.write(sheet, to: contactSheet, text: text, from: path) }
    try Console.result(
      json ? SettingsJSON.encode(["files": files]) : files.flatMap(\.lines).joined(separator: "\n"))
    if let sheet { try show.show(sheet, text: text, from: path) }
  }

  private func inspectPicture(_ path: String) throws {
    let given = [
      ("--activations", activations), ("--contact-sheet", contactSheet != nil),
      ("--pseudo-inputs", pseudoInputs != nil), ("--layout", layout != nil),
    ]
    if let option = given.first(where: \.1)?.0 {
      throw FileError(.badData, path: path, reason: "is a picture; leave out \(option)")
    }
    let picture = try PNG.read(path)
    let inspection = PictureInspection(path, picture)
    try Console.result(
      json ? SettingsJSON.encode(inspection) : inspection.lines.joined(separator: "\n"))
    try show.show(picture.raster, text: picture.text, from: path)
  }

  private func inspectModel(_ path: String) throws {
    let model = try VAE(contentsOf: path)
    let inspection = try ModelInspection(path, model)
    let (text, origin) = (PictureText.entries(model: path), ModelOrigin.text(path))
    let picture =
      pseudoInputs != nil || show.isOn
      ? try PriorInspection.pseudoInputs(of: model, at: path, for: pseudoInputs) : nil
    if let pseudoInputs, let picture {
      try PictureFile.write(picture, to: pseudoInputs, text: text, from: origin)
    }
    try Console.result(
      json ? SettingsJSON.encode(inspection) : inspection.lines.joined(separator: "\n"))
    if let picture { try show.show(picture, text: text, from: origin) }
  }

  private func inspectActivations(_ path: String) throws {
    guard let data else { return }
    let inspection = try ActivationInspection(
      path, images: ImageOptions.images(data, part: .train, layout: layout),
      limit: limit ?? InspectCommand.standardLimit,
      seed: seed)
    if steps && !inspection.hasSteps {
      throw FileError(.badData, path: path, reason: "has no recurrent layer; leave out --steps")
    }
    let chart = steps ? inspection.stepChart : inspection.chart
    let (text, origin) = (PictureText.entries(model: path, seed: inspection.seed), ModelOrigin.text(path))
    if let output { try PictureFile.write(chart, to: output, text: text, from: origin) }
    let lines = inspection.lines + (steps ? [""] + inspection.stepLines : [])
    try Console.result(json ? SettingsJSON.encode(inspection) : lines.joined(separator: "\n"))
    if show.isOn { try show.show(ChartFile.raster(chart), text: text, from: origin) }
  }
}

/// What lies at a path, told by its content.
private enum Inspected {
  case model, data, picture

  init(_ path: String) throws {
    if FileKind.isFolder(path) {
      self = try Inspected.folder(path)
      return
    }
    self = try MappedFile.withBytes(of: path) { bytes in
      try FileSignature.check(
        bytes, isOneOf: [.safetensors, .idx, .gzip, .png], path: path,
        fix: "name a model, a run, IDX data or a picture",
        first: { $0.importFix(path) })
      return switch FileSignature(bytes) {
      case .safetensors: .model
      case .png: .picture
      default: .data
      }
    }
  }

  private static func folder(_ path: String) throws -> Inspected {
    let isRun = FileKind.exists(RunDirectory(path).configuration)
    if isRun || (try? RunDirectory.modelPath(from: path)) != nil { return .model }
    do {
      _ = try ImageFolder(path)
      return .data
    } catch IDXError.noImages {
      throw FileError(
        .missingInput, path: path, reason: "holds neither a model nor IDX images; name a folder that does")
    }
  }
}
