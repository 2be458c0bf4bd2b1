import Foundation
import Selva
import Testing

/// `train --condition labels`.
@Suite struct ConditionTests {
  private static let line =
    ["train", "--data", "images.idx", "--labels", "labels.idx", "--condition", "labels"]
    + TrainCommandTests.small
  /// Whatever numbers labels have, and however many there are.
  private static let kinds: [UInt8] = [7, 3, 200, 3]

  private func folder() throws -> String {
    let folder = try Program.temporaryFolder()
    try Fixture.images(in: folder, count: 60, height: 8, width: 6)
    try Fixture.labels(in: folder, (0..<60).map { Self.kinds[$0 % 4] })
    return folder
  }

  private func train(_ arguments: [String], in folder: String) throws -> String {
    let result = try Program.run(arguments, in: folder)
    #expect(result.status == 0, "\(result.errors)")
    return result.errors
  }

  @Test func theModelKnowsTheLabelsOfItsImages() throws {
    let folder = try folder()
    let said = try train(Self.line + ["-e", "1", "-o", "run"], in: folder)
    #expect(said.split(separator: "\n")[0].contains(", conditioned on 3 labels, "), "\(said)")
    let model = try VAE(contentsOf: "\(folder)/run/model.safetensors")
    #expect(model.settings.labels == [3, 7, 200])
    let latents = Latents.normal(count: 1, latent: 3, seed: 1)
    #expect(model.decode(latents, labels: [3]) != model.decode(latents, labels: [200]))
    let configuration = try jsonObject(bytes("\(folder)/run/config.json"))
    #expect((configuration["model"] as? [String: Any])?["labels"] as? [Int] == [3, 7, 200])
    let without = try train(
      Self.line.filter { !["--condition", "labels"].contains($0) } + ["-o", "plain"], in: folder)
    #expect(!without.contains("conditioned"))
    #expect(try VAE(contentsOf: "\(folder)/plain/model.safetensors").settings.labels.isEmpty)
  }

  @Test func oneLabelIsSaidInTheSingular() throws {
    let folder = try folder()
    try Fixture.labels(in: folder, [UInt8](repeating: 5, count: 60))
    #expect(try train(Self.line + ["-e", "1", "-o", "run"], in: folder).contains("conditioned on 1 label, "))
  }

  @Test func aResumedRunEndsAsOneThatWasNot() throws {
    let folder = try folder()
    let line = Self.line + ["--schedule", "constant"]
    _ = try train(line + ["-e", "4", "-o", "whole"], in: folder)
    _ = try train(line + ["-e", "2", "-o", "run"], in: folder)
    let said = try train(["train", "--resume", "run", "--epochs", "4"], in: folder)
    #expect(said.contains("conditioned on 3 labels"))
    #expect(isSame("\(folder)/run/model.safetensors", bytes("\(folder)/whole/model.safetensors")))
  }

  @Test(arguments: [
    Misuse("train --data images.idx --condition labels", 65, "images.idx: has no labels"),
    Misuse("train --data images.idx --condition labels -o run", 65, "name a file of them with --labels"),
    Misuse("train --data images.idx --labels labels.idx --condition pixels", 64, "'pixels' is invalid"),
    Misuse(
      "train --data images.idx --labels labels.idx --condition labels --test-data images.idx", 65,
      "images.idx: has no labels, which a model with labels needs; name a file of them with --test-labels"),
    Misuse(
      "train --data images.idx --labels labels.idx --condition labels --test-data images.idx --test-labels others.idx",
      65, "others.idx: image 0 has the label 9, and the model knows 3, 7, 200"),
    Misuse(
      "train --data images.idx --labels labels.idx --condition labels --start-from none", 64,
      "--condition is that of the model which --start-from names"),
    Misuse(
      "train --resume none --condition labels", 64, "--condition cannot change in a run that is resumed"),
  ]) func refuses(_ misuse: Misuse) throws {
    let folder = try folder()
    try Fixture.labels(in: folder, [UInt8](repeating: 9, count: 60), name: "others.idx")
    try misuse.check(in: folder)
  }

  @Test func aModelWithLabelsGoesOnWithThem() throws {
    let folder = try folder()
    try Fixture.labels(in: folder, [UInt8](repeating: 9, count: 60), name: "others.idx")
    _ = try train(Self.line + ["-e", "1", "-o", "run"], in: folder)
    let line = "train --data images.idx --start-from run -e 1 -q -o next"
    try Misuse(line, 65, "images.idx: has no labels").check(in: folder)
    try Misuse("\(line) --labels others.idx", 65, "others.idx: image 0 has the label 9").check(in: folder)
    let next = "\(line) --labels labels.idx".split(separator: " ").map(String.init)
    #expect(try train(next, in: folder).isEmpty)
    #expect(try VAE(contentsOf: "\(folder)/next/model.safetensors").settings.labels == [3, 7, 200])
  }

  @Test func labelsThatHaveChangedAreNoticedOnResuming() throws {
    let folder = try folder()
    _ = try train(Self.line + ["-e", "1", "-o", "run"], in: folder)
    let line = "train --resume run -e 2"
    try Misuse("\(line) --data images.idx", 65, "images.idx: has no labels").check(in: folder)
    var labels = (0..<60).map { Self.kinds[$0 % 4] }
    labels.swapAt(0, 1)
    try Fixture.labels(in: folder, labels)
    try Misuse(line, 65, "labels.idx: holds other labels than the run has learned from").check(in: folder)
    _ = try train(line.split(separator: " ").map(String.init) + ["--accept-changed-data"], in: folder)
    // They are the run's own now.
    _ = try train(["train", "--resume", "run", "-e", "3"], in: folder)
    labels[4] = 9
    try Fixture.labels(in: folder, labels)
    try Misuse("train --resume run -e 4", 65, "image 4 has the label 9").check(in: folder)
    try FileManager.default.removeItem(atPath: "\(folder)/labels.idx")
    try Misuse("train --resume run -e 4", 66, "labels.idx").check(in: folder)
  }

  @Test func validationLabelsThatHaveChangedAreNoticedToo() throws {
    let folder = try folder()
    try Fixture.labels(in: folder, (0..<60).map { Self.kinds[$0 % 4] }, name: "test.idx")
    let test = ["--test-data", "images.idx", "--test-labels", "test.idx"]
    _ = try train(Self.line + test + ["-e", "1", "-o", "run"], in: folder)
    try Fixture.labels(in: folder, [UInt8](repeating: 3, count: 60), name: "test.idx")
    try Misuse("train --resume run -e 2", 65, "test.idx: holds other labels").check(in: folder)
  }
}
