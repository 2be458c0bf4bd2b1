import ArgumentParser
import Files
import IDX
import Selva

/// A command with a model and images, either of which may be named without an option: what a path is, its content says.
protocol ModelAndImages {
  var model: ModelArgument { get set }
  var images: ImageOptions { get set }
}

extension ModelAndImages {
  /// Gives each path that has no option to whom it belongs.
  ///
  /// - Throws: `ValidationError` where there is data twice.
  mutating func sortPositionals() throws {
    let paths = [model.path, images.positional].compactMap { $0 }
    guard let place = paths.firstIndex(where: Self.isData) ?? (paths.count == 2 ? 1 : nil) else {
      return try images.check()
    }
    if let data = images.data {
      throw ValidationError("Both \(paths[place]) and --data \(data) say which images; leave one out.")
    }
    images.data = paths[place]
    images.positional = nil
    model.path = paths.count == 2 ? paths[1 - place] : nil
    try images.check()
  }

  /// Whether IDX files lie there, and no model.
  private static func isData(_ path: String) -> Bool {
    guard FileKind.isFolder(path) else {
      let signature = try? MappedFile.withBytes(of: path) { FileSignature($0) }
      return signature == .idx || signature == .gzip
    }
    return (try? RunDirectory.modelPath(from: path)) == nil && (try? ImageFolder(path)) != nil
  }
}
