/// A new file that others may read while it grows, as a log: what is written is there at once, whole pieces at a time as
/// long as no disk is full.
public final class GrowingFile {
  private let path: String
  private let descriptor: Int32

  /// - Throws: `FileError` (`cannotWrite`) where something is at `path` already, or where it cannot be made.
  public init(_ path: String) throws {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError.unwritable(path) }
  }

  deinit { close(descriptor) }

  /// - Throws: `FileError` (`inputOutput`).
  public func append(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
  }
}
