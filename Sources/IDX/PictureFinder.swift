import Files

/// What people have in a folder where a set is expected.
enum PictureFinder {
  /// Looked at so many files at most, and so many folders below one another.
  private static let most = 200
  private static let deepest = 3

  /// The kind of the first picture by name; nil where there is none.
  static func first(in folder: String) -> FileSignature? {
    var left = most
    return first(in: folder, depth: 0, &left)
  }

  private static func first(in folder: String, depth: Int, _ left: inout Int) -> FileSignature? {
    let names = ((try? FileKind.names(in: folder)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
    let paths = names.prefix(most).map { "\(folder)/\($0)" }
    for path in paths where !FileKind.isFolder(path) && left > 0 {
      left -= 1
      if let kind = kind(path), [.png, .jpeg].contains(kind) { return kind }
    }
    guard depth < deepest else { return nil }
    for path in paths where FileKind.isFolder(path) {
      if let kind = first(in: path, depth: depth + 1, &left) { return kind }
    }
    return nil
  }

  private static func kind(_ path: String) -> FileSignature? {
    // A pipe would be read to its end.
    guard FileKind.isRegular(path) else { return nil }
    return try? MappedFile.withBytes(of: path) { FileSignature($0) }
  }
}
