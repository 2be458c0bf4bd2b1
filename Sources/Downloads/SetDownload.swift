import Files
import IDX
import Pictures

/// Fetches a public set into a folder, which gets its name only when all files are there and are the right ones. What has
/// come until then lies in a hidden folder beside it, from which the next download goes on.
public struct SetDownload {
  public enum Event {
    /// How many bytes of a file are there, and how many it has.
    case receiving(name: String, count: Int, size: Int?)
    /// Something that did not go as it should, and what is done instead.
    case note(String)
  }

  public let set: PublicSet
  /// The folder to make.
  public let target: String
  let mirrors: [String]
  var patience = Transfer.Patience()
  /// Seconds to wait before a broken connection is tried again.
  var pause = 1.0
  private let goesOn: () -> Bool
  private let tell: (Event) -> Void

  /// - Parameters:
  ///   - mirrors: addresses of folders to be tried before those that are known.
  ///   - goesOn: is asked some times a second.
  public init(
    _ set: PublicSet, to target: String, mirrors: [String] = [], goesOn: @escaping () -> Bool,
    tell: @escaping (Event) -> Void
  ) {
    (self.set, self.target) = (set, FilePath.trimmed(target))
    (self.mirrors, self.goesOn, self.tell) = (mirrors + set.mirrors, goesOn, tell)
  }

  /// Where files lie until all are there.
  var partial: String {
    FilePath.beside(target, ".\(FilePath.name(target)).download")
  }

  /// Whether the folder holds this very set already.
  ///
  /// - Throws: `DownloadError` where libcurl is missing, `FileError`.
  public func isThere() throws -> Bool {
    guard set.part == nil, FileKind.isFolder(target) else { return false }
    return try set.files.allSatisfy { file in
      let path = "\(target)/\(file.name)"
      return try FileKind.isFile(path) && isRight(path, file)
    }
  }

  /// - Parameter replaces: whether a folder that holds files takes the set in place of the one that is in it.
  /// - Throws: `DownloadError` where no mirror has it, `DownloadStopped`, `FileError`, `IDXError` where it is no set of
  ///   images.
  public func run(replaces: Bool) throws {
    if !replaces { try AtomicFolder.checkFree(target) }
    try SetDownload.withFolder(partial) {
      var mirrors = mirrors
      for file in set.files { try fetch(file, &mirrors) }
      if let part = set.part {
        let archive = "\(partial)/\(set.files[0].name)"
        try EMNIST.write(part, from: archive, to: target, replaces: replaces)
        unlink(archive)
      } else {
        // Refused before it has a name.
        _ = try ImageFolder(partial)
        try move(replaces)
      }
    }
  }

  /// The set that lies in a folder of any server, by its list of checksums.
  ///
  /// - Parameters:
  ///   - url: the folder's address.
  ///   - target: the folder to make.
  /// - Throws: `DownloadError` where there is no such list, `DownloadStopped`, `FileError`.
  public static func set(at url: String, to target: String, goesOn: @escaping () -> Bool) throws -> PublicSet
  {
    let empty = PublicSet(name: "", summary: "", files: [], mirrors: [])
    let partial = SetDownload(empty, to: target, goesOn: goesOn, tell: { _ in }).partial
    return try withFolder(partial) {
      let path = "\(partial)/\(PublicSet.listName)"
      unlink(path)
      defer { unlink(path) }
      let address = "\(FilePath.trimmed(url))/\(PublicSet.listName)"
      do { try Transfer(url: address, path: path, most: 1 << 20).run { _ in goesOn() } } catch let failure
        as Transfer.Failure
      {
        throw DownloadError(.inputOutput, "\(address): \(failure.reason); it must list the set's files")
      }
      let text = try MappedFile.withBytes(of: path) { String(decoding: $0, as: UTF8.self) }
      return try PublicSet(list: text, at: FilePath.trimmed(url))
    }
  }

  /// Holds the hidden folder for this process; it goes when nothing is left in it.
  private static func withFolder<Result>(_ folder: String, _ body: () throws -> Result) throws -> Result {
    guard mkdir(folder, 0o777) == 0 || errno == EEXIST else {
      throw FileError(.cannotWrite, path: folder, reason: "the folder cannot be made: \(systemReason())")
    }
    defer { rmdir(folder) }
    let lock = try FolderLock(folder, use: "downloaded into")
    defer { withExtendedLifetime(lock) {} }
    return try body()
  }

