import Synchronization

/// Names of files that are being written: `.selva-PID-NUMBER.tmp`, which tells whose they are and is never too long,
/// whatever the file will be called.
enum TemporaryName {
  private static let prefix = ".selva-"
  private static let suffix = ".tmp"

  static func make(beside path: String) -> String {
    FilePath.beside(path, "\(prefix)\(getpid())-\(UInt32.random(in: 0 ... .max))\(suffix)")
  }

  /// The process that a file of this name belongs to; nil for any other name.
  static func process(_ name: String) -> pid_t? {
    guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
    let parts = name.dropFirst(prefix.count).dropLast(suffix.count).split(separator: "-")
    guard parts.count == 2, UInt32(parts[1]) != nil else { return nil }
    return pid_t(parts[0]).flatMap { $0 > 0 ? $0 : nil }
  }
}

/// Files that a process was writing when it was killed.
public enum Leftovers {
  private static let cleared = Mutex<Set<String>>([])

  /// Whether `name` is that of a file being written, or left half-written.
  public static func isTemporary(_ name: String) -> Bool { TemporaryName.process(name) != nil }

  /// Removes the temporary files of processes that are no more. What cannot be removed stays.
  public static func clear(in folder: String) {
    for name in (try? FileKind.names(in: folder)) ?? [] {
      guard let process = TemporaryName.process(name), process != getpid() else { continue }
      // A process of another user may not be signalled, but is there.
      guard kill(process, 0) != 0 && errno == ESRCH else { continue }
      if unlink("\(folder)/\(name)") != 0 { removeFolder("\(folder)/\(name)") }
    }
  }

  /// Removes a folder with what is in it, links themselves rather than what they lead to.
  static func removeFolder(_ path: String) {
    guard TemporaryName.process(String(path.split(separator: "/").last ?? "")) != nil else { return }
    remove(path)
  }

  private static func remove(_ path: String) {
    if unlink(path) == 0 { return }
    for name in (try? FileKind.names(in: path)) ?? [] { remove("\(path)/\(name)") }
    rmdir(path)
  }

  /// Once for each folder in the life of this process.
  static func clearOnce(in folder: String) {
    guard cleared.withLock({ $0.insert(folder).inserted }) else { return }
    clear(in: folder)
  }
}
