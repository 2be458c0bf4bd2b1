import ArgumentParser
import IDX
import Selva

/// One label for all pictures of a model with labels.
struct LabelOption: ParsableArguments {
  @Option(
    help: Numbers.label.help(
      "Of a model with labels: that of every picture; left out, that of the image or of the row of the file that a picture begins with, and needed where there is none."
    ),
    transform: Numbers.label.parse)
  var label: Int?

  /// - Throws: `SelectionError` where the model at `path` does not know it.
  func checked(for model: VAE, at path: String) throws -> Int? {
    try model.check(labels: label.map { [$0] }, option: "--label", path: path)
    return label
  }

  /// For pictures that begin with nothing which has a label; nil where the model has none.
  ///
  /// - Throws: `SelectionError` also where the model has labels and none is given.
  func needed(for model: VAE, at path: String) throws -> Int? {
    guard try checked(for: model, at: path) == nil, !model.settings.labels.isEmpty else { return label }
    throw SelectionError.labelNeeded(path: path, known: model.settings.labels)
  }
}

/// Labels of --data where only models with labels have a use for them.
struct LabelFileOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "An IDX file of labels of --data, for a model with labels; left out, the folder's.", valueName: "file"),
    completion: Offer.data)
  var labels: String?

  /// - Throws: `SelectionError` where they would be passed over.
  func checked(for model: VAE, at path: String) throws -> String? {
    if labels != nil && model.settings.labels.isEmpty {
      throw SelectionError.unlabelled(path: path, option: "--labels")
    }
    return labels
  }
}

extension VAE {
  /// - Parameter option: that which names `labels`.
  /// - Throws: `SelectionError` where labels are given that the model does not know.
  func check(labels: [Int]?, option: String, path: String) throws {
    guard let labels else { return }
    guard !settings.labels.isEmpty else { throw SelectionError.unlabelled(path: path, option: option) }
    if let label = labels.first(where: { !settings.labels.contains($0) }) {
      throw SelectionError.modelLabel(path: path, label: label, known: settings.labels)
    }
  }
}
