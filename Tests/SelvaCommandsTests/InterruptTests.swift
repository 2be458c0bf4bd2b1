import Foundation
import Testing

@testable import SelvaCommands

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

  /// oneDNN's products have their stack pointer in memory from the heap, where a handler would overwrite data.
  @Test func handlersHaveAStackOfTheirOwn() async {
    await #expect(processExitsWith: .success) {
      Interrupt.watchForSaves()
      Interrupt.watch()
      var stack = stack_t()
      sigaltstack(nil, &stack)
      var isSound = Int(stack.ss_flags) & Int(SS_DISABLE) == 0 && stack.ss_size >= 1 << 15
      for number in [SIGUSR1, SIGINT, SIGTERM, SIGHUP] {
        var action = sigaction()
        sigaction(number, nil, &action)
        isSound = isSound && Int(action.sa_flags) & Int(SA_ONSTACK) != 0
      }
      exit(isSound ? EXIT_SUCCESS : EXIT_FAILURE)
    }
  }

  /// One signal is one checkpoint, not one at every step from then on.
  @Test func aWishToSaveIsFulfilledOnce() async {
    await #expect(processExitsWith: .success) {
      Interrupt.watchForSaves()
      let isAskedBefore = Interrupt.takeSaveRequest()
      raise(SIGUSR1)
      let (first, second) = (Interrupt.takeSaveRequest(), Interrupt.takeSaveRequest())
      exit(!isAskedBefore && first && !second ? EXIT_SUCCESS : EXIT_FAILURE)
    }
  }

  /// As many as it takes for some of them to come in the middle of a product.
  @Test(arguments: [1, 2]) func signalsOverwriteNothing(threads: Int) throws {
    let folder = try Program.temporaryFolder()
    try Fixture.images(in: folder, count: 2000, height: 28, width: 28)
    let program = try Program.start(
      ["train", "--data", "images.idx", "-q", "-e", "1000000", "--sample-every", "0", "--hidden", "400,400"]
        + ["-b", "256", "--threads", "\(threads)", "-o", "run"], in: folder)
    while !exists("\(folder)/run/model.safetensors"), program.isRunning { usleep(1000) }
    for _ in 0..<300 where program.isRunning {
      program.send(SIGUSR1)
      usleep(4000)
    }
    program.send(SIGTERM)
    #expect(program.wait(atMost: 60).status == 130)
  }
}
