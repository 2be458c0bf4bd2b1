import Foundation
import Selva
import Testing

/// What may happen to a program that runs overnight.
@Suite struct SignalTests {
  private static let endless =
    ["train", "--data", "data", "-o", "run", "--epochs", "1000000", "--sample-every", "0"]
    + TrainCommandTests.small

  private func folder() throws -> String {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 200, test: 20)
    return folder
  }

  /// Waits until standard error of a program holds `text` once more than before.
  private func wait(for text: String, of program: Program.Running) {
    while !program.errors.contains(text), program.isRunning { Thread.sleep(forTimeInterval: 0.005) }
  }

  @Test func hangingUpSaves() throws {
    let folder = try folder()
    // Tests that were started by nohup ignore it, and so would what they start.
    let before = signal(SIGHUP, SIG_DFL)
    let program = try Program.start(Self.endless, in: folder)
    _ = signal(SIGHUP, before)
    wait(for: "epoch 3/", of: program)
    program.send(SIGHUP)
    let result = program.wait(atMost: 60)
    #expect(result.status == 130 && result.errors.contains("checkpoint written; go on with"))
    #expect(exists("\(folder)/run/checkpoint.safetensors") && !exists("\(folder)/run/.lock"))
  }

  @Test func anIgnoredHangUpStaysIgnored() throws {
    let folder = try folder()
    let program = try Program.startShell(
      "trap '' HUP; exec \"$SELVA\" \(Self.endless.joined(separator: " "))", in: folder)
    wait(for: "epoch 2/", of: program)
    program.send(SIGHUP)
    wait(for: "epoch 9/", of: program)
    #expect(program.isRunning)
    program.send(SIGTERM)
    #expect(program.wait(atMost: 60).status == 130)
  }

  @Test func aCheckpointIsWrittenOnRequest() throws {
    let folder = try folder()
    let program = try Program.start(Self.endless, in: folder)
    wait(for: "epoch 2/", of: program)
    program.send(SIGUSR1)
    wait(for: "checkpoint written to run/checkpoint.safetensors\n", of: program)
    wait(for: "epoch 9/", of: program)
    #expect(program.isRunning)
    program.send(SIGINT)
    #expect(program.wait(atMost: 60).status == 130)
  }

  @Test(arguments: ["2>&-", "2> >(exec true)", "2>/dev/full"])
  func aClosedStandardErrorEndsNoRun(_ redirection: String) throws {
    let folder = try folder()
    let arguments = ["train", "--data", "data", "-o", "run", "-e", "30"] + TrainCommandTests.small
    let result = try Program.startShell(
      "\"$SELVA\" \(arguments.joined(separator: " ")) \(redirection)", in: folder
    )
    .wait()
    #expect(result.status == 0)
    #expect(exists("\(folder)/run/samples.png"))
    // Nothing of what was said went into a file that was opened under the stream's number.
    #expect(try MetricsLog(contentsOf: "\(folder)/run/metrics.csv").rows.count == 30)
  }

  @Test func aClosedStandardOutputIsAnError() throws {
    let folder = try folder()
    let result = try Program.startShell("\"$SELVA\" inspect data >&-", in: folder).wait()
    #expect(result.status == 74 && result.errors.hasPrefix("selva: standard output: cannot be written: "))
  }

  /// As in `selva encode … | head -1`, which is no fault.
  @Test func aReaderThatLeavesEndsQuietly() throws {
    let folder = try folder()
    let result = try Program.startShell(
      "set -o pipefail; { \"$SELVA\" inspect data; \"$SELVA\" inspect data; } | exec true; true; echo done",
      in: folder
    ).wait()
    #expect(result.errors.isEmpty && result.output == Array("done\n".utf8))
  }

  @Test func aLimitOfFileSizeIsAnErrorLikeAnyOther() throws {
    let folder = try folder()
    let arguments = ["train", "--data", "data", "-o", "run", "-e", "3", "--quiet"] + TrainCommandTests.small
    let result = try Program.startShell(
      "ulimit -f 8; exec \"$SELVA\" \(arguments.joined(separator: " "))", in: folder
    ).wait()
    #expect(result.status == 74, "\(result)")
    #expect(result.errors == "selva: run/checkpoint.safetensors: writing broke off: File too large\n")
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/run") == ["config.json"])
    let again = try Program.run(arguments, in: folder)
    #expect(again.status == 0 && again.errors.isEmpty, "\(again.errors)")
  }

  @Test func twoTrainingsDoNotShareAFolder() throws {
    let folder = try folder()
    let program = try Program.start(Self.endless, in: folder)
    wait(for: "epoch 2/", of: program)
    let process = String(decoding: bytes("\(folder)/run/.lock"), as: UTF8.self).dropLast()
    #expect(Int(process) != nil)
    for arguments in [Self.endless, ["train", "--resume", "run"]] {
      let other = try Program.run(arguments, in: folder)
      #expect(other.status == 73)
      #expect(
        other.errors.hasPrefix("selva: run: is being trained into by process \(process);"), "\(other.errors)")
    }
    program.send(SIGKILL)
    #expect(program.wait().status == -SIGKILL)
    #expect(exists("\(folder)/run/.lock"))
    let resumed = try Program.start(["train", "--resume", "run"], in: folder)
    wait(for: "epoch ", of: resumed)
    resumed.send(SIGTERM)
    #expect(resumed.wait(atMost: 60).status == 130)
    #expect(!exists("\(folder)/run/.lock"))
  }

  @Test func dataThatIsCutShortUnderwayIsAnError() throws {
    let folder = try folder()
    let images = "\(folder)/data/train-images-idx3-ubyte"
    let before = bytes(images)
    let program = try Program.start(Self.endless, in: folder)
    wait(for: "epoch 2/", of: program)
    #expect(truncate(images, 5000) == 0)
    let result = program.wait(atMost: 60)
    #expect(result.status == 65)
    let last = result.errors.split(separator: "\n").last ?? ""
    #expect(last.hasPrefix("selva: \(images): was changed or cut short while it was trained on"), "\(last)")
    #expect(before.count > 5000)
    try Data(before).write(to: URL(fileURLWithPath: images))
    let done = try #require(try MetricsLog(contentsOf: "\(folder)/run/metrics.csv").rows.last?.epoch)
    let resumed = try Program.run(["train", "--resume", "run", "--epochs", "\(done + 2)"], in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
  }
}

