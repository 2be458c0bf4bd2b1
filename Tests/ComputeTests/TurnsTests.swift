import Foundation
import Synchronization
import Testing

@testable import Compute

private let millisecond = 1_000_000

/// `Turns` of a thread that begins at 0, with what the system says of it by a test's choice.
private final class Record {
  private final class Count {
    var value = 0
  }

  private let count = Count()
  private var turns: Turns

  init() { turns = Turns(at: 0) { [count] in count.value } }

  var timesPutOff: Int {
    get { count.value }
    set { count.value = newValue }
  }

  /// Waits from `start` to `end`, with a look at the clock every 0.1 ms.
  func wait(from start: Int, to end: Int) {
    for now in stride(from: start, through: end, by: millisecond / 10) { #expect(!waited(at: now)) }
  }

  func waited(at now: Int) -> Bool { turns.waited(at: now) }
  func worked(at now: Int, expected: Int) -> Bool { turns.worked(at: now, expected: expected) }
  func slept(at now: Int) { turns.slept(at: now) }
  func areShared(at now: Int) -> Bool { turns.areShared(at: now) }
  func haveTime(for duration: Int, at now: Int) -> Bool { turns.haveTime(for: duration, at: now) }
}

@Suite struct TurnsTests {
  @Test func `a thread by itself has time for everything`() {
    let turns = Record()
    turns.wait(from: 0, to: 100 * millisecond)
    #expect(!turns.areShared(at: 100 * millisecond))
    #expect(turns.haveTime(for: .max / 2, at: 100 * millisecond))
  }

  /// Turns of 4 ms, and of another process as long.
  @Test func `what ends within the turn is begun, and no more`() {
    let turns = Record()
    for turn in 0..<3 {
      let start = 8 * turn * millisecond
      turns.wait(from: start, to: start + 4 * millisecond)
      #expect(turns.waited(at: start + 8 * millisecond))
      #expect(turns.areShared(at: start + 8 * millisecond))
    }
    let start = 24 * millisecond
    #expect(turns.haveTime(for: 4 * millisecond, at: start))
    #expect(!turns.haveTime(for: 4 * millisecond + 1, at: start))
    #expect(turns.haveTime(for: millisecond, at: start + 3 * millisecond))
    #expect(!turns.haveTime(for: millisecond, at: start + 3 * millisecond + 1))
    #expect(turns.areShared(at: start + 50 * millisecond - 1))
    #expect(!turns.areShared(at: start + 50 * millisecond))
    #expect(turns.haveTime(for: .max / 2, at: start + 50 * millisecond))
  }

  @Test func `of two turns the shorter is expected, but not one of before the other process came`() {
    let turns = Record()
    turns.wait(from: 0, to: 100 * millisecond)
    #expect(turns.waited(at: 104 * millisecond))
    // The thread had 150 ms for itself: so far nothing says that it has less now.
    #expect(turns.haveTime(for: 140 * millisecond, at: 104 * millisecond))
    turns.wait(from: 104 * millisecond, to: 112 * millisecond)
    #expect(turns.waited(at: 116 * millisecond))
    #expect(turns.haveTime(for: 8 * millisecond, at: 116 * millisecond))
    turns.wait(from: 116 * millisecond, to: 120 * millisecond)
    #expect(turns.waited(at: 124 * millisecond))
    turns.wait(from: 124 * millisecond, to: 132 * millisecond)
    #expect(turns.waited(at: 136 * millisecond))
    #expect(!turns.haveTime(for: 4 * millisecond + 1, at: 136 * millisecond))
    turns.wait(from: 136 * millisecond, to: 200 * millisecond)
    #expect(turns.waited(at: 201 * millisecond))
    #expect(turns.haveTime(for: 60 * millisecond, at: 201 * millisecond))
  }

  @Test func `an interrupt is no turn`() {
    let turns = Record()
    #expect(!turns.waited(at: 300_000))
    #expect(turns.waited(at: 600_001))
  }

  @Test func `work that took long for another reason says nothing`() {
    let turns = Record()
    #expect(!turns.worked(at: 9 * millisecond, expected: millisecond))
    turns.timesPutOff = 1
    #expect(!turns.worked(at: 10 * millisecond, expected: millisecond))
    #expect(!turns.worked(at: 20 * millisecond, expected: 0))
    #expect(!turns.areShared(at: 20 * millisecond))
  }

