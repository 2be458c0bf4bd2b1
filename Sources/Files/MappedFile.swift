/// A file's bytes, memory-mapped read-only: pages come in as they are touched, so a file larger than
/// memory can be read. A pipe is read to its end first.
///
/// What another process does to the file shows in the mapping: `isIntact` tells whether it has been changed, and
/// `surviveCuts` makes reading behind the end of a file that was cut short an error instead of the process's end.
///
/// `@unchecked Sendable`: the mapping is immutable and lives exactly as long as the object.
public final class MappedFile: @unchecked Sendable {
  public let path: String
  /// The whole file. Valid while the object lives; the compiler may end that life after its last use, so whoever
  /// does not keep the object takes `withBytes` instead.
  public let bytes: UnsafeRawBufferPointer
  /// Open as long as the mapping, to see what becomes of this very file, whatever its name is then given to.
  private let descriptor: Int32
  private let state: FileState

  /// - Throws: `FileError` when the file is missing, is a folder, or cannot be read.
  public init(_ path: String) throws {
    self.path = path
    var descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw MappedFile.missing(path) }
    do {
      try MappedFile.replacePipe(&descriptor, path)
      (bytes, state) = try MappedFile.map(descriptor, path)
    } catch {
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
    if !bytes.isEmpty { CutFiles.register(self) }
  }

  /// Puts a file with all that comes through it in the place of a pipe, as `<(zcat images.gz)` is one.
  private static func replacePipe(_ descriptor: inout Int32, _ path: String) throws {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return }
    let file = try PipeContent.file(descriptor, status, path: path)
    close(descriptor)
    descriptor = file
  }

  private static func map(_ descriptor: Int32, _ path: String) throws -> (UnsafeRawBufferPointer, FileState) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw missing(path) }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw FileError(.missingInput, path: path, reason: "is a folder; name a file in it")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FileError(.missingInput, path: path, reason: "is not a regular file; copy its content into one")
    }
    let count = Int(status.st_size)
    guard count > 0 else { return (UnsafeRawBufferPointer(start: nil, count: 0), FileState(status)) }
    guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw FileError(.inputOutput, path: path, reason: "cannot be mapped: \(systemReason())")
    }
    return (UnsafeRawBufferPointer(start: start, count: count), FileState(status))
  }

  /// Whether the file is as it was when it was opened, by its size and its time of change.
  public var isIntact: Bool { FileState(descriptor) == state }

  /// What `body` makes of the bytes of a whole file, which stay valid as long as it runs.
  ///
  /// - Throws: as `init` does, and what `body` throws.
  public static func withBytes<Result>(
    of path: String, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    let file = try MappedFile(path)
    // Whatever `body` thinks of what it found, a file that was cut short under it is to blame first.
    let result = withExtendedLifetime(file) { Swift.Result { try body(file.bytes) } }
    try checkNoneIsCut()
    return try result.get()
  }

  /// From now on reading behind the end of a mapped file that another process has cut short gives zeros and is
  /// remembered, where it would end the process by SIGBUS. Whoever reads asks `isAnyCut` afterwards.
  public static func surviveCuts() { CutFiles.watch() }

  /// Whether anybody has read behind the end of a mapped file since `surviveCuts`.
  public static var isAnyCut: Bool { CutFiles.isAnyRead }

  /// - Throws: `FileError` (`inputOutput`) that names the file, where `isAnyCut`.
  public static func checkNoneIsCut() throws {
    guard isAnyCut else { return }
    throw FileError(
      .inputOutput, path: CutFiles.pathOfChanged() ?? "an input file",
      reason: "was cut short while it was read; write it whole and try again")
  }

  /// Lets the process go on after a cut that it has dealt with.
  package static func forgetCuts() { CutFiles.forget() }

  deinit {
    CutFiles.unregister(self)
    close(descriptor)
    if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
  }

  private static func missing(_ path: String) -> FileError {
    FileError(.missingInput, path: path, reason: "cannot be read: \(systemReason())")
  }
}
