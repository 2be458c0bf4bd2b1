import ArgumentParser
import Files
import IDX
import Selva

/// Where the latent vectors of a picture are kept too.
struct SaveLatentsOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Also write the latent vectors, as .csv or .npz (with labels where the model has them) or .npy.",
      valueName: "file"), completion: Offer.latents)
  var saveLatents: String?

  func validate() throws {
    guard let saveLatents else { return }
    guard LatentFormat(saveLatents) != nil else {
      throw ValidationError("--save-latents must name a .csv, .npy or .npz file.")
    }
  }

  /// Writes `values`, `[count, latent]`, where a file was named.
  func write(_ values: [Float], labels: [Int]?, latent: Int) throws {
    guard let saveLatents else { return }
    try LatentTable(latent: latent, values: values, labels: labels?.map { String($0) }).write(to: saveLatents)
    Console.message("wrote \(saveLatents), \(Format.vectors(values.count / latent)) of \(latent)")
  }
}

/// How a file of numbers is written, told by the end of its name.
enum LatentFormat {
  case csv, npy, npz

  init?(_ path: String) {
    let path = path.lowercased()
    if path.hasSuffix(".csv") {
      self = .csv
    } else if path.hasSuffix(".npy") {
      self = .npy
    } else if path.hasSuffix(".npz") {
      self = .npz
    } else {
      return nil
    }
  }
}

/// Latent vectors to be read: a file, or `-` for standard input.
struct LatentInput {
  /// As errors call it.
  let name: String
  let latent: Int
  /// `[count, latent]`.
  let values: [Float]
  /// One a vector; nil where the model has no labels.
  let labels: [Int]?

  /// - Parameter label: of all vectors, whatever the file says; one of the model's.
  /// - Throws: `StorageError` where the vectors are not as long as the model's, `SelectionError` where the model has
  ///   labels and a vector has none that it knows, among others.
  init(_ path: String, for model: VAE, label: Int?) throws {
    name = path == "-" ? "standard input" : path
    let table =
      path == "-" ? try LatentTable(bytes: Console.input(), name: name) : try LatentTable(contentsOf: path)
    latent = model.settings.latent
    values = try table.vectors(latent: latent, name: name)
    let known = model.settings.labels
    labels =
      if known.isEmpty {
        nil
      } else if let label {
        [Int](repeating: label, count: table.count)
      } else {
        try LatentInput.labels(of: table, name: name, known: known)
      }
  }

  private static func labels(of table: LatentTable, name: String, known: [Int]) throws -> [Int] {
    guard let labels = table.labels else { throw SelectionError.noLatentLabels(path: name, known: known) }
    return try labels.enumerated().map { row, text in
      // pandas writes whole numbers as 3.0 where one of the column is missing.
      guard let label = Double(text).flatMap({ Int(exactly: $0) }), known.contains(label) else {
        throw SelectionError.latentLabel(path: name, row: row, label: text, known: known)
      }
      return label
    }
  }

  var count: Int { values.count / latent }

  /// Some of the vectors, with their labels.
  func part(_ rows: Range<Int>) -> (latents: [Float], labels: [Int]?) {
    (Array(values[rows.lowerBound * latent..<rows.upperBound * latent]), labels.map { Array($0[rows]) })
  }
}
