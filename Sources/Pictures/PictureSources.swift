import Archives
import Files
import ImageGrid

extension PictureCollection {
  /// Takes all pictures that `inputs` hold: folders, pictures, archives, arrays, tables of pixels.
  ///
  /// - Throws: `Fault` where an input cannot be read, and what `settings.isStrict` asks for.
  public func gather(_ inputs: [String]) throws {
    for input in inputs {
      if FileKind.isFolder(input) {
        try gatherFolder(input, isAlone: inputs.count == 1)
      } else {
        try gatherFile(input)
      }
    }
  }

  /// - Parameter isAlone: whether the folder's own name says nothing.
  private func gatherFolder(_ folder: String, isAlone: Bool) throws {
    let root = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    let files = try PictureFolder.files(in: root)
    if isAlone {
      order = PictureFolder.order(root)
      labelNames = LabelNames(folder: root)
    }
    let base = root.split(separator: "/").last.map(String.init) ?? root
    for file in files where !(isAlone && PictureFolder.isOwn(file)) {
      let name = isAlone ? file : "\(base)/\(file)"
      try add(name, root: isAlone ? .folder : .list) { try decode("\(root)/\(file)") }
    }
  }

  private func decode(_ path: String) throws -> Raster {
    try MappedFile.withBytes(of: path) {
      try PictureDecoder.decode($0, name: path, background: settings.background)
    }
  }

  private func gatherFile(_ path: String) throws {
    let kind = try MappedFile.withBytes(of: path) { FileSignature($0) }
    switch kind {
    case .zip, .tar, .sevenZip, .gzip, .xz, .bzip2, .zstd, .lz4: try gatherArchive(path)
    case .npz: try gatherArrays(path)
    case .npy, .csv:
      let file = try MappedFile(path)
      try withExtendedLifetime(file) { try gatherTable(file.bytes, kind, path) }
    default: try add(path.withoutRoot, root: .list) { try decode(path) }
    }
  }

  /// An array, or a table of pixels.
  private func gatherTable(_ bytes: UnsafeRawBufferPointer, _ kind: FileSignature, _ path: String) throws {
    if kind == .npy {
      try gatherArray(PixelArray(bytes, name: path, settings: settings), labels: nil, part: nil)
    } else {
      try gatherRows(bytes, path)
    }
  }

  private static let longestPicture = 1 << 28

  private func gatherArchive(_ path: String) throws {
    let archive = try ArchiveReader(path)
    while let name = try archive.next() {
      if archive.isSingleFile { return try gatherPacked(archive, path) }
      guard !PictureFolder.isHidden(name) else { continue }
      let content = try archive.content(most: PictureCollection.longestPicture)
      try add(name.withoutRoot, root: .list) {
        try content.withUnsafeBytes {
          try PictureDecoder.decode($0, name: "\(path): \(name)", background: settings.background)
        }
      }
    }
  }

  /// What one compressed file holds.
  private func gatherPacked(_ archive: ArchiveReader, _ path: String) throws {
    let spool = try Spool(for: path)
    var part = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = try part.withUnsafeMutableBytes { try archive.read(into: $0) }
      guard count > 0 else { break }
      try spool.append(Array(part[..<count]))
    }
    let bytes = try spool.content()
    try withExtendedLifetime(spool) {
      let kind = FileSignature(bytes)
      if [.npy, .csv].contains(kind) { return try gatherTable(bytes, kind, path) }
      try add(path.withoutRoot, root: .list) {
        try PictureDecoder.decode(bytes, name: path, background: settings.background)
      }
    }
  }
}

extension String {
  /// A path as one of several, without what leads to where all are.
  var withoutRoot: String {
    split(separator: "/").filter { $0 != "." && $0 != ".." }.joined(separator: "/")
  }
}

/// A folder of pictures.
enum PictureFolder {
  /// No folders are deeper, so that links that lead back up come to an end.
  private static let deepest = 32
  static let orderFile = "names.txt"

  /// Paths in `root` of all files, folders after folders, in natural order; hidden ones are left out.
  ///
  /// - Throws: `FileError` where a folder cannot be read.
  static func files(in root: String) throws -> [String] {
    var found: [String] = []
    func walk(_ folder: String, _ depth: Int) throws {
      let names = try FileKind.names(in: folder.isEmpty ? root : "\(root)/\(folder)")
      for name in names.sorted(by: NaturalOrder.isLess) where !isHidden(name) {
        let path = folder.isEmpty ? name : "\(folder)/\(name)"
        if !FileKind.isFolder("\(root)/\(path)") {
          found.append(path)
        } else if depth < deepest {
          try walk(path, depth + 1)
        }
      }
    }
    try walk("", 0)
    return found
  }

  /// What systems put beside people's files.
  static func isHidden(_ path: String) -> Bool {
    path.split(separator: "/").contains { part in
      part.hasPrefix(".") && part != "." && part != ".."
        || ["__MACOSX", "Thumbs.db", "desktop.ini"].contains(String(part))
    }
  }

  /// Files that a set or its export brings along.
  static func isOwn(_ file: String) -> Bool { file == orderFile || file == LabelNames.file }

  /// Names in the order in which the set had them that these pictures came from.
  static func order(_ root: String) -> [String]? {
    let path = "\(root)/\(orderFile)"
    guard FileKind.isFile(path) else { return nil }
    let text = try? MappedFile.withBytes(of: path) { String(decoding: $0, as: UTF8.self) }
    return text?.split(separator: "\n").map(String.init)
  }
}
