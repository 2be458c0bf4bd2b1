import CKernels

/// A thread's record of when the system lets it run.
///
/// Where another process wants the same processor, the two take turns of some milliseconds. A thread that is put off with
/// work in its hands holds all others up for as long as that, so it had better take none that it cannot finish in its turn.
/// Times are in nanoseconds.
struct Turns {
  /// What is shorter is no turn of another process, but an interrupt.
  private static let shortest = 300_000
  /// For so long after it was put off, a thread is taken to have another process beside it.
  private let memory: Int

  /// When it ran, by what it knows itself.
  private var lastSeen: Int
  /// When its turn began: the first one, long ago.
  private var began: Int
  /// How long a turn lasts: the shorter of the last two, where there was another process before.
  private var length = 0
  private var lastLength = Int.max
  private let countPutOff: () -> Int
  private var timesPutOff: Int

  /// - Parameter countPutOff: how often the system has taken the processor from the thread.
  init(
    at now: Int, memory: Int = 50_000_000, countPutOff: @escaping () -> Int = { Int(selva_times_put_off()) }
  ) {
    self.memory = memory
    lastSeen = now
    began = now - memory
    self.countPutOff = countPutOff
    timesPutOff = countPutOff()
  }

  /// Whether another process has lately had the thread's processor.
  func areShared(at now: Int) -> Bool { now - began < memory }

  /// Whether work of so many nanoseconds ends within the turn, if this is as those before.
  func haveTime(for duration: Int, at now: Int) -> Bool {
    !areShared(at: now) || now + duration <= began + length
  }

  /// To be called at short intervals while the thread waits.
  ///
  /// - Returns: whether it was put off since the last call.
  mutating func waited(at now: Int) -> Bool {
    defer { lastSeen = now }
    guard now - lastSeen > Turns.shortest else { return false }
    begin(at: now)
    timesPutOff = countPutOff()
    return true
  }

  /// To be called after work, of which it is known how long it takes.
  ///
  /// - Returns: whether the thread was put off meanwhile.
  mutating func worked(at now: Int, expected: Int) -> Bool {
    defer { lastSeen = now }
    guard now - lastSeen > expected + Turns.shortest else { return false }
    let count = countPutOff()
    defer { timesPutOff = count }
    guard expected > 0, count != timesPutOff else { return false }
    // When it went on is not known: at the earliest, so that all the work was still to be done.
    begin(at: now - expected)
    return true
  }

  /// To be called after the thread has slept of its own will.
  mutating func slept(at now: Int) {
    lastSeen = now
    timesPutOff = countPutOff()
  }

  private mutating func begin(at now: Int) {
    let last = lastSeen - began
    length = last < memory ? min(last, lastLength) : last
    (lastLength, began) = (last, now)
  }
}
