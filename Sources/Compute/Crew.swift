import CKernels
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The threads of a `WorkerGroup`, and how they share out the parts of a phase.
///
/// Phases are numbered over all runs. A part of the open phase belongs to the thread that raises its claim to the phase's
/// number: its own thread at first, and later any that has nothing else to do, save for part 0, which stays with the
/// caller. Who finishes a phase's last part opens the next one. All wait by spinning, since a training step is shorter than
/// putting a thread to sleep and waking it.
///
/// `@unchecked Sendable`: `phases` and `first` are set while no phase is open, and read by who holds a claim, or is the
/// caller; the condition guards sleeping only.
final class Crew: @unchecked Sendable {
  private let count: Int
  /// By part: the number of the last phase in which somebody took it.
  private let claims: [Line]
  /// The phase that is open, or was last, and the last one of a run that is done.
  private let open = Atomic<Int>(0)
  private let done = Atomic<Int>(0)
  /// Parts of the open phase that are not done yet.
  private let remaining = Line()
  /// Nanoseconds that a part of the open phase is going to take.
  private let duration = Atomic<Int>(0)
  private var phases: [Phase] = []
  private var first = 1
  private let stopping = Atomic<Bool>(false)
  private let sleepers = Atomic<Int>(0)
  private let condition = Condition()
  /// The caller's processor.
  private let home = Atomic<Int>(ProcessorMask.current)
  private let makeTurns: @Sendable (Int) -> Turns

  /// Nanoseconds until a thread without work sleeps: more where another process would have its processor meanwhile, and
  /// not give it back at once.
  private static let patience = (alone: 300_000, shared: 20_000_000)

  /// A number two cache lines from any other, since threads that wait for others read those all the time.
  private final class Line: Sendable {
    let number = Atomic<Int>(0)
    private let distance = (SIMD16<Double>(), SIMD16<Double>())

    /// Whether the caller of this is the one who takes the part in the phase `phase`.
    func take(_ phase: Int) -> Bool {
      number.load(ordering: .relaxed) == phase - 1
        && number.compareExchange(expected: phase - 1, desired: phase, ordering: .acquiringAndReleasing)
          .exchanged
    }
  }

  init(count: Int, makeTurns: @escaping @Sendable (Int) -> Turns) {
    self.count = count
    self.makeTurns = makeTurns
    claims = (0..<count).map { _ in Line() }
  }

  // MARK: The caller

  func run(_ phases: [Phase]) {
    guard !phases.isEmpty else { return }
    self.phases = phases
    first = open.load(ordering: .relaxed) + 1
    home.store(ProcessorMask.current, ordering: .relaxed)
    open(first)
    for number in first..<first + phases.count {
      perform(0, of: number)
      for part in 1..<count where claims[part].take(number) { perform(part, of: number) }
      wait(for: number)
    }
    self.phases = []
  }

  /// Until a phase is done; after a while it yields, so that another process gets the core instead of a spinning thread.
  private func wait(for number: Int) {
    var spins = 0
    while open.load(ordering: .acquiring) == number, done.load(ordering: .acquiring) != number {
      spins += 1
      if spins < 4_000 { selva_pause() } else { sched_yield() }
    }
  }

  // MARK: All

  private func perform(_ part: Int, of number: Int) {
    phases[number - first](Worker(index: part, count: count))
    finish(number)
  }

  private func finish(_ number: Int) {
    let left = remaining.number.subtract(1, ordering: .acquiringAndReleasing).newValue
    guard left == 0 else { return }
    if number + 1 < first + phases.count {
      open(number + 1)
    } else {
      done.store(number, ordering: .releasing)
    }
  }

  private func open(_ number: Int) {
    remaining.number.store(count, ordering: .relaxed)
    duration.store(phases[number - first].duration.load(ordering: .relaxed), ordering: .relaxed)
    open.store(number, ordering: .sequentiallyConsistent)
    wake()
  }

  private func wake() {
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 { condition.change {} }
  }

  // MARK: Threads

  /// What is sent to the process goes to other threads: a handler here would write over the data of a product (see
  /// `Product`).
  func startThread(_ index: Int) { BackgroundThread.start { self.work(index) } }

  func stop() {
    stopping.store(true, ordering: .releasing)
    open.add(1, ordering: .sequentiallyConsistent)
    wake()
  }

  /// What a thread knows of itself.
  private struct Seat {
    var turns: Turns
    /// Where it may run once it comes back; nil while it has not left.
    var processors: ProcessorMask?
  }

  private func work(_ index: Int) {
    var seat = Seat(turns: makeTurns(index))
    var number = 0
    while true {
      number = waitForPhase(after: number, &seat)
      if stopping.load(ordering: .acquiring) { return }
      for step in 0..<count - 1 { help((index - 1 + step) % (count - 1) + 1, of: number, &seat) }
    }
  }

  private func help(_ part: Int, of number: Int, _ seat: inout Seat) {
    let start = Stopwatch.nanoseconds
    guard seat.turns.haveTime(for: duration.load(ordering: .relaxed), at: start), claims[part].take(number)
    else { return }
    let phase = phases[number - first]
    let expected = phase.duration.load(ordering: .relaxed)
    phase(Worker(index: part, count: count))
    let end = Stopwatch.nanoseconds
    phase.took(end - start)
    finish(number)
    if seat.turns.worked(at: end, expected: expected) { leaveHome(&seat) }
  }

  private func waitForPhase(after old: Int, _ seat: inout Seat) -> Int {
    var start = Stopwatch.nanoseconds
    while true {
      for _ in 0..<8 {
        let number = open.load(ordering: .acquiring)
        if number != old { return number }
        selva_pause()
      }
      let now = Stopwatch.nanoseconds
      if seat.turns.waited(at: now) { leaveHome(&seat) }
      let patience = seat.turns.areShared(at: now) ? Crew.patience.shared : Crew.patience.alone
      guard now - start > patience else { continue }
      sleep(after: old, &seat)
      start = Stopwatch.nanoseconds
      seat.turns.slept(at: start)
    }
  }

  private func sleep(after old: Int, _ seat: inout Seat) {
    seat.processors?.apply()
    seat.processors = nil
    sleepers.add(1, ordering: .sequentiallyConsistent)
    condition.wait { open.load(ordering: .sequentiallyConsistent) != old }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
  }

  /// A thread that was put off keeps away from the caller's processor: to wait there would put the caller off.
  private func leaveHome(_ seat: inout Seat) {
    if seat.processors == nil { seat.processors = ProcessorMask() }
    seat.processors?.without(home.load(ordering: .relaxed))?.apply()
  }
}
