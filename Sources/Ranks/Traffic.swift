#if MPI
  import CMPI
  import Compute

  /// The exchanges that are under way, and the signs of life that go round beside them: each rank tells the next one that
  /// it lives, so that a machine that has vanished is noticed. One caller at a time.
  final class Traffic {
    /// Seconds without a sign after which a rank counts as lost.
    private static let patience = 20.0
    private let world: UnsafePointer<selva_mpi_world>
    private var active: [(exchange: Exchange, request: selva_mpi_request)] = []
    private var (sending, awaiting) = (selva_mpi_request(), selva_mpi_request())
    private let (sent, received): (UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>)
    private var (lastSent, lastHeard, lastLook) = (Stopwatch.now, Stopwatch.now, Stopwatch.now)
    private var isAlone: Bool { world.pointee.count < 2 }

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

    var isBusy: Bool { !active.isEmpty }

    /// Returns MPI's code, 0 where all is well.
    func begin(_ exchange: Exchange) -> Int32 {
      var request = selva_mpi_request()
      let code = selva_mpi_exchange(
        world, exchange.sent, exchange.sentCounts, exchange.sentPlaces, exchange.received,
        exchange.receivedCounts, exchange.receivedPlaces, &request)
      exchange.isUnderWay = true
      active.append((exchange, request))
      return code
    }

    /// Moves what is under way. Returns MPI's code, 0 where all is well.
    func move() -> Int32 {
      for i in active.indices.reversed() {
        var isDone: Int32 = 0
        let code = selva_mpi_test(&active[i].request, &isDone)
        guard code == 0 else { return code }
        if isDone != 0 { active.remove(at: i).exchange.isUnderWay = false }
      }
      return 0
    }

    /// Sends a sign where it is time, and looks whether one has come. Returns what is wrong.
    func lookForSigns() -> String? {
      let now = Stopwatch.now
      guard !isAlone, now - lastLook > 0.1 else { return nil }
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
      guard now - lastHeard > Traffic.patience else { return nil }
      let before = (world.pointee.rank + world.pointee.count - 1) % world.pointee.count
      return "rank \(before) has given no sign of life for \(Int(Traffic.patience)) s"
    }

    func end() {
      guard !isAlone else { return }
      selva_mpi_forget(&awaiting)
      selva_mpi_forget(&sending)
    }
  }
#endif
