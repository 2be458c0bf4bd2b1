import Archives
import Files
import IDX
import Pictures

/// The sets of EMNIST, out of the one archive that holds them all.
enum EMNIST {
  /// Longer than any file of it.
  private static let most = 1 << 30

  /// Writes one of its sets, with the pictures upright: in the archive, rows stand for columns.
  ///
  /// - Throws: `FileError`, `IDXError`, `DownloadError` where the archive has no such set.
  static func write(_ part: String, from archive: String, to folder: String, replaces: Bool) throws {
    let unpacked = "\(archive).\(part)"
    guard mkdir(unpacked, 0o777) == 0 || errno == EEXIST else { throw FileError.unwritable(unpacked) }
    defer { remove(unpacked) }
    let names = try unpack(part, archive, into: unpacked)
    let set = try StoredSet(unpacked)
    try SetFolder.write(
      set.parts.map(upright), labelNames: names, to: folder, replaces: replaces)
  }

  /// - Returns: what the labels are called.
  private static func unpack(_ part: String, _ archive: String, into folder: String) throws -> LabelNames? {
    let reader = try ArchiveReader(archive)
    var names: LabelNames?
    var images = 0
    while let path = try reader.next() {
      guard let name = path.split(separator: "/").last, name.hasPrefix("emnist-\(part)-") else { continue }
      if name.hasSuffix("-mapping.txt") {
        names = labels(String(decoding: try reader.content(most: most), as: UTF8.self))
      } else if name.hasSuffix("-ubyte.gz") {
        try AtomicFile.write(try reader.content(most: most), to: "\(folder)/\(name)")
        images += 1
      }
    }
    guard images > 0 else { throw DownloadError(.badData, "\(archive): has no emnist-\(part) in it") }
    return names
  }

  /// Lines of a label and the codes of its characters.
  static func labels(_ mapping: String) -> LabelNames? {
    var names: [UInt8: String] = [:]
    for line in mapping.split(whereSeparator: \.isNewline) {
      let numbers = line.split(separator: " ").compactMap { UInt8($0) }
      guard numbers.count >= 2 else { return nil }
      // Of an upper and a lower case letter in one class, the first stands for both.
      names[numbers[0]] = String(UnicodeScalar(numbers[1]))
    }
    return names.isEmpty ? nil : LabelNames(names)
  }

  static func upright(_ part: StoredSet.Part) -> SetContent {
    let images = part.images
    let (height, width) = (images.shape.height, images.shape.width)
    return SetContent(
      part: part.part, count: images.count, shape: ImageShape(height: width, width: height),
      labels: images.labels,
      names: nil,
      pixels: .bytes { index in
        let pixels = images.bytes(index)
        return (0..<width).flatMap { x in (0..<height).map { pixels[$0 * width + x] } }
      })
  }

  private static func remove(_ folder: String) {
    for name in (try? FileKind.names(in: folder)) ?? [] { unlink("\(folder)/\(name)") }
    rmdir(folder)
  }
}
