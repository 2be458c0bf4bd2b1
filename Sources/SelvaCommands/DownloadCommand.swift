import ArgumentParser
import Compute
import Downloads
import Files
import IDX
import Selva

/// `selva data download`: a public set.
struct DownloadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "download",
    abstract: "Fetch MNIST or another public set.",
    discussion: """
      Without a name, lists the sets that are known. Every file is checked against its SHA-256, and the folder \
      gets its name only when all are there; until then they lie in a hidden folder beside it, from which the same \
      command goes on after a broken connection or Ctrl-C. What a package of the system has brought \
      (dataset-fashion-mnist of Debian and Ubuntu) is taken from there. EMNIST's pictures are turned upright.

      An address in place of a name fetches the IDX files of any web server's folder that has a list of them, as \
      sha256sum * > SHA256SUMS makes it. Proxies are taken from https_proxy and the like.

      Examples:
        selva data download mnist
        selva data download emnist-letters -o letters
        selva data download mnist --mirror https://example.org/mnist
        selva data download https://example.org/sets/leaves -o leaves
      """)

  @Argument(
    help: ArgumentHelp("A set, or the address of a folder that has one.", valueName: "set"),
    completion: .list(PublicSet.known.map(\.name)))
  var name: String?

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The folder to make (default: the set's name).", valueName: "folder"),
    completion: Offer.folder)
  var output: String?

  @Option(
    help: ArgumentHelp(
      "The address of a folder with the set's files, to be tried before those that are known; may be repeated.",
      valueName: "url"), completion: .list([]))
  var mirror: [String] = []

  @Flag(help: "Replace a set that the folder holds.")
  var force = false

  func validate() throws {
    if name == nil && (output != nil || !mirror.isEmpty || force) {
      throw ValidationError("Name a set: \(DownloadCommand.names).")
    }
    guard let name, !DownloadCommand.isAddress(name) else {
      if !mirror.isEmpty { throw ValidationError("--mirror goes with a set's name, not with an address.") }
      return
    }
    if let output, output == "-" || output.isEmpty { throw ValidationError("--output must name a folder.") }
    guard PublicSet.known.contains(where: { $0.name == name }) else {
      let meant = Suggestion.nearest(to: name, in: PublicSet.known.map(\.name)).map { "Did you mean \($0)? " }
      throw ValidationError("No set is called \(name). \(meant ?? "")There are \(DownloadCommand.names).")
    }
  }

  func run() throws {
    guard let name else { return try list() }
    let target = output ?? (DownloadCommand.isAddress(name) ? PublicSet.name(of: name) : name)
    Interrupt.watch()
    do { try fetch(name, to: target) } catch is DownloadStopped {
      Console.message("selva: stopped; the same command goes on from what has come")
      throw ExitCode(128 + SIGINT)
    }
  }

  private func fetch(_ name: String, to target: String) throws {
    let goesOn = { !Interrupt.isRequested }
    let report = DownloadProgress()
    defer { report.clear() }
    let set =
      try PublicSet.known.first { $0.name == name }
      ?? SetDownload.set(at: name, to: target, goesOn: goesOn)
    let download = SetDownload(set, to: target, mirrors: mirror, goesOn: goesOn) { report.tell($0) }
    if try download.isThere() {
      return Console.message("selva: \(target) is there already, whole")
    }
    try download.run(replaces: force)
    report.clear()
    let folder = try ImageFolder(target)
    let train = try ImageSet(imagesPath: folder.trainImages)
    let test = try folder.testImages.map { try ImageSet(imagesPath: $0).count }
    let tests = test.map { " and \(Format.grouped($0)) test images" } ?? " images"
    Console.message("wrote \(target), \(Format.grouped(train.count))\(tests) of \(train.shape)")
  }

  private func list() throws {
    let rows = PublicSet.known.map { ($0.name, "\(Int(Double($0.size) / 1e6 + 0.5)) MB", $0.summary) }
    let (names, sizes) = (rows.map(\.0.count).max() ?? 0, rows.map(\.1.count).max() ?? 0)
    for (name, size, summary) in rows {
      let gap = names - name.count + 2 + sizes - size.count
      try Console.result("\(name)\(String(repeating: " ", count: gap))\(size)  \(summary)")
    }
  }

  private static var names: String { PublicSet.known.map(\.name).joined(separator: ", ") }

  private static func isAddress(_ name: String) -> Bool { name.contains("://") }
}

/// How far a download is.
private final class DownloadProgress {
  private var line = ProgressLine()
  private var drawn = Stopwatch()
  private var isFirst = true
  /// Where the file stood when it was first heard of, for the speed.
  private var start: (name: String, count: Int, time: Stopwatch)?

  func tell(_ event: SetDownload.Event) {
    switch event {
    case .receiving(let name, let count, let size): receiving(name, count, size)
    case .note(let text):
      line.clear()
      Console.message("selva: \(text)")
    }
  }

  func clear() { line.clear() }

  private func receiving(_ name: String, _ count: Int, _ size: Int?) {
    guard isFirst || drawn.seconds > 0.2 else { return }
    (isFirst, drawn) = (false, Stopwatch())
    if start?.name != name { start = (name, count, Stopwatch()) }
    let come =
      size.map { "\(Self.megabytes(count)) of \(Self.megabytes($0)) MB" } ?? "\(Self.megabytes(count)) MB"
    let speed = start.map { Double(count - $0.count) / max($0.time.seconds, 0.001) } ?? 0
    line.draw(["\(name): \(come), \(Format.fixed(speed / 1e6, 1)) MB/s", "\(name): \(come)", come])
  }

  private static func megabytes(_ bytes: Int) -> String { Format.fixed(Double(bytes) / 1e6, 1) }
}
