import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Questions to the file system, and folders made in it.
package enum Folder {
  enum Kind { case folder, other }

  /// What is at `path`; nil where there is nothing, or nothing that may be looked at.
  static func kind(_ path: String) -> Kind? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return status.st_mode & S_IFMT == S_IFDIR ? .folder : .other
  }

  static func isFile(_ path: String) -> Bool { kind(path) == .other }

  /// Names in a folder, in no order; none where it cannot be read.
  static func names(_ path: String) -> [String] { (try? FileKind.names(in: path)) ?? [] }

  /// Makes one folder; false where something has its name already.
  ///
  /// - Throws: `FileError` where it cannot be made.
  static func makeNew(_ path: String) throws -> Bool {
    if mkdir(path, 0o777) == 0 {
      try DiskSync.name(path)
      return true
    }
    let code = errno
    if code == EEXIST { return false }
    throw FileError(
      .cannotWrite, path: path, reason: "the folder cannot be made: \(String(cString: strerror(code)))")
  }

  /// Makes a folder and those that it lies in, where they are not there.
  ///
  /// - Throws: `FileError` where one cannot be made.
  package static func make(_ path: String) throws {
    guard !path.isEmpty else {
      throw FileError(.cannotWrite, path: "''", reason: "is no folder's name; name one, as runs/001")
    }
    var parent = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      parent = parent.isEmpty ? String(part) : FilePath.join(parent, String(part))
      // Another process may make it between the question and the making.
      if try FileKind.isMissing(parent) { _ = try makeNew(parent) }
      guard kind(parent) == .folder else {
        throw FileError(.cannotWrite, path: parent, reason: "is no folder; name another place")
      }
    }
  }
}
