#if MPI
  import CMPI
  import Compute
  import Synchronization

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// The processes that `mpirun` or Slurm has started together.
  ///
  /// One thread makes all calls of MPI, so that exchanges go on while others compute: the library moves nothing by
  /// itself.
  ///
  /// `@unchecked Sendable`: `condition` guards what changes; `world` is set before anybody has the group, and then only
  /// the thread of the group looks at it.
  package final class MPIRanks: RankGroup, @unchecked Sendable {
    package private(set) var rank = 0
    package private(set) var count = 1
    private let world = UnsafeMutablePointer<selva_mpi_world>.allocate(capacity: 1)
    private let request = UnsafeMutablePointer<selva_mpi_request>.allocate(capacity: 1)
    private var queue: [Exchange] = []
    private var (begun, done) = (0, 0)
    private var (hasStarted, isEnding, hasEnded) = (false, false, false)
    private var abortStatus: Int32?
    private let condition = Condition()
    /// Threads in `finish`: nothing else has a use for their cores.
    private let waiters = Atomic<Int>(0)
    private let onLoss: @Sendable (String) -> Int32

    /// Joins the other processes.
    ///
    /// - Parameter onLoss: called, by a thread of the group's own, when another rank is lost, with what is known of it;
    ///   all ranks then end with the status that it returns.
    package init(onLoss: @escaping @Sendable (String) -> Int32) {
      self.onLoss = onLoss
      world.initialize(to: selva_mpi_world())
      BackgroundThread.start { [self] in work() }
      condition.wait { hasStarted }
    }

    package func begin(_ exchange: Exchange) {
      condition.change {
        begun += 1
        exchange.number = begun
        queue.append(exchange)
      }
    }

    package func finish(_ exchange: Exchange) {
      waiters.add(1, ordering: .relaxed)
      condition.wait { done >= exchange.number }
      waiters.subtract(1, ordering: .relaxed)
    }

    deinit {
      world.deallocate()
      request.deallocate()
    }

    /// Waits for the other ranks, and leaves them. All of them call this, and nothing afterwards.
    ///
    /// - Parameters:
    ///   - seconds: how long it waits before it ends them; nil: as long as they take.
    ///   - status: what they then end with.
    package func end(seconds: Double? = nil, status: Int32 = 0) {
      let meeting = Gathering(self, width: 1)
      meeting.begin()
      condition.wait(seconds: seconds) { done == begun }
      var isLate = false
      condition.change { isLate = done < begun }
      if isLate { abort(status: status) }
      condition.change { isEnding = true }
      condition.wait { hasEnded }
    }

    /// Ends all ranks, this one included.
    package func abort(status: Int32) -> Never {
      condition.change { abortStatus = status }
      while true { sleep(1) }
    }

    // MARK: The group's thread

    private func work() {
      check(selva_mpi_start(world))
      let signs = SignsOfLife(world)
      condition.change {
        (rank, count) = (Int(world.pointee.rank), Int(world.pointee.count))
        hasStarted = true
      }
      while let exchange = next(signs) {
        move(exchange, signs)
        condition.change { done += 1 }
      }
      signs.end()
      selva_mpi_end()
      condition.change { hasEnded = true }
    }

    /// Nil when the group ends.
    private func next(_ signs: SignsOfLife) -> Exchange? {
      while true {
        var found: Exchange?
        var (isOver, status) = (false, Int32?.none)
        condition.wait(seconds: 0.5) {
          found = queue.first
          (isOver, status) = (isEnding, abortStatus)
          if found != nil { queue.removeFirst() }
          return found != nil || isOver || status != nil
        }
        if let status { selva_mpi_abort(status) }
        if let found { return found }
        if isOver { return nil }
        look(for: signs)
      }
    }

    private func move(_ exchange: Exchange, _ signs: SignsOfLife) {
      check(
        selva_mpi_exchange(
          world, exchange.sent, exchange.sentCounts, exchange.sentPlaces, exchange.received,
          exchange.receivedCounts, exchange.receivedPlaces, request))
      var isDone: Int32 = 0
      var polls = 0
      while true {
        check(selva_mpi_test(request, &isDone))
        if isDone != 0 { return }
        polls += 1
        rest(polls)
        if polls % 64 == 0 { look(for: signs) }
      }
    }

    /// Between two looks at an exchange. Where somebody waits for it, the core is free for looking.
    private func rest(_ polls: Int) {
      guard waiters.load(ordering: .relaxed) > 0, polls < 10_000 else {
        var pause = timespec(tv_sec: 0, tv_nsec: 20_000)
        nanosleep(&pause, nil)
        return
      }
      if polls > 500 { sched_yield() }
    }

    private func look(for signs: SignsOfLife) {
      if let loss = signs.look() { lose(loss) }
    }

    private func check(_ code: Int32) {
      if code != 0 { lose("MPI has failed with code \(code), most likely because another rank has ended") }
    }

    private func lose(_ text: String) -> Never {
      let status = onLoss(text)
      selva_mpi_abort(status)
      _exit(status)
    }
  }

  /// Each rank tells the next one that it lives, so that a machine that has vanished is noticed.
  private final class SignsOfLife {
    /// Seconds without any after which a rank counts as lost.
    private static let patience = 20.0
    private let world: UnsafePointer<selva_mpi_world>
    private var (sending, awaiting) = (selva_mpi_request(), selva_mpi_request())
    private let (sent, received): (UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>)
    private var (lastSent, lastHeard, lastLook) = (Stopwatch.now, Stopwatch.now, Stopwatch.now)
    private var isAlone: Bool { world.pointee.count == 1 }

    /// - Parameter world: lives as long as this.
    init(_ world: UnsafePointer<selva_mpi_world>) {
      self.world = world
      (sent, received) = (.allocate(capacity: 1), .allocate(capacity: 1))
      (sent.pointee, received.pointee) = (0, 0)
      guard !isAlone else { return }
      _ = selva_mpi_await_sign(world, received, &awaiting)
      _ = selva_mpi_send_sign(world, sent, &sending)
    }

    deinit {
      sent.deallocate()
      received.deallocate()
    }

    /// Sends a sign where it is time, and looks whether one has come. Returns what is wrong.
    func look() -> String? {
      guard !isAlone else { return nil }
      let now = Stopwatch.now
      // This process has stood still, as when a person suspends all of them.
      if now - lastLook > 5 { lastHeard = now }
      lastLook = now
      var isDone: Int32 = 0
      if now - lastSent > 1, selva_mpi_test(&sending, &isDone) == 0, isDone != 0 {
        lastSent = now
        _ = selva_mpi_send_sign(world, sent, &sending)
      }
      isDone = 0
      if selva_mpi_test(&awaiting, &isDone) == 0, isDone != 0 {
        lastHeard = now
        _ = selva_mpi_await_sign(world, received, &awaiting)
      }
      guard now - lastHeard > SignsOfLife.patience else { return nil }
      let before = (world.pointee.rank + world.pointee.count - 1) % world.pointee.count
      return "rank \(before) has given no sign of life for \(Int(SignsOfLife.patience)) s"
    }

    func end() {
      guard !isAlone else { return }
      selva_mpi_forget(&awaiting)
      selva_mpi_forget(&sending)
    }
  }
#endif