@Suite struct BeginningTests {
  private static let arguments = ["train", "--data", "data", "-e", "3"] + TrainCommandTests.small

  @Test func aRunThatNeverBeganBeginsAnew() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 60, test: 20)
    let whole = try Program.run(Self.arguments + ["-o", "run"], in: folder)
    #expect(whole.status == 0)
    try FileManager.default.createDirectory(atPath: "\(folder)/killed", withIntermediateDirectories: false)
    try FileManager.default.copyItem(
      atPath: "\(folder)/run/config.json", toPath: "\(folder)/killed/config.json")
    try Data("99999999".utf8).write(to: URL(fileURLWithPath: "\(folder)/killed/.lock"))
    try Misuse("train --resume killed", 66, "nothing was trained yet; begin it anew").check(in: folder)
    let begun = try Program.run(Self.arguments + ["-o", "killed"], in: folder)
    #expect(begun.status == 0, "\(begun.errors)")
    #expect(isSame("\(folder)/killed/model.safetensors", bytes("\(folder)/run/model.safetensors")))
    try Misuse("train --data data -o killed", 73, "already holds files").check(in: folder)
  }

  @Test func resumingEndsWhatIsMissingAndSaysWhatIsSo() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 60, test: 20)
    #expect(try Program.run(Self.arguments + ["-o", "run"], in: folder).status == 0)
    let picture = bytes("\(folder)/run/samples.png")
    try FileManager.default.removeItem(atPath: "\(folder)/run/samples.png")
    let resumed = try Program.run(["train", "--resume", "run"], in: folder)
    #expect(resumed.status == 0 && resumed.errors.hasPrefix("ending after epoch 3 on "), "\(resumed.errors)")
    #expect(isSame("\(folder)/run/samples.png", picture))
    try Misuse("train --resume run", 64, "run has finished its 3 epochs; ask for more with --epochs").check(
      in: folder)
    try Misuse(
      "train --resume run -e 2", 64, "run has done 3 of its 3 epochs; give more than 3 with --epochs"
    ).check(in: folder)
  }

  /// How far it is, the checkpoint says.
  @Test func aRunWithoutItsFiguresIsAsFarAsItWas() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 60, test: 20)
    #expect(try Program.run(Self.arguments + ["-o", "run"], in: folder).status == 0)
    try FileManager.default.removeItem(atPath: "\(folder)/run/metrics.csv")
    try Misuse(
      "train --resume run -e 2", 64, "run has done 3 of its 3 epochs; give more than 3 with --epochs"
    ).check(in: folder)
    try Misuse("train --resume run", 64, "run has finished its 3 epochs; ask for more with --epochs").check(
      in: folder)
  }

  /// Memory is reckoned for the model that is there, not for the one that a changed file speaks of.
  @Test func aLargeModelInAChangedConfigurationNeedsNoMemory() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 60, test: 20)
    #expect(try Program.run(Self.arguments + ["-o", "run"], in: folder).status == 0)
    let path = "\(folder)/run/config.json"
    let before = String(decoding: bytes(path), as: UTF8.self)
    let changed = before.replacing(/"hidden" : \[\s*16\s*\]/, with: "\"hidden\" : [1048576, 1048576]")
    #expect(changed != before)
    try Data(changed.utf8).write(to: URL(fileURLWithPath: path))
    let resumed = try Program.run(["train", "--resume", "run", "-e", "4"], in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
  }

  /// What the settings and the command were, the checkpoint tells.
  @Test func aChangedConfigurationIsPutRight() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 60, test: 20)
    #expect(try Program.run(Self.arguments + ["-o", "run"], in: folder).status == 0)
    let path = "\(folder)/run/config.json"
    let before = String(decoding: bytes(path), as: UTF8.self)
    let changed = before.replacingOccurrences(of: "\"latent\" : 3", with: "\"latent\" : 7")
      .replacingOccurrences(of: "selva train", with: "selva dance")
    #expect(changed.count == before.count && changed != before)
    try Data(changed.utf8).write(to: URL(fileURLWithPath: path))
    #expect(try Program.run(["train", "--resume", "run", "-e", "4"], in: folder).status == 0)
    let after = try jsonObject(bytes(path))
    #expect((after["model"] as? [String: Any])?["latent"] as? Int == 3)
    #expect((after["command"] as? String)?.hasPrefix("selva train") == true)
    #expect((after["training"] as? [String: Any])?["epochs"] as? Int == 4)
  }

  @Test func otherPixelsNeedAWord() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 60, test: 20)
    #expect(try Program.run(Self.arguments + ["-o", "run"], in: folder).status == 0)
    let images = "\(folder)/data/test-images-idx3-ubyte"
    var pixels = bytes(images)
    pixels[pixels.count - 1] ^= 255
    try Data(pixels).write(to: URL(fileURLWithPath: images))
    let again = "train --resume run -e 4"
    try Misuse(again, 65, "test-images-idx3-ubyte: holds other pixels than the run has learned from").check(
      in: folder)
    try Misuse("train --data data --accept-changed-data", 64, "--accept-changed-data goes with --resume")
      .check(
        in: folder)
    let accepted = try Program.run(
      again.split(separator: " ").map(String.init) + ["--accept-changed-data"], in: folder)
    #expect(accepted.status == 0, "\(accepted.errors)")
  }
}
