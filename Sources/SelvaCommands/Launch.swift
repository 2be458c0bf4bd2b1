import ArgumentParser
import Compute
import Files
import Ranks
import Selva

/// A command whose work several processes can share.
protocol RankedCommand {}

/// How this process was started: by itself, or as one of several, by `mpirun` or Slurm.
enum Launch {
  /// What those who start several processes tell each of them.
  private static let names = (
    counts: ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"], ranks: ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"]
  )

  /// Processes that were started together.
  static let count = number(names.counts) ?? (getenv("PMIX_RANK") == nil ? 1 : number(["SLURM_NTASKS"]) ?? 1)
  /// Of this one.
  static let rank = count == 1 ? 0 : number(names.ranks) ?? 0

  private static func number(_ names: [String]) -> Int? {
    names.lazy.compactMap { getenv($0).flatMap { Int(String(cString: $0)) } }.first
  }

  /// Whether this process tells a person what goes on.
  static var speaks: Bool { rank == 0 }

  /// - Throws: `ValidationError` where several processes were started for a command that one does alone.
  static func check(_ command: any ParsableCommand) throws {
    guard count > 1, !(command is any RankedCommand) else { return }
    throw ValidationError(
      "\(type(of: command)._commandName) works in one process, and this was started as one of \(count).")
  }

  /// Runs `body` with the processes that were started together, or with this one alone.
  ///
  /// - Throws: `ValidationError` where there are several and the program is not built for that.
  static func withRanks(_ body: (any RankGroup) throws -> Void) throws {
    guard count > 1 else { return try body(SoleRank()) }
    #if MPI
      let ranks = MPIRanks { loss in
        Console.message("selva: \(loss); all ranks end here; go on with --resume", isForced: true)
        return FaultCategory.inputOutput.exitStatus
      }
      WorkerGroup.sharers.store(ranks.sharers(of: Processors.place), ordering: .relaxed)
      MemoryNeed.sharers.store(ranks.sharers(of: Processors.machine), ordering: .relaxed)
      do {
        try body(ranks)
      } catch {
        let status = SelvaCommand.tell(error)
        // Others may wait for something that this rank does not come to any more.
        ranks.end(seconds: 10, status: status)
        endProcess(status)
      }
      ranks.end()
    #else
      throw ValidationError(
        "This was started as one of \(count) processes, for which Selva must be built: swift build -c release "
          + "--traits default,MPI.")
    #endif
  }
}
