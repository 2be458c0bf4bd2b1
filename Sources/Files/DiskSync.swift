/// Waits until what was written would outlast a power cut.
public enum DiskSync {
  /// The content of an open file. False, with `errno`, where that cannot be had.
  package static func content(_ descriptor: Int32) -> Bool {
    while fsync(descriptor) != 0 { if errno != EINTR { return false } }
    return true
  }

  /// A name that a file or folder has just got: it is on disk only when the folder that it is in is. Some file systems
  /// sync no folders, and some folders may be written into but not opened; there is no more to be done for these.
  ///
  /// - Parameter shown: what the error calls it, where that is not `path`.
  /// - Throws: `FileError` (`inputOutput`).
  public static func name(_ path: String, shown: String? = nil) throws {
    let folder = open(TemporaryName.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return }
    defer { close(folder) }
    guard !content(folder), errno != EINVAL, errno != EOPNOTSUPP else { return }
    throw FileError(
      .inputOutput, path: shown ?? path,
      reason: "is written, but may not outlast a power cut: \(systemReason())")
  }
}
