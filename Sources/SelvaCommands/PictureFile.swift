import ArgumentParser
import Charts
import Files
import ImageGrid

/// Where a picture goes: a file, a device or a pipe, or `-` for standard output.
enum PictureFile {
  /// For the help of an option that takes one.
  static let help: ArgumentHelp = "The PNG file to write, or - for standard output."

  static let helpBesideModel: ArgumentHelp =
    "The PNG file to write, or - for standard output; left out, one beside the model, named after the command."

  /// - Parameters:
  ///   - mayBeOutput: whether standard output is free for the picture.
  ///   - mayMove: whether it may be an animation.
  /// - Throws: `ValidationError` where no picture should go to `path`.
  static func check(
    _ path: String, option: String = "--output", mayBeOutput: Bool = true, mayMove: Bool = false
  ) throws {
    try check(path, option: option, mayBeOutput: mayBeOutput, endings: mayMove ? ["png", "apng"] : ["png"])
  }

  /// For charts, which are drawn in lines and so go into SVG and PDF too.
  static func checkChart(_ path: String, mayBeOutput: Bool = true) throws {
    try check(
      path, option: "--output", mayBeOutput: mayBeOutput, endings: ChartFormat.allCases.map(\.rawValue))
  }

  private static func check(
    _ path: String, option: String, mayBeOutput: Bool, endings: [String]
  ) throws {
    let names = endings.map { ".\($0)" }.joined(separator: ", ")
    if path == "-" {
      guard mayBeOutput else {
        throw ValidationError("\(option) must name a \(names) file; standard output is taken by the text.")
      }
      guard isatty(STDOUT_FILENO) == 0 else {
        throw ValidationError(
          "\(option) - writes a PNG to standard output, which is a terminal; redirect it or name a file.")
      }
      return
    }
    guard !endings.contains(where: { path.lowercased().hasSuffix(".\($0)") }), !isStream(path) else { return }
    let reason = reason(against: path, endings).map { " (\($0))" } ?? ""
    throw ValidationError(
      "\(option) must name a \(names) file\(mayBeOutput ? ", or be - for standard output" : "")\(reason).")
  }

  /// Why a picture is not written under a name that asks for another format.
  private static func reason(against path: String, _ endings: [String]) -> String? {
    switch path.lowercased().split(separator: ".").last ?? "" {
    case "jpg", "jpeg": "JPEG blurs small pictures; PNG keeps every pixel"
    case "gif":
      endings.contains("apng")
        ? "GIF is not written; .apng makes an animation that browsers show"
        : "PNG keeps every grey and colour"
    case "svg", "pdf": "this picture is made of pixels, which PNG keeps"
    case "apng": "this command makes one picture, which does not move"
    default: nil
    }
  }

  /// As messages call it.
  static func name(_ path: String) -> String { path == "-" ? "standard output" : path }

  /// Writes a picture, and says where, how large, and from what.
  ///
  /// - Throws: as `PNG.write`.
  static func write(
    _ raster: Raster, to path: String, text: [(key: String, value: String)], from origin: String
  ) throws {
    try write(
      PNG.encode(raster, text: text, name: name(path)), to: path, "\(raster.width) x \(raster.height)",
      from: origin)
  }

  /// Writes a chart in the format that the name asks for, and says so.
  ///
  /// - Throws: as `ChartFile.encode`; `FileError` where the file cannot be written.
  static func write(
    _ figure: some Figure, to path: String, text: [(key: String, value: String)], from origin: String
  ) throws {
    let format = ChartFormat(path: path) ?? .png
    let size = ChartFile.size(of: figure, as: format)
    try write(
      ChartFile.encode(figure, as: format, text: text, name: name(path)), to: path,
      "\(size.width) x \(size.height)", from: origin)
  }

  /// - Parameter size: for the line that says what was written.
  static func write(_ bytes: [UInt8], to path: String, _ size: String, from origin: String) throws {
    if path == "-" {
      try Console.output(bytes)
    } else {
      try AtomicFile.write(bytes, to: path)
    }
    Console.message("wrote \(path == "-" ? "to standard output" : path), \(size), from \(origin)")
  }

  /// A device or a pipe has no ending of its own.
  private static func isStream(_ path: String) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { return false }
    return ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
  }
}