  private func move(_ replaces: Bool) throws {
    try AtomicFolder.write(to: target, replaces: replaces ? { SetFolder.isOfSet($0) } : nil) { folder in
      for file in set.files {
        guard rename("\(partial)/\(file.name)", "\(folder)/\(file.name)") == 0 else {
          throw FileError.unwritable("\(target)/\(file.name)")
        }
      }
      guard !set.labels.isEmpty else { return }
      let names = LabelNames(
        Dictionary(uniqueKeysWithValues: set.labels.enumerated().map { (UInt8($0), $1) }))
      try AtomicFile.write(Array(names.text.utf8), to: "\(folder)/\(LabelNames.file)")
    }
  }

  private func isRight(_ path: String, _ file: PublicSet.File) throws -> Bool {
    let digest = try LibCurl.sha256(of: path)
    return digest == file.sha256 || digest == file.packaged
  }

  /// Brings one file into the hidden folder, whole and checked. The mirror that gave it comes first from then on.
  private func fetch(_ file: PublicSet.File, _ mirrors: inout [String]) throws {
    let path = "\(partial)/\(file.name)"
    if FileKind.isFile(path) {
      if try isRight(path, file) { return }
      // Longer than it should be, or as long and wrong: no beginning of it.
      if let size = file.size, try MappedFile(path).bytes.count >= size { unlink(path) }
    }
    if let installed = set.installed, try copy("\(installed)/\(file.name)", to: path, file) { return }
    var reasons: [String] = []
    for (index, mirror) in mirrors.enumerated() {
      do {
        try fetch(file, from: mirror, to: path)
        mirrors.swapAt(0, index)
        return
      } catch let refusal as Refusal {
        reasons.append("\(mirror): \(refusal.reason)")
        if index < mirrors.count - 1 {
          tell(.note("\(file.name): \(mirror): \(refusal.reason); trying the next"))
        }
      }
    }
    throw DownloadError(
      .inputOutput,
      "\(file.name) cannot be had: \(reasons.joined(separator: "; ")); try again later, which goes on from what has "
        + "come, or give --mirror another address")
  }

  /// Of what a package of the system has brought; false where it has not.
  private func copy(_ installed: String, to path: String, _ file: PublicSet.File) throws -> Bool {
    guard FileKind.isFile(installed), try isRight(installed, file) else { return false }
    try MappedFile.withBytes(of: installed) { bytes in
      try AtomicFile.write(to: path) { try $0.write(raw: bytes) }
    }
    return true
  }

  private struct Refusal: Error { let reason: String }

  /// - Throws: `Refusal` where another mirror may do.
  private func fetch(_ file: PublicSet.File, from mirror: String, to path: String) throws {
    var isResumed = FileKind.isFile(path)
    while true {
      try transfer(file, from: mirror, to: path)
      if try isRight(path, file) { return }
      let found = try MappedFile.withBytes(of: path) { FileSignature($0) }
      unlink(path)
      // The end of one file behind the beginning of another: that of an earlier mirror.
      if isResumed {
        isResumed = false
        continue
      }
      throw Refusal(
        reason: found == .html
          ? "gives a web page instead" : "gives another file: its SHA-256 is not the known one")
    }
  }

  /// Takes up broken connections as long as each brings something.
  private func transfer(_ file: PublicSet.File, from mirror: String, to path: String) throws {
    let transfer = Transfer(
      url: "\(FilePath.trimmed(mirror))/\(file.name)", path: path,
      most: file.size ?? PublicSet.File.most, patience: patience)
    while true {
      let before = FileKind.size(path)
      do {
        return try transfer.run { count in
          tell(.receiving(name: file.name, count: count, size: file.size))
          return goesOn()
        }
      } catch Transfer.Failure.broken(let reason) {
        guard FileKind.size(path) > before else {
          if before == 0 { unlink(path) }
          throw Refusal(reason: reason)
        }
        tell(.note("\(file.name): \(reason) at \(FileKind.size(path)) bytes; going on"))
        usleep(UInt32(pause * 1e6))
      } catch let failure as Transfer.Failure {
        if failure == .tooLong || FileKind.size(path) == 0 { unlink(path) }
        throw Refusal(reason: failure.reason)
      }
    }
  }
}

extension Transfer.Failure {
  var reason: String {
    switch self {
    case .refused(let reason), .broken(let reason): reason
    case .tooLong: "gives more bytes than the file has"
    }
  }
}
