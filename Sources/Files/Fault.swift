/// What kind of fault an error is. The command line turns it into an exit status.
public enum FaultCategory: Sendable {
  /// The content of a file or of an argument is wrong (exit status 65).
  case badData
  /// A file that should be read is not there or may not be read (66).
  case missingInput
  /// A file cannot be created (73).
  case cannotWrite
  /// Reading or writing broke off (74).
  case inputOutput
}

/// A fault of a person's input or of a file, as against a programmer's fault (which is a `precondition`).
///
/// It is shown by its `description`.
public protocol Fault: Error, CustomStringConvertible, Sendable {
  /// Whether content, a missing file or the system is to blame.
  var category: FaultCategory { get }
  /// One line for a person: the file, the place in it, what is wrong, and what to do.
  var description: String { get }
}

/// A file or folder that is not there, cannot be read, or cannot be written; or a file of another kind than is needed.
public struct FileError: Fault, Equatable {
  /// Whether the file is missing, cannot be made, or broke off.
  public let category: FaultCategory
  /// The file or folder, as it was named.
  public let path: String
  /// What is wrong with it and what to do, in words.
  public let reason: String

  /// That a file cannot be made or changed, as `errno` has it.
  package static func unwritable(_ path: String) -> FileError {
    FileError(.cannotWrite, path: path, reason: "cannot be written: \(systemReason())")
  }

  package init(_ category: FaultCategory, path: String, reason: String) {
    self.category = category
    self.path = path
    self.reason = reason
  }

  public var description: String { "\(path): \(reason)" }
}
