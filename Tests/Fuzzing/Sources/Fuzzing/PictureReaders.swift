import Files

@testable import Archives
@testable import IDX
@testable import ImageGrid
@testable import Pictures
@testable import Selva

/// What `selva data import` takes.
enum PictureReaders {
  static func jpeg(_ input: UnsafeRawBufferPointer) throws {
    let raster = try JPEGPicture.decode(input, name: "picture.jpg")
    require(raster.width > 0 && raster.height > 0, "a picture without pixels")
    require(
      try PNG.decode(PNG.encode(raster)).raster == raster,
      "a picture that changes when it is written and read")
  }

  /// Behind a first byte that is even, a picture, a table or an archive as it is; behind an odd one, a line with a name
  /// and what is packed under it: checksums would keep most changes out.
  static func pictures(_ input: UnsafeRawBufferPointer) throws {
    guard let first = input.first else { return }
    let rest = UnsafeRawBufferPointer(rebasing: input.dropFirst())
    guard first & 1 == 1 else { return try importSet(InputFile.write(rest, name: "pictures")) }
    let line = rest.prefix { $0 != UInt8(ascii: "\n") }
    let content = UnsafeRawBufferPointer(rebasing: rest.dropFirst(line.count + 1))
    // A C string ends at the first zero, and an empty name is none.
    let name = String(decoding: line.prefix { $0 != 0 }, as: UTF8.self)
    try importSet(zip(content, name: name.isEmpty ? "0.png" : name))
  }

  /// Latent vectors in an archive.
  static func npz(_ input: UnsafeRawBufferPointer) throws {
    let path = try zip(input, name: "z.npy")
    let table = try LatentTable(contentsOf: path)
    let again = "\(InputFile.folder)/again.npz"
    try table.write(to: again)
    require(
      try LatentTable(contentsOf: again).values == table.values, "an archive that changes when it is written")
  }

  private static func zip(_ content: UnsafeRawBufferPointer, name: String) throws -> String {
    let path = "\(InputFile.folder)/packed.zip"
    try AtomicFile.write(to: path) { file in
      let zip = try ZipWriter(path)
      for name in [name, "other/1.png"] {
        try zip.add(name, byteCount: content.count, to: file) { write in try write(content) }
      }
      try zip.finish(to: file)
    }
    return path
  }

  private static func importSet(_ path: String) throws {
    var settings = ImportSettings()
    settings.size = PictureSize(width: 3, height: 2)
    let collection = try PictureCollection(settings) { event in
      if case .skipped(let reason) = event { check(message: reason) }
    }
    try collection.gather([path])
    let folder = "\(InputFile.folder)/set"
    let summary = try collection.write(to: folder, source: path, replaces: true)
    let counts = try StoredSet(folder).parts.map(\.images.count)
    require(counts == [summary.train, summary.test].filter { $0 > 0 }, "\(counts) images, not \(summary)")
  }
}
