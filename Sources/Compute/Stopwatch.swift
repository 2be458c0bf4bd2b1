#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Elapsed time on the monotonic clock, in seconds.
package struct Stopwatch: Sendable {
  private let start: Double

  /// - Parameter elapsed: what it shows at first.
  package init(from elapsed: Double = 0) { start = Stopwatch.now - elapsed }

  package var seconds: Double { Stopwatch.now - start }

  package static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
