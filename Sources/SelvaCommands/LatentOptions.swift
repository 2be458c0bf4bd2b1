import ArgumentParser
import Files
import IDX
import Selva

/// Where the latent vectors of a picture are kept too.
struct SaveLatentsOption: ParsableArguments {
  @Option(help: ArgumentHelp("Also write the latent vectors, as .csv or .npy.", valueName: "file"))
  var saveLatents: String?

  func validate() throws {
    guard let saveLatents else { return }
    guard LatentFormat(saveLatents) != nil else {
      throw ValidationError("--save-latents must name a .csv or .npy file.")
    }
  }

  /// Writes `values`, `[count, latent]`, where a file was named.
  func write(_ values: [Float], latent: Int) throws {
    guard let saveLatents else { return }
    try LatentTable(latent: latent, values: values).write(to: saveLatents)
  }
}

/// How a file of numbers is written, told by the end of its name.
enum LatentFormat {
  case csv, npy

  init?(_ path: String) {
    let path = path.lowercased()
    if path.hasSuffix(".csv") {
      self = .csv
    } else if path.hasSuffix(".npy") {
      self = .npy
    } else {
      return nil
    }
  }
}

/// Latent vectors to be read: a file, or `-` for standard input.
struct LatentInput {
  /// As errors call it.
  let name: String
  /// `[count, latent]`.
  let values: [Float]

  /// - Throws: `StorageError` where the vectors do not have `latent` components, among others.
  init(_ path: String, latent: Int) throws {
    name = path == "-" ? "standard input" : path
    let table =
      path == "-" ? try LatentTable(bytes: Console.input(), name: name) : try LatentTable(contentsOf: path)
    values = try table.vectors(latent: latent, name: name)
  }
}

/// Images where a command can do without them.
struct OptionalImageOptions: ParsableArguments {
  @Option(
    name: [.customShort("d"), .long],
    help: "A folder of IDX files, or one IDX file of images (plain or gzip).")
  var data: String?

  @Option(help: ImagePart.help)
  var part: ImagePart?

  func validate() throws {
    if part != nil && data == nil { throw ValidationError("--part goes with --data.") }
  }

  /// The images, checked against the model's size. Only to be called where `data` is there.
  func load(labels: String? = nil, for model: ModelSettings) throws -> ImageSet {
    guard let data else { preconditionFailure("a command loads images without having asked for --data") }
    return try ImageOptions.load(data: data, labels: labels, part: part, for: model)
  }
}
