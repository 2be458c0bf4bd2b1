import ArgumentParser
import Files
import ImageGrid
import Selva

/// `selva plot`: how runs went.
struct PlotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plot",
    abstract: "Draw the curves of runs, or show a run's samples epoch by epoch.",
    discussion: """
      A run is a folder with metrics.csv, such a file, or a folder of runs, of which the newest is taken. Of one run, \
      the loss and its parts on training and validation images are drawn; of several, those on validation images over \
      one another. --samples makes an animation of the run's samples/epoch-NNN.png.

      Examples:
        selva plot
        selva plot runs/001 runs/002 -o two-runs.svg
        selva plot runs/001 --samples -o learning.apng
      """)

  @Argument(
    help: ArgumentHelp("Runs; left out, the newest run under runs/.", valueName: "run"), completion: Offer.run
  )
  var runs: [String] = []

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "A .png, .svg or .pdf file to write, or - for PNG on standard output; of --samples, a .png or .apng file. (default: curves.png; samples.apng)",
      valueName: "file"), completion: Offer.chart)
  var output: String?

  @OptionGroup var show: ShowOption

  @Flag(help: "Show the run's samples, one picture an epoch, as an animated PNG.")
  var samples = false

  @Option(
    help: Numbers.frameRate.help("Pictures a second of --samples.", default: standardRate),
    transform: Numbers.frameRate.parse)
  var fps: Double?

  private static let standardRate = 6.0
  /// Seconds that the last epoch stays longer.
  private static let hold = 2.0

  private var target: String { output ?? (samples ? "samples.apng" : "curves.png") }

  func validate() throws {
    if fps != nil && !samples { throw ValidationError("--fps goes with --samples.") }
    if samples && runs.count > 1 { throw ValidationError("--samples shows one run; name one.") }
    if samples && show.isOn {
      throw ValidationError("--show shows pictures that stand still; leave out --samples.")
    }
    if samples {
      try PictureFile.check(target, mayMove: true)
    } else {
      try PictureFile.checkChart(target)
    }
  }

  func run() throws {
    if samples { return try animate(RunDirectory(FilePath.folder(metrics(of: runs.first)))) }
    let logs = try (runs.isEmpty ? [nil] : runs.map(Optional.some)).map { run in
      let log = try MetricsLog(contentsOf: metrics(of: run))
      guard !log.rows.isEmpty else {
        throw FileError(.badData, path: log.path, reason: "has no epochs yet; let the run end its first")
      }
      return log
    }
    let names = PlotCommand.names(logs.map { FilePath.folder($0.path) })
    let figure = RunCurves.figure(zip(names, logs).map { ($0, $1.rows) })
    try show.write(
      figure, to: output, orTo: target, text: text,
      from: logs.map { FilePath.folder($0.path) }.joined(separator: ", "))
  }

  private var text: [(key: String, value: String)] {
    PictureText.entries(model: nil)
  }

  /// The path of a run's metrics.
  private func metrics(of argument: String?) throws -> String {
    guard let argument else { return try RunDirectory.newest().metrics }
    guard FileKind.isFolder(argument) else { return argument }
    let run = RunDirectory(argument)
    if FileKind.isFile(run.metrics) { return run.metrics }
    guard let newest = try? RunDirectory.newest(in: argument) else {
      throw FileError(
        .missingInput, path: argument, reason: "has no metrics.csv; name the folder of a run")
    }
    return newest.metrics
  }

  /// The last parts of paths, as many as tell them apart; whole paths where none do.
  static func names(_ paths: [String]) -> [String] {
    let parts = paths.map { $0.split(separator: "/").map(String.init) }
    for count in 1...max(parts.map(\.count).max() ?? 1, 1) {
      let names = parts.map { $0.suffix(count).joined(separator: "/") }
      if Set(names).count == names.count && !names.contains("") { return names }
    }
    return paths
  }

  /// Epoch by epoch, the last one longer, and from the beginning again.
  private func animate(_ run: RunDirectory) throws {
    let pictures = run.samplePictures
    guard !pictures.isEmpty else {
      throw FileError(
        .missingInput, path: run.samples, reason: "has no epoch-NNN.png; train with --sample-every 1")
    }
    var animation = AnimationOptions()
    animation.fps = fps ?? PlotCommand.standardRate
    var first: Raster?
    try animation.write(
      count: pictures.count, loops: true, hold: PlotCommand.hold, to: target, text: text, from: run.path
    ) {
      let raster = try PNG.read(pictures[$0]).raster
      if let first,
        (first.width, first.height, first.channels) != (raster.width, raster.height, raster.channels)
      {
        throw FileError(
          .badData, path: pictures[$0],
          reason:
            "is \(raster.width) x \(raster.height), and \(pictures[0]) is \(first.width) x \(first.height); "
            + "move the pictures away that are not of this run")
      }
      first = first ?? raster
      return raster
    }
  }
}
