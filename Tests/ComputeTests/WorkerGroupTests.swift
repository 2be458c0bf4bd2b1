import Foundation
import Synchronization
import Testing

@testable import Compute

@Test(arguments: [1, 2, 3, 8, 64])
func `every worker runs once a call, and barriers hold`(_ count: Int) {
  let group = WorkerGroup(count: count)
  for _ in 1...20 {
    let runs = Matrix(rows: count, columns: 1)
    let counters = Counters()
    group.run { worker in
      runs.row(worker.index)[0] += 1
      counters.arrivals.add(1, ordering: .sequentiallyConsistent)
      worker.barrier()
      if counters.arrivals.load(ordering: .sequentiallyConsistent) != count {
        counters.early.add(1, ordering: .sequentiallyConsistent)
      }
    }
    #expect(runs.values == [Float](repeating: 1, count: count))
    #expect(counters.early.load(ordering: .sequentiallyConsistent) == 0)
  }
}

private final class Counters: Sendable {
  let arrivals = Atomic<Int>(0)
  /// Workers that passed the barrier before all had come.
  let early = Atomic<Int>(0)
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
