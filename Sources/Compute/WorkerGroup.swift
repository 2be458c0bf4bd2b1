import CKernels
import Files
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a worker of a `WorkerGroup` knows of itself.
package struct Worker: Sendable {
  package let index: Int
  package let count: Int
  fileprivate let meeting: Meeting

  /// This worker's contiguous part of `0 ..< total`, cut at multiples of `grain`.
  package func share(of total: Int, grain: Int = 1) -> Range<Int> {
    Worker.share(of: total, grain: grain, index: index, count: count)
  }

  /// The part of `0 ..< total` that worker `index` of `count` takes.
  package static func share(of total: Int, grain: Int = 1, index: Int, count: Int) -> Range<Int> {
    let grains = (total + grain - 1) / grain
    return min(total, grains * index / count * grain)..<min(total, grains * (index + 1) / count * grain)
  }

  /// The same of any range, cut at multiples of `grain` from its beginning.
  package func share(of range: Range<Int>, grain: Int = 1) -> Range<Int> {
    Worker.share(of: range, grain: grain, index: index, count: count)
  }

  package static func share(of range: Range<Int>, grain: Int = 1, index: Int, count: Int) -> Range<Int> {
    let share = share(of: range.count, grain: grain, index: index, count: count)
    return range.lowerBound + share.lowerBound..<range.lowerBound + share.upperBound
  }

  /// Waits until every worker has come here. What was written before is seen by all after.
  package func barrier() { meeting.join() }
}

/// The one thread pool: `count - 1` threads that live as long as the group, and the calling thread as worker 0.
public final class WorkerGroup: Sendable {
  /// Workers, the thread that made the group included.
  public let count: Int
  private let shared: Shared

  /// Starts the threads, which wait until there is work.
  ///
  /// - Parameter count: the number of workers, at least 1, the caller's thread included; nil: one for each processor.
  public init(count: Int? = nil) {
    let count = count ?? WorkerGroup.processorCount
    precondition(count >= 1, "a worker group of \(count)")
    self.count = count
    shared = Shared(count: count)
    for index in 1..<max(count, 1) { shared.startThread(index) }
  }

  deinit { shared.stop() }

  /// The processors that this process may use, by its affinity and its control groups: its part of them, where it knows
  /// of others that share them.
  public static var processorCount: Int {
    max(1, Processors.count / sharers.load(ordering: .relaxed))
  }

  /// Processes that share this one's processors, this one included.
  package static let sharers = Atomic<Int>(1)

  /// Runs `body` once on every worker and returns when all are done. One caller at a time.
  package func run(_ body: @escaping @Sendable (Worker) -> Void) {
    guard count > 1 else { return body(Worker(index: 0, count: 1, meeting: shared.meeting)) }
    shared.publish(body)
    body(Worker(index: 0, count: count, meeting: shared.meeting))
    shared.meeting.join()
    shared.forget()
  }
}

/// A barrier that spins, since a training step is shorter than putting a thread to sleep and waking it; after a
/// while it yields, so that another process gets the core instead of a spinning thread.
private final class Meeting: Sendable {
  private let count: Int
  private let arrived = Atomic<Int>(0)
  private let round = Atomic<Int>(0)

  init(count: Int) { self.count = count }

  func join() {
    guard count > 1 else { return }
    let current = round.load(ordering: .relaxed)
    if arrived.add(1, ordering: .acquiringAndReleasing).newValue == count {
      arrived.store(0, ordering: .relaxed)
      round.store(current + 1, ordering: .releasing)
      return
    }
    var spins = 0
    while round.load(ordering: .acquiring) == current {
      spins += 1
      if spins < 4_000 { selva_pause() } else { sched_yield() }
    }
  }
}

/// What the threads share. `@unchecked Sendable`: `job` is written before `generation` is raised and read after
/// it is seen raised, and let go of when all have met; the condition guards sleeping only.
private final class Shared: @unchecked Sendable {
  let count: Int
  let meeting: Meeting
  private let generation = Atomic<Int>(0)
  private let stopping = Atomic<Bool>(false)
  private let sleepers = Atomic<Int>(0)
  private var job: (@Sendable (Worker) -> Void)?
  private let condition = Condition()

  init(count: Int) {
    self.count = count
    meeting = Meeting(count: count)
  }

  func publish(_ body: @escaping @Sendable (Worker) -> Void) {
    job = body
    raise()
  }

  /// Once all workers are done: what a piece of work used is not kept until the next.
  func forget() { job = nil }

  func stop() {
    stopping.store(true, ordering: .releasing)
    raise()
  }

  private func raise() {
    generation.add(1, ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 { condition.change {} }
  }

  /// What is sent to the process goes to other threads: a handler here would write over the data of a product (see
  /// `Product`).
  func startThread(_ index: Int) { BackgroundThread.start { self.work(index) } }

  private func work(_ index: Int) {
    var seen = 0
    while true {
      seen = waitForJob(after: seen)
      if stopping.load(ordering: .acquiring) { return }
      job?(Worker(index: index, count: count, meeting: meeting))
      meeting.join()
    }
  }

  private func waitForJob(after seen: Int) -> Int {
    for _ in 0..<20_000 {
      let now = generation.load(ordering: .acquiring)
      if now != seen { return now }
      selva_pause()
    }
    sleepers.add(1, ordering: .sequentiallyConsistent)
    condition.wait { generation.load(ordering: .sequentiallyConsistent) != seen }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    return generation.load(ordering: .acquiring)
  }
}
