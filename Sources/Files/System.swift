#if canImport(Glibc)
  @_exported import Glibc
#elseif canImport(Musl)
  @_exported import Musl
#elseif canImport(Darwin)
  @_exported import Darwin
#endif

/// The system's own words for `errno`, for the end of an error message.
package func systemReason(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }

/// Writes into the open file at `path`, to the last byte.
///
/// - Throws: `FileError` (`inputOutput`).
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws {
  var rest = bytes[...]
  while !rest.isEmpty {
    let part = UnsafeRawBufferPointer(rebasing: rest)
    let written = write(descriptor, part.baseAddress, part.count)
    if written < 0 && errno == EINTR { continue }
    guard written > 0 else {
      throw FileError(.inputOutput, path: path, reason: "writing broke off: \(systemReason())")
    }
    rest = rest.dropFirst(written)
  }
}
