/// Writes a file whole or not at all: into a temporary file beside the target, synced, then renamed over it.
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
  public static func write(to path: String, _ body: (borrowing AtomicFileWriter) throws -> Void) throws {
    let writer = try AtomicFileWriter(path)
    do {
      try body(writer)
      try writer.commit()
    } catch {
      writer.discard()
      throw error
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
      descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    } else {
      descriptor = open(path, O_WRONLY | O_CLOEXEC)
    }
    guard descriptor >= 0 else {
      let reason =
        FileKind.isFolder(path) ? "is a folder; name a file in it" : "cannot be written: \(systemReason())"
      throw FileError(.cannotWrite, path: path, reason: reason)
    }
  }

  private static func replacement(for path: String) -> (temporary: String, target: String)? {
    var status = stat()
    guard stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else { return nil }
    let target = resolved(path)
    return ("\(target).\(getpid()).\(UInt32.random(in: 0 ..< .max)).tmp", target)
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
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      #if canImport(Darwin)
        let written = Darwin.write(descriptor, part.baseAddress, part.count)
      #else
        let written = Glibc.write(descriptor, part.baseAddress, part.count)
      #endif
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else {
        throw FileError(.inputOutput, path: path, reason: "writing broke off: \(systemReason())")
      }
      rest = rest.dropFirst(written)
    }
  }

  fileprivate func commit() throws {
    if let (temporary, target) = replacement {
      guard fsync(descriptor) == 0, rename(temporary, target) == 0 else {
        throw FileError(.cannotWrite, path: path, reason: "cannot be put in place: \(systemReason())")
      }
    }
    close(descriptor)
  }

  fileprivate func discard() {
    close(descriptor)
    if let replacement { unlink(replacement.temporary) }
  }
}
