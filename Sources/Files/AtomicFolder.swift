/// Writes a folder of files whole or not at all: into a temporary folder beside the target, which then gets its name.
public enum AtomicFolder {
  /// - Parameters:
  ///   - replaces: whether a folder that is there already takes the files, one after the other, in place of those of
  ///     the same names; nil: such a folder is refused unless it is empty. What it gives are names of files of which
  ///     those that are not written go.
  ///   - body: is given the temporary folder's path.
  /// - Throws: `FileError` (`cannotWrite`), and what `body` throws; the target is then as it was before.
  public static func write(
    to path: String, replaces: ((String) -> Bool)? = nil, _ body: (String) throws -> Void
  ) throws {
    let target = FilePath.trimmed(path)
    if replaces == nil { try checkFree(target) }
    let temporary = TemporaryName.make(beside: target)
    Leftovers.clearOnce(in: FilePath.folder(target))
    guard mkdir(temporary, 0o777) == 0 else {
      throw FileError(.cannotWrite, path: path, reason: "the folder cannot be made: \(systemReason())")
    }
    defer { Leftovers.removeFolder(temporary) }
    try fill(temporary, for: target, body)
    if rename(temporary, target) == 0 { return try DiskSync.name(target) }
    let code = errno
    guard let replaces, FileKind.isFolder(target) else {
      throw FileError(.cannotWrite, path: path, reason: "cannot be put in place: \(systemReason(code))")
    }
    try move(from: temporary, to: target, replaces)
  }

  /// Faults name the files where they will be.
  private static func fill(
    _ temporary: String, for target: String, _ body: (String) throws -> Void
  ) throws {
    do {
      try body(temporary)
    } catch let fault as FileError where fault.path.hasPrefix(temporary) {
      let place = target + fault.path.dropFirst(temporary.count)
      throw FileError(fault.category, path: place, reason: fault.reason)
    }
  }

  /// Writes a file in the temporary folder that `body` was given, without waiting for the disk as `AtomicFile` does.
  ///
  /// - Throws: `FileError`.
  public static func write(_ bytes: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError.unwritable(path) }
    defer { close(descriptor) }
    try bytes.withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
  }

  /// - Parameter fix: what to do where it is not.
  /// - Throws: `FileError` where something is at `path` that is no empty folder.
  public static func checkFree(_ path: String, fix: String = "name another --output") throws {
    if FileKind.isFile(path) {
      throw FileError(.cannotWrite, path: path, reason: "is a file; name a folder")
    }
    guard FileKind.isFolder(path) else { return }
    guard try FileKind.names(in: path).isEmpty else {
      throw FileError(.cannotWrite, path: path, reason: "already holds files; \(fix)")
    }
  }

  private static func move(from temporary: String, to target: String, _ replaces: (String) -> Bool) throws {
    let names = try FileKind.names(in: temporary)
    for name in names {
      guard rename("\(temporary)/\(name)", "\(target)/\(name)") == 0 else {
        throw FileError(
          .cannotWrite, path: "\(target)/\(name)", reason: "cannot be put in place: \(systemReason())")
      }
    }
    for name in try FileKind.names(in: target) where replaces(name) && !names.contains(name) {
      unlink("\(target)/\(name)")
    }
    try DiskSync.name("\(target)/\(names.first ?? "")")
  }
}
