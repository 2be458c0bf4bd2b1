import Foundation
import Synchronization
import Testing

@testable import Compute

@Test(arguments: [1, 2, 3, 8, 64])
func `every part of every phase is done once, and phases follow each other`(_ count: Int) {
  let group = WorkerGroup(count: count)
  let runs = Matrix(rows: count, columns: 3)
  let counters = Counters()
  let phases = Phases { phases in
    for phase in 0..<3 {
      phases.add { worker in
        if counters.arrivals.load(ordering: .sequentiallyConsistent) < phase * count {
          counters.early.add(1, ordering: .sequentiallyConsistent)
        }
      }
      phases.add { worker in
        runs.row(worker.index)[phase] += Float(worker.count)
        counters.arrivals.add(1, ordering: .sequentiallyConsistent)
      }
      phases.meet()
    }
  }
  for run in 1...20 {
    counters.arrivals.store(0, ordering: .sequentiallyConsistent)
    group.run(phases)
    #expect(runs.values == [Float](repeating: Float(run * count), count: 3 * count))
    #expect(counters.arrivals.load(ordering: .sequentiallyConsistent) == 3 * count)
    #expect(counters.early.load(ordering: .sequentiallyConsistent) == 0)
  }
  group.run(Phases { _ in })
}

private final class Counters: Sendable {
  let arrivals = Atomic<Int>(0)
  /// Workers that began a phase before all were done with the one before.
  let early = Atomic<Int>(0)
}

/// Which thread did which part of a phase.
private final class Doers: @unchecked Sendable {  // each part writes its own element
  private let threads: UnsafeMutableBufferPointer<pthread_t?>

  init(_ count: Int) {
    threads = .allocate(capacity: count)
    threads.initialize(repeating: nil)
  }

  deinit { threads.deallocate() }

  func note(_ part: Int) { threads[part] = pthread_self() }
  subscript(part: Int) -> pthread_t? { threads[part] }
}

extension Turns {
  /// Of a thread that never has another process beside it.
  fileprivate static var alone: Turns { Turns(at: Stopwatch.nanoseconds, memory: 0) }
  /// Of a thread whose turn is always over.
  fileprivate static var over: Turns {
    let now = Stopwatch.nanoseconds
    var turns = Turns(at: now - 2_000_000, memory: .max / 4)
    _ = turns.waited(at: now - 1_000_000)
    _ = turns.waited(at: now)
    return turns
  }
}

@Test(arguments: [2, 5]) func `the caller does what nobody else can`(_ count: Int) {
  let group = WorkerGroup(count: count) { _ in .over }
  for _ in 1...5 {
    let doers = Doers(count)
    group.run { doers.note($0.index) }
    #expect((0..<count).allSatisfy { doers[$0] == pthread_self() })
  }
}

@Test func `a thread does the part of another, but never the caller's`() {
  let group = WorkerGroup(count: 3) { $0 == 1 ? .over : .alone }
  for _ in 1...5 {
    let (doers, counters) = (Doers(3), Counters())
    group.run { worker in
      // The caller holds its own part until the other two are done, so that it can do neither.
      let clock = Stopwatch()
      while worker.index == 0, counters.arrivals.load(ordering: .sequentiallyConsistent) < 2,
        clock.seconds < 20
      {
        sched_yield()
      }
      doers.note(worker.index)
      counters.arrivals.add(1, ordering: .sequentiallyConsistent)
    }
    #expect(doers[0] == pthread_self())
    #expect(doers[1] == doers[2])
    #expect(doers[1] != doers[0])
  }
}

@Test(arguments: [0, 1, 7, 128, 1000], [1, 2, 3, 32, 64])
func `shares cover everything once`(_ total: Int, _ count: Int) {
  for grain in [1, 16] {
    var next = 0
    for index in 0..<count {
      let share = Worker.share(of: total, grain: grain, index: index, count: count)
      #expect(share.lowerBound == next)
      #expect(share.lowerBound % grain == 0 || share.lowerBound == total)
      next = share.upperBound
    }
    #expect(next == total)
  }
}

/// A handler in a worker would write over what a product works on.
@Test func `workers leave signals to others`() {
  // Threads have the mask of the one that starts them, and tests run in threads that take none.
  var (none, before) = (sigset_t(), sigset_t())
  sigemptyset(&none)
  pthread_sigmask(SIG_SETMASK, &none, &before)
  let group = WorkerGroup(count: 3)
  pthread_sigmask(SIG_SETMASK, &before, nil)
  let blocked = Matrix(rows: 3, columns: 3)
  group.run { worker in
    var signals = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &signals)
    for (column, number) in [SIGUSR1, SIGTERM, SIGSEGV].enumerated() {
      blocked.row(worker.index)[column] = Float(sigismember(&signals, number))
    }
  }
  #expect(Array(blocked.values[3...]) == [1, 1, 0, 1, 1, 0])
}

@Test(arguments: [1, 3]) func `what a piece of work used is let go of when it is done`(workers: Int) {
  final class Used: Sendable {}
  let group = WorkerGroup(count: workers)
  weak var used: Used?
  do {
    let made = Used()
    used = made
    group.run { [made] _ in withExtendedLifetime(made) {} }
  }
  #expect(used == nil)
}
