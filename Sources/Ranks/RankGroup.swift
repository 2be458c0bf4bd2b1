import Compute
import Synchronization

/// Processes that do one piece of work together, each with memory of its own, as MPI has them. All call the same
/// functions in the same order.
package protocol RankGroup: AnyObject, Sendable {
  /// Of this process, from 0.
  var rank: Int { get }
  /// Processes, this one included.
  var count: Int { get }

  /// Begins an exchange. Until `finish`, what is sent must stay as it is, and what is received may change at any time.
  func begin(_ exchange: Exchange)

  /// Waits until an exchange that was begun is done.
  func finish(_ exchange: Exchange)
}

/// One process by itself.
package final class SoleRank: RankGroup {
  package let rank = 0
  package let count = 1

  package init() {}

  package func begin(_ exchange: Exchange) {}
  package func finish(_ exchange: Exchange) {}
}

/// What goes from each rank to each other one, and where it goes to, in floats. Made once and used as often as wanted.
/// Where both are one buffer, each rank's part of it goes to all others, as `init(sharing:)` has it.
///
/// `@unchecked Sendable`: what changes is ordered by the group's `begin` and `finish`.
package final class Exchange: @unchecked Sendable {
  package let sent: UnsafePointer<Float>
  package let received: UnsafeMutablePointer<Float>
  /// By rank, `[count]` each: MPI looks at them until the exchange is done.
  package let sentCounts, sentPlaces, receivedCounts, receivedPlaces: UnsafePointer<Int32>
  private let state = Atomic<Bool>(false)
  /// From `begin` until all is there.
  package var isUnderWay: Bool {
    get { state.load(ordering: .acquiring) }
    set { state.store(newValue, ordering: .releasing) }
  }
  /// Memory that the pointers point into.
  private let owners: [AnyObject]

  /// - Parameters:
  ///   - sending: by rank, the part of `sent` that goes there; that for `rank` itself goes nowhere.
  ///   - receiving: by rank, the part of `received` for what comes from there.
  ///   - rank: the process's own.
  ///   - owners: of the memory, kept alive.
  package init(
    _ sent: UnsafePointer<Float>, sending: [Range<Int>], _ received: UnsafeMutablePointer<Float>,
    receiving: [Range<Int>], rank: Int, owners: [AnyObject]
  ) {
    precondition(sending.count == receiving.count, "\(sending.count) parts sent, \(receiving.count) received")
    func kept(_ values: [Int]) -> UnsafePointer<Int32> {
      let memory = UnsafeMutableBufferPointer<Int32>.allocate(capacity: values.count)
      _ = memory.initialize(from: values.map { Int32($0) })
      return UnsafePointer(memory.baseAddress!)
    }
    func counts(_ parts: [Range<Int>]) -> UnsafePointer<Int32> {
      kept(parts.indices.map { $0 == rank && sent != UnsafePointer(received) ? 0 : parts[$0].count })
    }
    func places(_ parts: [Range<Int>]) -> UnsafePointer<Int32> { kept(parts.map(\.lowerBound)) }
    (self.sent, self.received, self.owners) = (sent, received, owners)
    (sentCounts, sentPlaces) = (counts(sending), places(sending))
    (receivedCounts, receivedPlaces) = (counts(receiving), places(receiving))
  }

  deinit {
    for numbers in [sentCounts, sentPlaces, receivedCounts, receivedPlaces] { numbers.deallocate() }
  }

  /// Each rank's part of one buffer, from that rank to all others.
  package convenience init(
    sharing buffer: UnsafeMutablePointer<Float>, parts: [Range<Int>], rank: Int, owners: [AnyObject]
  ) {
    self.init(
      buffer, sending: parts.map { _ in parts[rank] }, buffer, receiving: parts, rank: rank, owners: owners)
  }
}

extension RankGroup {
  /// The parts of a range, by rank, cut at multiples of `grain` from its beginning.
  package func shares(of range: Range<Int>, grain: Int = 1) -> [Range<Int>] {
    (0..<count).map { Worker.share(of: range, grain: grain, index: $0, count: count) }
  }

  /// `begin` and `finish` in one.
  package func run(_ exchange: Exchange) {
    begin(exchange)
    finish(exchange)
  }
}