  @Test func `work that was put off is taken to have gone on as late as could be`() {
    let turns = Record()
    turns.wait(from: 0, to: 4 * millisecond)
    turns.timesPutOff = 1
    #expect(turns.worked(at: 10 * millisecond, expected: millisecond))
    // The turn began at 9 ms; the one before had lasted for 54.
    #expect(turns.areShared(at: 59 * millisecond - 1))
    #expect(!turns.areShared(at: 59 * millisecond))
    // The same count is not taken for another time.
    #expect(!turns.worked(at: 20 * millisecond, expected: millisecond))
  }

  @Test func `who sleeps is not put off`() {
    let turns = Record()
    turns.timesPutOff = 1
    turns.slept(at: 30 * millisecond)
    #expect(!turns.waited(at: 30 * millisecond + 100))
    #expect(!turns.worked(at: 40 * millisecond, expected: millisecond))
    #expect(!turns.areShared(at: 40 * millisecond))
  }

  @Test func `how long a part takes is learnt, and a part that was held up teaches little`() {
    let phase = Phase([])
    func duration() -> Int { phase.duration.load(ordering: .relaxed) }
    #expect(duration() == 0)
    phase.took(1_600)
    #expect(duration() == 1_600)
    phase.took(800)
    #expect(duration() == 1_550)
    phase.took(1_000_000)
    #expect(duration() == 1_550 + 387 / 16)
  }
}

@Suite struct ProcessorMaskTests {
  /// On a thread of its own, which is nobody else's afterwards.
  private func onThread(_ body: @escaping @Sendable () -> Void) {
    let done = DispatchSemaphore(value: 0)
    BackgroundThread.start {
      body()
      done.signal()
    }
    done.wait()
  }

  @Test func `a thread keeps off the processor that is taken away`() throws {
    let all = try #require(ProcessorMask())
    onThread {
      let left = ProcessorMask.current
      guard let others = all.without(left) else {
        #expect(all.count == 1)
        return
      }
      #expect(others.count == all.count - 1)
      #expect(others.without(left)?.count == others.count)
      others.apply()
      #expect(ProcessorMask.current != left)
      #expect(ProcessorMask()?.count == others.count)
      all.apply()
      #expect(ProcessorMask()?.count == all.count)
    }
  }

  @Test func `a processor that there is not can be taken away too`() throws {
    let all = try #require(ProcessorMask())
    for processor in [-1, 1_024, 1_000_000] { #expect(all.without(processor)?.count == all.count) }
  }

  /// A thread that waits where the caller runs would be in its way.
  @Test func `a thread of a group that was put off leaves the caller's processor`() throws {
    let all = try #require(ProcessorMask())
    let left = max(1, all.count - 1)
    // A thread that gets work before it has looked at the clock knows of nothing.
    for _ in 1...100 {
      let group = WorkerGroup(count: 2) { _ in Turns(at: Stopwatch.nanoseconds - 10 * millisecond) }
      usleep(2000)
      guard processors(ofThreadIn: group) == left else { continue }
      // Once it has slept, it may come back.
      for _ in 1...100 {
        usleep(100_000)
        if processors(ofThreadIn: group) == all.count { return }
      }
      Issue.record("it never comes back")
      return
    }
    Issue.record("no thread left it")
  }

  /// To how many processors the group's thread is held; 0: it did nothing for a second.
  private func processors(ofThreadIn group: WorkerGroup) -> Int {
    final class Found: Sendable {
      let count = Atomic<Int>(0)
    }
    let (caller, found, clock) = (pthread_self(), Found(), Stopwatch())
    group.run { worker in
      if pthread_self() != caller {
        found.count.store(ProcessorMask()?.count ?? 0, ordering: .relaxed)
      } else {
        while worker.index == 0, found.count.load(ordering: .relaxed) == 0, clock.seconds < 1 {
          sched_yield()
        }
      }
    }
    return found.count.load(ordering: .relaxed)
  }
}

extension ProcessorMask {
  fileprivate var count: Int { withUnsafeBytes(of: processors) { $0.reduce(0) { $0 + $1.nonzeroBitCount } } }
}
