/// Questions about a path that change nothing.
public enum FileKind {
  public static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether something that is no folder is surely there.
  public static func isFile(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
  }

  /// Whether a regular file, or a link to one, is surely there.
  public static func isRegular(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  public static func exists(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0
  }

  /// Whether there is surely nothing at `path`, as against something that cannot be looked at.
  ///
  /// - Throws: `FileError` where the system does not tell.
  public static func isMissing(_ path: String) throws -> Bool {
    var status = stat()
    if stat(path, &status) == 0 { return false }
    let code = errno
    if code == ENOENT || code == ENOTDIR { return true }
    throw FileError(.missingInput, path: path, reason: "cannot be looked at: \(systemReason(code))")
  }

  /// In bytes; 0 where there is no file.
  public static func size(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  /// When a file was last written, in nanoseconds since 1970; nil where there is none.
  public static func modified(_ path: String) -> Int64? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else { return nil }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Names in a folder, in no order.
  ///
  /// - Throws: `FileError` where it cannot be read.
  public static func names(in folder: String) throws -> [String] {
    guard let stream = opendir(folder) else {
      throw FileError(.missingInput, path: folder, reason: "cannot be read: \(systemReason())")
    }
    defer { closedir(stream) }
    var names: [String] = []
    errno = 0
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
      errno = 0
    }
    guard errno == 0 else {
      throw FileError(.inputOutput, path: folder, reason: "cannot be read: \(systemReason())")
    }
    return names
  }
}

/// What tells one state of a file from another without reading it: its size and when it was last changed.
struct FileState: Equatable {
  private let size: Int
  private let time: timespec

  init(_ status: stat) {
    size = Int(status.st_size)
    #if canImport(Darwin)
      time = status.st_mtimespec
    #else
      time = status.st_mtim
    #endif
  }

  static func == (a: FileState, b: FileState) -> Bool {
    a.size == b.size && a.time.tv_sec == b.time.tv_sec && a.time.tv_nsec == b.time.tv_nsec
  }

  /// Nil where the system does not say.
  init?(_ descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }
}
