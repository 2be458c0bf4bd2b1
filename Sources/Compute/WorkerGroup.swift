import Files
import Synchronization

/// One of the equal parts of a phase, and whose it is unless another has to do it.
package struct Worker: Sendable {
  package let index: Int
  package let count: Int

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
}

/// The one thread pool: `count - 1` threads that live as long as the group, and the calling thread.
///
/// Each thread does its own part of a phase. A part whose thread another process has put off is done by who is done
/// with its own: what comes out does not depend on who did what.
public final class WorkerGroup: Sendable {
  /// Workers, the thread that made the group included.
  public let count: Int
  private let crew: Crew

  /// Starts the threads, which wait until there is work.
  ///
  /// - Parameter count: the number of workers, at least 1, the caller's thread included; nil: one for each processor.
  public convenience init(count: Int? = nil) {
    self.init(count: count ?? WorkerGroup.processorCount) { _ in Turns(at: Stopwatch.nanoseconds) }
  }

  /// - Parameter turns: what a thread knows of its turns at first.
  init(count: Int, turns: @escaping @Sendable (_ thread: Int) -> Turns) {
    precondition(count >= 1, "a worker group of \(count)")
    self.count = count
    crew = Crew(count: count, makeTurns: turns)
    for index in 1..<count { crew.startThread(index) }
  }

  deinit { crew.stop() }

  /// The processors that this process may use, by its affinity and its control groups: its part of them, where it knows
  /// of others that share them.
  public static var processorCount: Int {
    max(1, Processors.count / sharers.load(ordering: .relaxed))
  }

  /// Processes that share this one's processors, this one included.
  package static let sharers = Atomic<Int>(1)

  /// Runs all parts of all phases, and returns when they are done. One caller at a time.
  package func run(_ phases: Phases) {
    if count > 1 { return crew.run(phases.list) }
    for phase in phases.list { phase(Worker(index: 0, count: 1)) }
  }

  /// The same of a single phase.
  package func run(_ body: @escaping @Sendable (Worker) -> Void) { run(Phases { $0.add(body) }) }
}
