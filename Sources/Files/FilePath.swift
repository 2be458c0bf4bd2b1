/// Paths as text.
package enum FilePath {
  /// The same place, whatever the working folder will be.
  package static func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    let start = String(cString: folder)
    return path == "." ? start : start == "/" ? "/\(path)" : "\(start)/\(path)"
  }

  /// `set/` as `set`.
  package static func trimmed(_ path: String) -> String {
    var path = path[...]
    while path.count > 1, path.hasSuffix("/") { path = path.dropLast() }
    return String(path)
  }

  /// What a path lies in; `.` for a name alone.
  package static func folder(_ path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The place of `name` in the folder that `path` lies in.
  package static func beside(_ path: String, _ name: String) -> String {
    guard path.utf8.contains(UInt8(ascii: "/")) else { return name }
    return join(folder(path), name)
  }

  /// The place of `name` in `folder`.
  package static func join(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }

  /// The last part of a path.
  package static func name(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
