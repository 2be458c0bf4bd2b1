import Foundation
import Testing

@Suite struct InterruptTests {
  private static let endless =
    ["train", "--data", "data", "-e", "1000000", "--sample-every", "0"] + TrainCommandTests.small

  /// Starts a run, and waits until it has told of an epoch.
  private func started(_ name: String, in folder: String) throws -> Program.Running {
    let program = try Program.start(Self.endless + ["-o", name], in: folder)
    while !program.errors.contains("epoch 1/"), program.isRunning { Thread.sleep(forTimeInterval: 0.002) }
    return program
  }

  @Test(arguments: [SIGINT, SIGTERM]) func theFirstEndsInOrder(signal: Int32) throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 60, test: 20)
    let program = try started("run", in: folder)
    program.send(signal)
    let result = program.wait(atMost: 60)
    #expect(result.status == 130)
    #expect(result.errors.contains("checkpoint written"))
  }

  /// One signal after the other, as fast as they come: the second finds the program on its way out and ends it
  /// there. Once in a while that way is too short, hence the tries.
  @Test func aSecondInterruptEndsAtOnce() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 60, test: 20)
    for attempt in 1...8 {
      let program = try started("run-\(attempt)", in: folder)
      while program.isRunning {
        program.send(SIGINT)
        usleep(300)
      }
      if program.wait(atMost: 60).status == -SIGINT { return }
    }
    Issue.record("no second interrupt ended the program")
  }
}
