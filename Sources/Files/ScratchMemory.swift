/// Memory for what a file expands to: plain memory while that is small, and above `largestInMemory` a nameless file
/// under `TMPDIR` (or /var/tmp), whose pages the system may put back on disk when it needs the room.
///
/// `@unchecked Sendable`: filled by whoever made it, read-only afterwards.
package final class ScratchMemory: @unchecked Sendable {
  package let bytes: UnsafeMutableRawBufferPointer

  /// In bytes: all of MNIST fits five times.
  package static let largestInMemory = 1 << 28

  /// - Parameters:
  ///   - verb: what the file at `path` does to those bytes, for the error.
  ///   - fix: what helps where there is no room for them.
  /// - Throws: `FileError` (`inputOutput`) when there is no room, in the name of the file at `path`.
  package init(
    byteCount: Int, for path: String, verb: String = "expands to",
    fix: String = "unpack it: a plain file is read as it is used",
    largestInMemory: Int = ScratchMemory.largestInMemory
  ) throws {
    let noRoom = FileError(
      .inputOutput, path: path, reason: "\(verb) \(byteCount) bytes, for which there is no room; \(fix)")
    let descriptor = byteCount > largestInMemory ? ScratchMemory.namelessFile(byteCount) : -1
    defer { if descriptor >= 0 { close(descriptor) } }
    guard byteCount <= largestInMemory || descriptor >= 0 else {
      throw noRoom
    }
    let flags = descriptor >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS
    let start = mmap(nil, max(1, byteCount), PROT_READ | PROT_WRITE, flags, descriptor, 0)
    guard let start, start != MAP_FAILED else { throw noRoom }
    bytes = UnsafeMutableRawBufferPointer(start: start, count: byteCount)
  }

  deinit { munmap(bytes.baseAddress, max(1, bytes.count)) }

  /// A file without a name, all of its room taken now rather than when a page is touched; -1 where there is none.
  private static func namelessFile(_ byteCount: Int) -> Int32 {
    let descriptor = NamelessFile.open()
    guard descriptor >= 0 else { return -1 }
    #if canImport(Darwin)
      let isLarge = ftruncate(descriptor, off_t(byteCount)) == 0
    #else
      let isLarge = posix_fallocate(descriptor, 0, off_t(byteCount)) == 0
    #endif
    guard isLarge else {
      close(descriptor)
      return -1
    }
    return descriptor
  }
}
