/// Bytes that come one after the other, more of them than memory may hold: a nameless file under `TMPDIR` (or
/// /var/tmp), read by its mapping once all have come.
///
/// `@unchecked Sendable`: filled by whoever made it, read-only afterwards.
package final class Spool: @unchecked Sendable {
  private let path: String
  private let descriptor: Int32
  private var waiting: [UInt8] = []
  private var mapping = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  /// Bytes so far.
  package private(set) var count = 0
  private static let block = 1 << 20

  /// - Parameter path: the file whose content this will be, for errors.
  /// - Throws: `FileError` where there is no room.
  package init(for path: String) throws {
    self.path = path
    descriptor = NamelessFile.open()
    guard descriptor >= 0 else { throw noRoom() }
    waiting.reserveCapacity(2 * Spool.block)
  }

  deinit {
    if mapping.baseAddress != nil { munmap(mapping.baseAddress, mapping.count) }
    close(descriptor)
  }

  /// - Throws: `FileError` where there is no room.
  package func append(_ bytes: UnsafeRawBufferPointer) throws {
    waiting.append(contentsOf: bytes)
    count += bytes.count
    if waiting.count >= Spool.block { try flush() }
  }

  package func append(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try append($0) } }

  /// All bytes, valid while the spool lives. None may be appended after.
  ///
  /// - Throws: `FileError` where there is no room.
  package func content() throws -> UnsafeRawBufferPointer {
    if mapping.baseAddress == nil, count > 0 {
      try flush()
      guard let start = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0), start != MAP_FAILED else {
        throw FileError(.inputOutput, path: path, reason: "cannot be mapped: \(systemReason())")
      }
      mapping = UnsafeMutableRawBufferPointer(start: start, count: count)
    }
    return UnsafeRawBufferPointer(mapping)
  }

  /// A descriptor of its own for what was appended.
  func duplicate() throws -> Int32 {
    try flush()
    let copy = dup(descriptor)
    guard copy >= 0 else {
      throw FileError(.inputOutput, path: path, reason: "cannot be opened again: \(systemReason())")
    }
    return copy
  }

  private func flush() throws {
    try waiting.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let part = UnsafeRawBufferPointer(rebasing: rest)
        let written = write(descriptor, part.baseAddress, part.count)
        if written < 0 && errno == EINTR { continue }
        guard written > 0 else { throw noRoom() }
        rest = rest.dropFirst(written)
      }
    }
    waiting.removeAll(keepingCapacity: true)
  }

  private func noRoom() -> FileError {
    FileError(
      .inputOutput, path: path,
      reason: "needs room for a copy under \(NamelessFile.folder), which does not take it "
        + "(\(systemReason())); name a folder with room in TMPDIR")
  }
}

/// Files that nothing but their descriptor leads to, so that none is left behind.
enum NamelessFile {
  static var folder: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/var/tmp" }

  /// - Returns: a descriptor; -1, with `errno`, where there is no room for a file.
  static func open() -> Int32 {
    var template = Array("\(folder)/selva.XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { return -1 }
    unlink(template)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return descriptor
  }
}
