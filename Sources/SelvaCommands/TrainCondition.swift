import ArgumentParser
import IDX
import Selva

/// What a model is told of an image beside its pixels.
enum Condition: String, ExpressibleByArgument, CaseIterable {
  case none, labels

  static let help: ArgumentHelp =
    "Give the encoder and the decoder each image's label, so that pictures can be asked for by label. (default: none)"
}

extension ModelOptions {
  /// Those for `images`; with --condition, with their labels.
  ///
  /// - Throws: `LabelError.missing`.
  func settings(for images: ImageSet, _ defaults: ModelDefaults) throws -> ModelSettings {
    var settings = settings(for: images.shape, defaults)
    guard condition ?? defaults.condition == .labels else { return settings }
    guard let labels = images.labels else {
      throw LabelError.missing(path: images.path, fix: "name a file of them with --labels")
    }
    settings.labels = Set(labels).sorted().map { Int($0) }
    return settings
  }
}
