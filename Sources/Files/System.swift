#if canImport(Glibc)
  @_exported import Glibc
#elseif canImport(Musl)
  @_exported import Musl
#elseif canImport(Darwin)
  @_exported import Darwin
#endif

/// The system's own words for `errno`, for the end of an error message.
package func systemReason(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }
