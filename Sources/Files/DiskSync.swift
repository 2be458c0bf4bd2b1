/// Waits until what was written would outlast a power cut.
public enum DiskSync {
  /// The content of an open file. False, with `errno`, where that cannot be had.
  package static func content(_ descriptor: Int32) -> Bool {
    while fsync(descriptor) != 0 { if errno != EINTR { return false } }
    return true
  }

  /// Files that are all written, and the folders that they are in: much faster than one by one as they are written, since
  /// a file system has most of them on disk with the first.
  ///
  /// - Parameter names: paths in `folder`.
  /// - Throws: `FileError` (`inputOutput`).
  public static func files(_ names: [String], in folder: String) throws {
    var folders: Set<String> = []
    for name in names {
      var name = FilePath.folder(name)
      while name != ".", folders.insert(name).inserted { name = FilePath.folder(name) }
    }
    for path in (names + folders.sorted()).map({ "\(folder)/\($0)" }) + [folder] {
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      defer { if descriptor >= 0 { close(descriptor) } }
      guard descriptor >= 0, content(descriptor) || errno == EINVAL || errno == EOPNOTSUPP else {
        throw FileError(.inputOutput, path: path, reason: "cannot be written to the disk: \(systemReason())")
      }
    }
  }

  /// A name that a file or folder has just got: it is on disk only when the folder that it is in is. Some file systems
  /// sync no folders, and some folders may be written into but not opened; there is no more to be done for these.
  ///
  /// - Parameter shown: what the error calls it, where that is not `path`.
  /// - Throws: `FileError` (`inputOutput`).
  public static func name(_ path: String, shown: String? = nil) throws {
    let folder = open(FilePath.folder(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return }
    defer { close(folder) }
    guard !content(folder), errno != EINVAL, errno != EOPNOTSUPP else { return }
    throw FileError(
      .inputOutput, path: shown ?? path,
      reason: "is written, but may not outlast a power cut: \(systemReason())")
  }
}
