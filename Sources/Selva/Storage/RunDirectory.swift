import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The folder of one training run, and the names of what lies in it.
public struct RunDirectory: Sendable, Equatable {
  /// Where runs are kept when none is named.
  public static let defaultParent = "runs"

  /// The folder, as it was named.
  public let path: String
  /// There from `create` and `held` on, as long as a copy of this value.
  private let lock: FolderLock?
  /// Whether another process writes to the folder for this one.
  package let isGuest: Bool

  /// The folder at `path`, whether or not it is there.
  public init(_ path: String) {
    self.init(path: path, lock: nil)
  }

  /// The folder of a run that another process holds for this one, which neither locks it nor clears it.
  package static func guest(_ path: String) -> RunDirectory {
    RunDirectory(path: path, lock: nil, isGuest: true)
  }

  private init(held path: String) throws {
    self.init(path: path, lock: try FolderLock(path))
  }

  private init(path: String, lock: FolderLock?, isGuest: Bool = false) {
    (self.path, self.lock, self.isGuest) = (path, lock, isGuest)
  }

  public static func == (a: RunDirectory, b: RunDirectory) -> Bool { a.path == b.path }

  /// The model file, safetensors: the best by validation loss, or else the last.
  public var model: String { file("model.safetensors") }
  /// Everything that resuming needs.
  public var checkpoint: String { file("checkpoint.safetensors") }
  /// The checkpoint before it, to fall back on.
  public var previousCheckpoint: String { file("checkpoint.previous.safetensors") }
  /// One row for each epoch, as ``MetricsLog`` reads them.
  public var metrics: String { file("metrics.csv") }
  /// Every setting in force, as JSON.
  public var configuration: String { file("config.json") }
  /// A chart of losses by epoch.
  public var curves: String { file("curves.png") }
  /// The folder of what is kept for TensorBoard.
  public var tensorBoard: String { file("tensorboard") }
  /// The folder of the pictures of single epochs.
  public var samples: String { file("samples") }
  /// Draws from the prior, made when training ended.
  public var finalSamples: String { file("samples.png") }
  /// Validation images, each beside its reconstruction, made when training ended.
  public var reconstructions: String { file("reconstructions.png") }

  /// Where the picture of samples after epoch `epoch` goes, `samples/epoch-NNN.png`.
  public func samplePicture(epoch: Int) -> String {
    FilePath.join(samples, "epoch-\(Self.threeDigits(epoch)).png")
  }

  /// Those pictures that are there, by epoch.
  public var samplePictures: [String] {
    Folder.names(samples).compactMap { name -> (epoch: Int, name: String)? in
      guard name.hasPrefix("epoch-"), name.hasSuffix(".png"),
        let epoch = Int(name.dropFirst("epoch-".count).dropLast(".png".count))
      else { return nil }
      return (epoch, name)
    }.sorted { $0 < $1 }.map { FilePath.join(samples, $0.name) }
  }

  /// Makes the folder `samples` where it is not there.
  ///
  /// - Throws: `FileError` where it cannot be made.
  package func makeSamplesFolder() throws { try Folder.make(samples) }

  private func file(_ name: String) -> String { FilePath.join(path, name) }

  private static func threeDigits(_ number: Int) -> String {
    let digits = "\(number)"
    return String(repeating: "0", count: max(0, 3 - digits.count)) + digits
  }

  // MARK: Making

  /// Makes a folder with the number after the highest in `parent`, as `001`, and holds it. Two runs that start at once
  /// get two folders.
  ///
  /// - Throws: `FileError` where it cannot be made.
  public static func create(in parent: String = defaultParent) throws -> RunDirectory {
    try Folder.make(parent)
    var number = numbered(in: parent).last?.number ?? 0
    while true {
      number += 1
      let path = FilePath.join(parent, threeDigits(number))
      if try Folder.makeNew(path) { return try RunDirectory(held: path) }
    }
  }

