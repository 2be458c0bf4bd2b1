import Foundation
import Testing

/// What a process does that was started as one of several. With MPI, see Tests/Cluster.
@Suite struct LaunchTests {
  private static func openMPI(_ rank: Int, _ count: Int) -> [String: String] {
    ["OMPI_COMM_WORLD_SIZE": "\(count)", "OMPI_COMM_WORLD_RANK": "\(rank)"]
  }

  private func run(_ command: String, _ environment: [String: String]) throws -> Program.Result {
    let folder = try Program.temporaryFolder()
    try Fixture.images(in: folder, count: 20, height: 4, width: 3)
    return try Program.run(
      command.split(separator: " ").map(String.init), in: folder, environment: environment)
  }

  @Test(arguments: [
    LaunchTests.openMPI(0, 2), ["PMI_SIZE": "2", "PMI_RANK": "0"], ["PMIX_RANK": "0", "SLURM_NTASKS": "2"],
  ]) func severalProcessesAskForAProgramThatIsBuiltForThem(_ environment: [String: String]) throws {
    let result = try run("train --data images.idx -o run", environment)
    #expect(result.status == 64)
    #expect(result.errors.contains("one of 2 processes") && result.errors.contains("--traits default,MPI"))
    #expect(result.errors.split(separator: "\n").count == 1)
  }

  @Test(arguments: [
    LaunchTests.openMPI(1, 2), ["PMI_SIZE": "2", "PMI_RANK": "1"], ["PMIX_RANK": "1", "SLURM_NTASKS": "2"],
  ]) func theFirstProcessSpeaksForAll(_ environment: [String: String]) throws {
    for command in ["train --data images.idx -o run", "sample none", "train --bogus"] {
      let result = try run(command, environment)
      #expect(result.status == 64 && result.errors.isEmpty && result.output.isEmpty, "\(command): \(result)")
    }
  }

  @Test func whatOneProcessDoesIsNotDoneBySeveral() throws {
    let result = try run("inspect images.idx", LaunchTests.openMPI(0, 3))
    #expect(result.status == 64)
    #expect(result.errors.contains("inspect works in one process, and this was started as one of 3"))
  }

  /// Under Slurm a program sees how many tasks there are, also where it is none of them.
  @Test(arguments: [LaunchTests.openMPI(0, 1), ["SLURM_NTASKS": "8"], ["PMIX_RANK": "0"]])
  func oneProcessWorksAsEver(_ environment: [String: String]) throws {
    let result = try run("inspect images.idx", environment)
    #expect(result.status == 0 && result.errors.isEmpty && !result.output.isEmpty)
  }
}
