#if MPI
  import CKernels
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
  /// MPI moves nothing by itself: a thread of the group's own looks after exchanges now and then while others compute,
  /// and who waits for one looks after all without pause.
  ///
  /// `@unchecked Sendable`: the lock guards all calls of MPI, and what they change.
  package final class MPIRanks: RankGroup, @unchecked Sendable {
    package let rank: Int
    package let count: Int
    private let world: UnsafeMutablePointer<selva_mpi_world>
    private let traffic: Mutex<Traffic>
    private let isEnding = Atomic<Bool>(false)
    private let hasEnded = Atomic<Bool>(false)
    private let isLost = Atomic<Bool>(false)
    private let onLoss: @Sendable (String) -> Int32

    /// Joins the other processes.
    ///
    /// - Parameter onLoss: called, by any thread, when another rank is lost, with what is known of it; all ranks then end
    ///   with the status that it returns.
    package init(onLoss: @escaping @Sendable (String) -> Int32) {
      self.onLoss = onLoss
      world = .allocate(capacity: 1)
      world.initialize(to: selva_mpi_world())
      let code = selva_mpi_start(world)
      (rank, count) = (Int(world.pointee.rank), Int(world.pointee.count))
      traffic = Mutex(Traffic(world))
      if code != 0 { lose(MPIRanks.reason(code)) }
      BackgroundThread.start { [self] in
        selva_sleep_precisely()
        while !isEnding.load(ordering: .acquiring) { selva_sleep(look() ? 250 : 2000) }
        hasEnded.store(true, ordering: .releasing)
      }
    }

    deinit { world.deallocate() }

    package func begin(_ exchange: Exchange) {
      let code = traffic.withLock { $0.begin(exchange) }
      if code != 0 { lose(MPIRanks.reason(code)) }
    }

    package func finish(_ exchange: Exchange) { _ = wait(for: exchange, seconds: nil) }

    /// Ends all ranks, this one included.
    private func abort(status: Int32) -> Never {
      selva_mpi_abort(status)
      _exit(status)
    }

    /// Waits for the other ranks, and leaves them. All of them call this, and nothing afterwards.
    ///
    /// - Parameters:
    ///   - seconds: how long it waits before it ends them; nil: as long as they take.
    ///   - status: what they then end with.
    package func end(seconds: Double? = nil, status: Int32 = 0) {
      let meeting = Gathering(self, width: 1)
      if !wait(for: meeting.begin(), seconds: seconds) { abort(status: status) }
      isEnding.store(true, ordering: .releasing)
      while !hasEnded.load(ordering: .acquiring) { selva_sleep(100) }
      traffic.withLock { $0.end() }
      selva_mpi_end()
    }

    /// - Returns: whether it was done in time.
    private func wait(for exchange: Exchange, seconds: Double?) -> Bool {
      let clock = Stopwatch()
      var polls = 0
      while exchange.isUnderWay {
        look()
        polls += 1
        // Two ranks may share the parts of one core.
        for _ in 0..<16 { selva_pause() }
        // Another rank may need this core to come to the exchange at all.
        if polls > 10_000 { selva_sleep(20) } else if polls > 250 { sched_yield() }
        if let seconds, polls % 1000 == 0, clock.seconds > seconds { return false }
      }
      return true
    }

    /// Looks after all exchanges, and for signs of life, unless another thread is at it. Returns whether any exchange is
    /// under way.
    @discardableResult private func look() -> Bool {
      let found = traffic.withLockIfAvailable {
        (code: $0.move(), loss: $0.lookForSigns(), isBusy: $0.isBusy)
      }
      guard let found else { return true }
      if found.code != 0 { lose(MPIRanks.reason(found.code)) }
      if let loss = found.loss { lose(loss) }
      return found.isBusy
    }

    private static func reason(_ code: Int32) -> String {
      "MPI has failed with code \(code), most likely because another rank has ended"
    }

    private func lose(_ text: String) -> Never {
      // The first thread that notices speaks for all.
      while isLost.exchange(true, ordering: .relaxed) { selva_sleep(100_000) }
      let status = onLoss(text)
      // What is said must be on its way before all end.
      selva_sleep(200_000)
      abort(status: status)
    }
  }
#endif
