/// A file's bytes, memory-mapped read-only: pages come in as they are touched, so a file larger than
/// memory can be read.
///
/// `@unchecked Sendable`: the mapping is immutable and lives exactly as long as the object.
public final class MappedFile: @unchecked Sendable {
  public let path: String
  /// The whole file. Valid while the object lives; the compiler may end that life after its last use, so whoever
  /// does not keep the object takes `withBytes` instead.
  public let bytes: UnsafeRawBufferPointer

  /// - Throws: `FileError` when the file is missing, is a folder, or cannot be read.
  public init(_ path: String) throws {
    self.path = path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw MappedFile.missing(path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw MappedFile.missing(path) }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw FileError(.missingInput, path: path, reason: "is a folder; name a file in it")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FileError(.missingInput, path: path, reason: "is not a regular file; copy its content into one")
    }
    let count = Int(status.st_size)
    guard count > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw FileError(.inputOutput, path: path, reason: "cannot be mapped: \(systemReason())")
    }
    bytes = UnsafeRawBufferPointer(start: start, count: count)
  }

  /// What `body` makes of the bytes of a whole file, which stay valid as long as it runs.
  ///
  /// - Throws: as `init` does, and what `body` throws.
  public static func withBytes<Result>(
    of path: String, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    let file = try MappedFile(path)
    return try withExtendedLifetime(file) { try body(file.bytes) }
  }

  deinit {
    if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
  }

  private static func missing(_ path: String) -> FileError {
    FileError(.missingInput, path: path, reason: "cannot be read: \(systemReason())")
  }
}
