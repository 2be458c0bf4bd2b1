import ArgumentParser
import Charts
import Files
import ImageGrid
import Synchronization
import Terminal

/// How `--show` shows a picture.
enum ShowWay: String, ExpressibleByArgument, CaseIterable {
  /// As well as the terminal can.
  case auto
  case kitty, iterm, sixel, blocks
}

/// Pictures in the terminal.
struct ShowOption: ParsableArguments {
  // A value always follows: see `joined`.
  @Option(
    help: ArgumentHelp(
      "Show the picture in the terminal, in this way or, as --show alone, as well as the terminal can; a file is then written only where --output names one.",
      valueName: "way"))
  var show: ShowWay?

  var isOn: Bool { show != nil }

  func validate() throws {
    guard isOn && isatty(STDOUT_FILENO) == 0 else { return }
    throw ValidationError(
      "--show shows pictures in a terminal, and standard output is none; name a file with -o instead.")
  }

  private static let terminals = Mutex<[ShowWay: PictureTerminal]>([:])

  /// Asked once what it can do.
  private var terminal: PictureTerminal? {
    show.map { way in
      ShowOption.terminals.withLock { terminals in
        let terminal = terminals[way] ?? .standard(PictureProtocol(rawValue: way.rawValue))
        terminals[way] = terminal
        return terminal
      }
    }
  }

  /// Whether what is shown has too few pixels for letters.
  var isCoarse: Bool { terminal?.way == .blocks }

  /// Shows the picture where that is asked for, and says from what it is.
  ///
  /// - Parameter text: what a PNG carries.
  /// - Throws: as `PictureTerminal.bytes`; `FileError` where standard output does not take it.
  func show(_ raster: Raster, text: [(key: String, value: String)], from origin: String) throws {
    guard let terminal else { return }
    try Console.output(terminal.bytes(raster, text: text))
    Console.message("showed \(raster.width) x \(raster.height), from \(origin)")
  }

  /// Shows a chart where that is asked for, and writes it to `output` or, where it is not shown, to `standard`.
  ///
  /// - Throws: `ChartError`, and as `show` and `PictureFile.write`.
  func write(
    _ figure: some Figure, to output: String?, orTo standard: String, text: [(key: String, value: String)],
    from origin: String
  ) throws {
    if isOn { try show(ChartFile.raster(figure), text: text, from: origin) }
    if isOn && output == nil {
      if isCoarse {
        Console.message("its words take a terminal with graphics, or a file: -o \(FilePath.name(standard))")
      }
      return
    }
    try PictureFile.write(figure, to: output ?? standard, text: text, from: origin)
  }

  /// Captions in words: `rows z3, z0; columns −3σ to +3σ`.
  static func line(_ captions: GridCaptions) -> String {
    let columns = captions.columns.filter { !$0.isEmpty }.reduce(into: [String]()) { names, name in
      if !names.contains(name) { names.append(name) }
    }
    let across =
      columns.count > 2 ? "\(columns[0]) to \(columns[columns.count - 1])" : columns.joined(separator: ", ")
    let parts = [("rows ", captions.rows.joined(separator: ", ")), ("columns ", across), ("", captions.note)]
    return parts.filter { !$0.1.isEmpty }.map { $0.0 + $0.1 }.joined(separator: "; ")
  }

  /// `--show` as `--show=auto` where no way follows: what does may be a model.
  static func joined(_ arguments: [String]) -> [String] {
    var result: [String] = []
    var isWay = false
    for (index, argument) in arguments.enumerated() {
      if isWay {
        isWay = false
      } else if argument == "--show", !arguments[..<index].contains("--") {
        let next = arguments.dropFirst(index + 1).first.flatMap { ShowWay(rawValue: $0) }
        isWay = next != nil
        result.append("--show=\(next ?? .auto)")
      } else {
        result.append(argument)
      }
    }
    return result
  }
}
