#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Elapsed time on the monotonic clock.
package struct Stopwatch: Sendable {
  private let start: Double

  /// - Parameter elapsed: what it shows at first.
  package init(from elapsed: Double = 0) { start = Stopwatch.now - elapsed }

  package var seconds: Double { Stopwatch.now - start }

  package static var now: Double { Double(nanoseconds) * 1e-9 }

  static var nanoseconds: Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
  }
}
