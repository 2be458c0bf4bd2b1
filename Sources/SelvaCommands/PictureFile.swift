import ArgumentParser
import Files
import ImageGrid

/// Where a picture goes: a .png file, a device or a pipe, or `-` for standard output.
enum PictureFile {
  /// For the help of an option that takes one.
  static let help: ArgumentHelp = "The PNG file to write, or - for standard output."

  static let helpBesideModel: ArgumentHelp =
    "The PNG file to write, or - for standard output; left out, one beside the model, named after the command."

  /// - Parameter mayBeOutput: whether standard output is free for the picture.
  /// - Throws: `ValidationError` where no picture should go to `path`.
  static func check(_ path: String, option: String = "--output", mayBeOutput: Bool = true) throws {
    if path == "-" {
      guard mayBeOutput else {
        throw ValidationError("\(option) must name a .png file; standard output is taken by the text.")
      }
      guard isatty(STDOUT_FILENO) == 0 else {
        throw ValidationError(
          "\(option) - writes a PNG to standard output, which is a terminal; redirect it or name a file.")
      }
      return
    }
    guard path.lowercased().hasSuffix(".png") || isStream(path) else {
      throw ValidationError(
        "\(option) must name a .png file\(mayBeOutput ? ", or be - for standard output" : "").")
    }
  }

  /// As messages call it.
  static func name(_ path: String) -> String { path == "-" ? "standard output" : path }

  /// Writes it, and says where, how large, and from what.
  ///
  /// - Throws: as `PNG.write`.
  static func write(
    _ raster: Raster, to path: String, text: [(key: String, value: String)], from origin: String
  ) throws {
    if path == "-" {
      try Console.output(PNG.encode(raster, text: text, name: name(path)))
    } else {
      try PNG.write(raster, to: path, text: text)
    }
    Console.message("wrote \(name(path)), \(raster.width) x \(raster.height), from \(origin)")
  }

  /// A device or a pipe has no ending of its own.
  private static func isStream(_ path: String) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { return false }
    return ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
  }
}
