/// Writes a file whole or not at all: into a temporary file beside the target, synced, then renamed over it, and the
/// folder synced. What a killed process has left in the folder is cleared by the next one that writes there.
///
/// A symbolic link stays one: the file that it names is replaced. What is no regular file (a device, a pipe)
/// cannot be replaced and is written into as it is.
public enum AtomicFile {
  /// - Throws: `FileError` (`cannotWrite` when the folder does not take the file, `inputOutput` when writing
  ///   broke off); the target is then as it was before.
  public static func write(_ bytes: some Collection<UInt8>, to path: String) throws {
    try write(to: path) { file in try file.write(bytes) }
  }

  /// Streams a file of any size: `body` writes piece by piece.
  ///
  /// - Throws: as `write` does, what `body` throws, and `FileError` when a mapped file was cut short meanwhile, since
  ///   what was made of it is not to be trusted.
  public static func write(to path: String, _ body: (borrowing AtomicFileWriter) throws -> Void) throws {
    let writer = try AtomicFileWriter(path)
    do {
      try body(writer)
      try MappedFile.checkNoneIsCut()
      try writer.commit()
    } catch {
      writer.discard()
      throw error
    }
  }

  /// Gives the file at `path` a second name, in the same folder, which outlives the first one's replacement. Does
  /// nothing where there is no such file, or where the file system knows no second names.
  ///
  /// - Throws: `FileError` (`cannotWrite`).
  public static func keep(_ path: String, as second: String) throws {
    let temporary = TemporaryName.make(beside: second)
    if link(path, temporary) != 0 {
      let code = errno
      guard ![ENOENT, EPERM, EOPNOTSUPP, ENOSYS, EMLINK].contains(code) else { return }
      throw FileError(.cannotWrite, path: second, reason: "cannot be written: \(systemReason(code))")
    }
    let isDone = rename(temporary, second) == 0
    let code = errno
    // Still there too where both were names of one file already.
    unlink(temporary)
    guard isDone else {
      throw FileError(.cannotWrite, path: second, reason: "cannot be put in place: \(systemReason(code))")
    }
  }
}

/// The open temporary file of `AtomicFile.write`.
public struct AtomicFileWriter: ~Copyable {
  private let path: String
  /// What to rename to what in the end; none where the target itself is open.
  private let replacement: (temporary: String, target: String)?
  private let descriptor: Int32

  fileprivate init(_ path: String) throws {
    self.path = path
    replacement = AtomicFileWriter.replacement(for: path)
    if let temporary = replacement?.temporary {
      Leftovers.clearOnce(in: FilePath.folder(temporary))
      descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    } else {
      descriptor = open(path, O_WRONLY | O_CLOEXEC)
    }
    guard descriptor >= 0 else {
      let code = errno
      let reason =
        FileKind.isFolder(path)
        ? "is a folder; name a file in it" : "cannot be written: \(systemReason(code))"
      throw FileError(.cannotWrite, path: path, reason: reason)
    }
  }

  private static func replacement(for path: String) -> (temporary: String, target: String)? {
    var status = stat()
    guard stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else { return nil }
    let target = resolved(path)
    return (TemporaryName.make(beside: target), target)
  }

  /// The file behind links; `path` itself where there is none yet.
  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  public func write(_ bytes: some Collection<UInt8>) throws {
    if let done = try bytes.withContiguousStorageIfAvailable({ try write(raw: UnsafeRawBufferPointer($0)) }) {
      return done
    }
    try Array(bytes).withUnsafeBytes { try write(raw: $0) }
  }

  public func write(raw bytes: UnsafeRawBufferPointer) throws {
    try writeAll(bytes, to: descriptor, path: path)
  }

  fileprivate func commit() throws {
    if let (temporary, target) = replacement {
      guard DiskSync.content(descriptor), rename(temporary, target) == 0 else {
        throw FileError(.cannotWrite, path: path, reason: "cannot be put in place: \(systemReason())")
      }
      try DiskSync.name(target, shown: path)
    }
    close(descriptor)
  }

  fileprivate func discard() {
    close(descriptor)
    if let replacement { unlink(replacement.temporary) }
  }
}