  /// Makes the folder at `path`, or takes one that is empty or holds no more than a run leaves that has not taken a step,
  /// and holds it.
  ///
  /// - Throws: `StorageError.folderInUse` where it holds anything else; `FileError` where it cannot be made, or where
  ///   another process holds it.
  public static func create(at path: String) throws -> RunDirectory {
    try Folder.make(path)
    let directory = try RunDirectory(held: path)
    guard try directory.isUntouched() else { throw StorageError.folderInUse(path: path) }
    // Else a kill before the new run's first checkpoint would leave the old one's beside the new settings.
    unlink(directory.checkpoint)
    directory.clearLeftovers()
    return directory
  }

  /// The same folder, held until the last copy of what is returned is gone: no other process trains into it meanwhile.
  ///
  /// - Throws: `FileError` where another process holds it.
  public func held() throws -> RunDirectory {
    lock == nil && !isGuest ? try RunDirectory(held: path) : self
  }

  /// Whether there is nothing in the folder that training has made.
  private func isUntouched() throws -> Bool {
    let names = try FileKind.names(in: path)
      .filter { $0 != FolderLock.fileName && !Leftovers.isTemporary($0) }
      .map { FilePath.join(path, $0) }
    return try names.allSatisfy { $0 == configuration || $0 == checkpoint }
      && (FileKind.isMissing(checkpoint) || (try? Checkpoint.read(checkpoint).state.stepCount) == 0)
  }

  /// Removes what killed processes were writing.
  func clearLeftovers() {
    if !isGuest { for folder in [path, samples] { Leftovers.clear(in: folder) } }
  }

  // MARK: Finding

  /// The run in `parent` that was written last, of those that have a model; named or numbered.
  ///
  /// - Throws: `StorageError.noRun` where there is none.
  public static func newest(in parent: String = defaultParent) throws -> RunDirectory {
    guard let newest = all(in: parent).first(where: { Folder.isFile($0.model) }) else {
      throw StorageError.noRun(parent: parent)
    }
    return newest
  }

  /// Folders in `parent` with a model, a checkpoint or a configuration, the one written last first. Of those written at
  /// the same time, the one whose name comes last is first.
  public static func all(in parent: String = defaultParent) -> [RunDirectory] {
    Folder.names(parent)
      .map { RunDirectory(FilePath.join(parent, $0)) }
      .compactMap { run in run.lastWritten.map { (time: $0, run: run) } }
      .sorted { ($0.time, $0.run.path) > ($1.time, $1.run.path) }
      .map(\.run)
  }

  /// When training wrote into the folder last, in nanoseconds since 1970; nil where it never did. What a picture command
  /// puts there does not count.
  public var lastWritten: Int64? {
    [model, checkpoint, configuration].compactMap(FileKind.modified).max()
  }

  /// The model file that an argument names: a file itself, a run's folder, a folder of runs (its newest), or
  /// nothing (the newest in `parent`).
  ///
  /// - Throws: `StorageError.noRun` or `.noModel` where there is no model; `FileError` where there is nothing
  ///   at the path.
  public static func modelPath(from argument: String?, parent: String = defaultParent) throws -> String {
    guard let argument else { return try newest(in: parent).model }
    switch Folder.kind(argument) {
    case .other: return argument
    case .folder:
      let run = RunDirectory(argument)
      if Folder.isFile(run.model) { return run.model }
      if let newest = try? newest(in: argument) { return newest.model }
      throw StorageError.noModel(path: argument)
    case nil:
      throw FileError(
        .missingInput, path: argument, reason: "is not there; name a model file or the folder of a run")
    }
  }

  /// Entries of `parent` whose names are numbers, by number. Nobody counts to what is beyond 15 digits.
  private static func numbered(in parent: String) -> [(number: Int, name: String)] {
    Folder.names(parent).compactMap { name in
      guard name.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(name),
        number < 1_000_000_000_000_000
      else { return nil }
      return (number, name)
    }.sorted { $0 < $1 }
  }
}
