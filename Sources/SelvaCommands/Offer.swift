import ArgumentParser
import Files
import Selva

/// What a shell offers where an argument is completed. Values of enumerations it knows by itself.
enum Offer {
  /// A folder of IDX files, an IDX file: they have no ending in common.
  static let data = CompletionKind.file()
  static let folder = CompletionKind.directory
  static let latents = CompletionKind.file(extensions: ["csv", "npy", "npz"])
  static let png = CompletionKind.file(extensions: ["png"])
  static let moving = CompletionKind.file(extensions: ["png", "apng"])
  static let chart = CompletionKind.file(extensions: ["png", "svg", "pdf"])
  static let prior = CompletionKind.list(["normal", "mixture:", "vamp:", "flow:"])
  static let parts = CompletionKind.list(
    ModelPart.allCases.map(\.rawValue) + ["encoder,decoder", "encoder,prior", "decoder,prior"])
  static let plane = CompletionKind.list(["pca"])
  static let colour = CompletionKind.list(["black", "white"])
  static let model = CompletionKind.custom { _, _, word in found(word, endings: [".safetensors"]) }
  static let run = CompletionKind.custom { _, _, word in found(word, endings: []) }
  static let configuration = CompletionKind.custom { _, _, word in found(word, endings: [".json"]) }

  /// Runs, the newest first, and what lies where `word` leads: folders and files with such endings. Says nothing where
  /// nothing can be read.
  static func found(_ word: String, endings: [String]) -> [String] {
    let parent = RunDirectory.defaultParent
    let runs = RunDirectory.all(in: parent).map(\.path)
    let folder =
      word.last == "/" || word.contains("/") ? FilePath.folder(word.last == "/" ? word + "." : word) : "."
    let names = ((try? FileKind.names(in: folder)) ?? []).sorted()
    let paths = names.filter { !$0.hasPrefix(".") }.map {
      folder == "." && !word.hasPrefix("./") ? $0 : FilePath.join(folder, $0)
    }
    let others = paths.filter { path in
      FileKind.isFolder(path) || endings.contains { path.hasSuffix($0) }
    }
    return runs + others.filter { !runs.contains($0) }
  }
}
