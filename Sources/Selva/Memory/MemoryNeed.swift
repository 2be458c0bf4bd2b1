import Files
import Synchronization

/// Memory that a piece of work is going to take, reckoned before it begins: what does not fit is refused with both
/// numbers rather than ended by the system half-way.
package struct MemoryNeed: Sendable, Equatable {
  /// As an error names it: "training".
  package let work: String
  /// At its peak, beside what the process has already.
  package let bytes: Double
  /// Threads beside the first one.
  package let threads: Int
  /// How to need less.
  package let advice: String

  package init(_ work: String, bytes: Double, threads: Int = 0, advice: String) {
    self.work = work
    self.bytes = bytes
    self.threads = threads
    self.advice = advice
  }

  /// Processes on this machine that do the same work, each in memory of its own.
  package static let sharers = Atomic<Int>(1)

  /// Under this nobody has to ask.
  private static let small = 0x1p26
  /// Addresses that the system sets aside for a thread: its stack, and a region of its own to allocate from.
  private static let addressesOfThread = 72.0 * 0x1p20
  private static let stackOfThread = 8.0 * 0x1p20

  /// - Throws: `MemoryFault` where a limit leaves less than is needed.
  package func check(
    _ limits: @autoclosure () -> [MemoryLimit] = MemoryLimit.all(),
    sharers: Int = MemoryNeed.sharers.load(ordering: .relaxed)
  ) throws {
    guard bytes * Double(sharers) > MemoryNeed.small else { return }
    let short = limits().map { (limit: $0, need: need($0.kind, sharers)) }.filter { $0.need > $0.limit.left }
    guard let worst = short.max(by: { $0.need - $0.limit.left < $1.need - $1.limit.left }) else { return }
    let isShared = sharers > 1 && worst.limit.kind == .pages
    throw MemoryFault(
      work: isShared ? "\(work) in \(sharers) processes on this machine" : work, need: worst.need,
      left: worst.limit.left, source: worst.limit.source, advice: advice)
  }

  /// Pages are those of the machine; the other limits are each process's own.
  private func need(_ kind: MemoryLimit.Kind, _ sharers: Int) -> Double {
    switch kind {
    case .pages: bytes * Double(sharers)
    case .data: bytes + Double(threads) * MemoryNeed.stackOfThread
    case .addresses: bytes + Double(threads) * MemoryNeed.addressesOfThread
    }
  }
}

/// There is less memory than work needs: it was not begun.
public struct MemoryFault: Fault, Equatable {
  /// What was to be done: "training".
  public let work: String
  /// Bytes that it takes.
  public let need: Double
  /// Bytes that there are.
  public let left: Double
  /// What leaves no more, in words: "all that is free", a limit of the shell's or of a container.
  public let source: String
  /// How to need less.
  public let advice: String

  public var category: FaultCategory { .badData }

  public var description: String {
    "\(work) needs \(text(need)) of memory, and \(text(left)) are \(source); \(advice)"
  }

  /// In the unit that gives a number from 1 to 1000, with one place after the point.
  private func text(_ bytes: Double) -> String {
    var (number, unit) = (bytes / 1e6, "MB")
    for larger in ["GB", "TB", "PB", "EB"] where number >= 1000 { (number, unit) = (number / 1000, larger) }
    let tenths = (number * 10).rounded()
    guard tenths < 1e15 else { return "\(number) \(unit)" }
    return "\(Int(tenths) / 10).\(Int(tenths) % 10) \(unit)"
  }
}
