import ArgumentParser
import Selva

/// The run that `--resume` goes on with: that of a folder, or the newest that is unfinished.
struct ResumedFolder: ExpressibleByArgument, CustomStringConvertible {
  let path: String?

  init(path: String?) { self.path = path }

  init(argument: String) { path = argument }

  var description: String { path ?? "the newest unfinished run" }

  static var defaultCompletionKind: CompletionKind { Offer.run }

  /// - Throws: `StorageError.nothingUnfinished` where none is named and none is left to go on with.
  func directory() throws -> RunDirectory {
    if let path { return RunDirectory(path) }
    let parent = RunDirectory.defaultParent
    let run = RunDirectory.all(in: parent).first { RunSummary($0).state == .unfinished }
    guard let run else { throw StorageError.nothingUnfinished(parent: parent) }
    return run
  }
}
