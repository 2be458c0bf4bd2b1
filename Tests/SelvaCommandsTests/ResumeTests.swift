import Foundation
import Testing

@testable import Selva
@testable import SelvaCommands

@Suite struct ResumeTests {
  /// Without `--epochs`: these settings do not depend on how many there will be.
  private static let arguments =
    ["train", "--data", "data", "--schedule", "constant", "--sample-every", "0", "--dropout", "0.1"]
    + ["--binarize", "stochastic", "--average-decay", "0.99", "--beta-schedule", "linear"]
    + TrainCommandTests.small
  /// More than any run gets through before it is stopped, however late the signal.
  private static let endless = ["--epochs", "1000000"]

  /// Sends `signal` when the program has told of a few epochs, and waits for its end.
  private func stop(_ program: Program.Running, by signal: Int32) -> Program.Result {
    while program.errors.filter({ $0 == "\n" }).count < 5, program.isRunning {
      Thread.sleep(forTimeInterval: 0.005)
    }
    program.send(signal)
    return program.wait(atMost: 60)
  }

  @Test func aStoppedRunEndsAsOneThatWasNot() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 400, test: 20)
    let first = stop(
      try Program.start(Self.arguments + Self.endless + ["-o", "parts"], in: folder), by: SIGINT)
    #expect(first.status == 130, "\(first.errors.suffix(500))")
    #expect(first.errors.hasSuffix("checkpoint written; go on with: selva train --resume parts\n"))
    #expect(exists("\(folder)/parts/checkpoint.safetensors") && !exists("\(folder)/parts/samples.png"))
    let again = ["train", "--resume", "parts"]
    let second = stop(try Program.start(again + Self.endless, in: folder), by: SIGTERM)
    #expect(second.status == 130, "\(second.errors.suffix(500))")
    #expect(second.errors.hasPrefix("going on after epoch "))
    let done = try #require(try MetricsLog(contentsOf: "\(folder)/parts/metrics.csv").rows.last?.epoch)
    let epochs = ["--epochs", "\(done + 20)"]
    // From another folder, since the data's path is remembered whole.
    let third = try Program.run(
      ["train", "--resume", "\(folder)/parts"] + epochs, in: Program.temporaryFolder())
    #expect(third.status == 0, "\(third.errors.suffix(500))")
    let whole = try Program.run(Self.arguments + epochs + ["-o", "whole"], in: folder)
    #expect(whole.status == 0, "\(whole.errors.suffix(500))")

    #expect(isSame("\(folder)/whole/model.safetensors", bytes("\(folder)/parts/model.safetensors")))
    let rows = try ["whole", "parts"].map { try MetricsLog(contentsOf: "\(folder)/\($0)/metrics.csv").rows }
    for rows in rows { #expect(rows.map(\.epoch) == Array(1...done + 20)) }
    #expect(rows[0].map(\.trainLoss) == rows[1].map(\.trainLoss))
    #expect(rows[0].map(\.validationLoss) == rows[1].map(\.validationLoss))
    let resumed = try #require(try jsonObject(bytes("\(folder)/parts/config.json"))["resumed"] as? [String])
    #expect(
      resumed
        == [again + Self.endless, ["train", "--resume", "\(folder)/parts"] + epochs].map {
          (["selva"] + $0).map(CommandLineText.quoted).joined(separator: " ")
        })
  }

  @Test func aFinishedRunGoesOnOnlyWithMoreEpochs() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 60, test: 20)
    let run = try Program.run(
      ["train", "--data", "data", "-e", "2", "-o", "run"] + TrainCommandTests.small, in: folder)
    #expect(run.status == 0)
    try Misuse("train --resume run", 64, "run has finished its 2 epochs; ask for more with --epochs").check(
      in: folder)
    let more = try Program.run(["train", "--resume", "run", "--epochs", "4", "--threads", "2"], in: folder)
    #expect(more.status == 0, "\(more.errors)")
    #expect(try MetricsLog(contentsOf: "\(folder)/run/metrics.csv").rows.map(\.epoch) == [1, 2, 3, 4])
    let training = try #require(
      try jsonObject(bytes("\(folder)/run/config.json"))["training"] as? [String: Any])
    #expect(training["epochs"] as? Int == 4 && training["threads"] as? Int == 2)
  }

  @Test func otherDataIsRefused() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 60, test: 20)
    try Fixture.images(in: folder, count: 50, height: 8, width: 6, name: "fewer.idx")
    try Fixture.images(in: folder, count: 60, height: 9, width: 9, name: "larger.idx")
    let run = try Program.run(
      ["train", "--data", "data", "-e", "2", "-o", "run"] + TrainCommandTests.small, in: folder)
    #expect(run.status == 0)
    let before = bytes("\(folder)/run/checkpoint.safetensors")
    let test = "--test-data data/test-images-idx3-ubyte"
    for (data, text) in [
      ("fewer.idx", "the run had 60 images from here and now finds 50"),
      ("larger.idx", "images are 9 x 9 pixels"),
    ] {
      try Misuse("train --resume run --epochs 4 --data \(data) \(data == "fewer.idx" ? test : "")", 65, text)
        .check(
          in: folder)
    }
    try FileManager.default.moveItem(atPath: "\(folder)/data", toPath: "\(folder)/moved")
    try Misuse("train --resume run --epochs 4", 66, "data").check(in: folder)
    #expect(isSame("\(folder)/run/checkpoint.safetensors", before))
    let moved = try Program.run(["train", "--resume", "run", "-e", "3", "--data", "moved"], in: folder)
    #expect(moved.status == 0, "\(moved.errors)")
  }

  @Test func aRunThatDivergesLeavesItsCheckpoint() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 60, test: 20)
    let run = try Program.run(
      ["train", "--data", "data", "-e", "1", "-o", "run"] + TrainCommandTests.small, in: folder)
    #expect(run.status == 0)
    let path = "\(folder)/run/checkpoint.safetensors"
    var file = try Safetensors(contentsOf: path)
    let text = try #require(file.metadata["selva.training"])
    var settings = try SettingsJSON.decode(TrainingSettings.self, from: text, path: path, part: "settings")
    settings.epochs = 9
    file.metadata["selva.training"] = SettingsJSON.encode(settings)
    file.tensors = file.tensors.map {
      $0.name == "encoder.mean.weight"
        ? Tensor(name: $0.name, shape: $0.shape, values: $0.values.map { _ in .greatestFiniteMagnitude }) : $0
    }
    try file.write(to: path)
    let before = bytes(path)
    let result = try Program.run(["train", "--resume", "run", "-e", "9", "--quiet"], in: folder)
    #expect(result.status == 65)
    #expect(
      result.errors.hasPrefix("selva: the loss became ") && result.errors.contains("lower --learning-rate"))
    #expect(result.errors.filter { $0 == "\n" }.count == 1)
    #expect(isSame(path, before))
    #expect(exists("\(folder)/run/model.safetensors"))
  }
}
