import Foundation
import Testing

@testable import Selva

/// Every option of `train` with a value that is not its default, read back from config.json.
@Suite struct TrainOptionTests {
  private typealias Wish = (option: String, value: String, key: String, expected: any Equatable & Sendable)

  /// β and free bits belong to the ELBO, so that the objective has a run of its own.
  private static let training: [Wish] = [
    ("--epochs", "2", "epochs", 2), ("--batch-size", "7", "batch_size", 7),
    ("--learning-rate", "0.002", "learning_rate", 0.002),
    ("--schedule", "burda", "learning_rate_shape", "burda"),
    ("--warmup-epochs", "0.5", "warmup_epochs", 0.5), ("--weight-decay", "0.03", "weight_decay", 0.03),
    ("--beta1", "0.8", "beta1", 0.8), ("--beta2", "0.95", "beta2", 0.95),
    ("--epsilon", "1e-06", "epsilon", 1e-6),
    ("--clip-norm", "11", "clip_norm", 11), ("--dropout", "0.125", "dropout", 0.125),
    ("--average-decay", "0.75", "average_decay", 0.75), ("--patience", "5", "patience", 5),
    ("--beta", "2.5", "beta", 2.5), ("--beta-schedule", "cyclical", "beta_shape", "cyclical"),
    ("--beta-epochs", "3", "beta_epochs", 3), ("--free-bits", "0.25", "free_bits", 0.25),
    ("--importance-samples", "2", "importance_samples", 2),
    ("--precision", "float32", "precision", "float32"),
    ("--seed", "12345678901", "seed", 12_345_678_901), ("--threads", "2", "threads", 2),
    ("--sample-every", "1", "sample_every", 1),
    ("--validation-fraction", "0.3", "validation_fraction", 0.3),
    ("--binarize", "stochastic", "binarization", "stochastic"),
  ]
  private static let model: [Wish] = [
    ("--hidden", "9,8", "hidden", [9, 8]), ("--decoder-hidden", "7", "decoder_hidden", [7]),
    ("--latent", "4", "latent", 4), ("--activation", "silu", "activation", "silu"),
    ("--likelihood", "gaussian-learned", "likelihood", "gaussian-learned"), ("--sigma", "0.3", "sigma", 0.3),
  ]
  /// Not settings: what they change is looked at in tests of their own.
  private static let others = [
    "--data", "--labels", "--test-data", "--test-labels", "--output", "--resume", "--start-from", "--quiet",
    "--optimizer", "--objective", "--accept-changed-data", "--help", "--version", "--prior", "--prior-hidden",
    "--prior-activation",
    "--condition", "--freeze", "--layout", "--network", "--channels", "--kernel", "--residual",
    "--recurrent", "--config", "--tensorboard",
  ]

  private func configuration(_ folder: String) throws -> (model: [String: Any], training: [String: Any]) {
    let whole = try jsonObject(bytes("\(folder)/run/config.json"))
    return (
      try #require(whole["model"] as? [String: Any]), try #require(whole["training"] as? [String: Any])
    )
  }

  private func expect(_ found: [String: Any], _ wishes: [Wish], except: Set<String>) {
    for wish in wishes { #expect("\(found[wish.key] ?? "nothing")" == "\(wish.expected)", "\(wish.option)") }
    // A setting without an option here would be one that nobody looks at.
    #expect(Set(found.keys).subtracting(wishes.map(\.key)) == except)
  }

  @Test func everySettingIsTheOneThatWasGiven() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.images(in: folder, count: 40, height: 8, width: 6)
    let wishes = Self.training + Self.model
    let options =
      wishes.flatMap { [$0.option, $0.value] } + ["--optimizer", "adamw", "--quiet", "-o", "run"]
    let result = try Program.run(["train", "--data", "images.idx"] + options, in: folder)
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    let (model, training) = try configuration(folder)
    expect(training, Self.training, except: ["objective"])
    expect(model, Self.model, except: ["height", "width", "format"])
    let standard = try jsonObject(Array(SettingsJSON.encode(TrainingSettings()).utf8))
    for wish in Self.training {
      #expect("\(standard[wish.key] ?? "nothing")" != "\(wish.expected)", "\(wish.option) is its default")
    }
    // And the run did as it was told.
    let saved = try VAE.trainingSettings(contentsOf: "\(folder)/run/model.safetensors")
    #expect(
      try saved
        == SettingsJSON.decode(
          TrainingSettings.self,
          from: String(decoding: bytes("\(folder)/run/config.json"), as: UTF8.self).training,
          path: "config.json", part: "training"))
    #expect(try MetricsLog(contentsOf: "\(folder)/run/metrics.csv").rows.count == 2)
    #expect(exists("\(folder)/run/samples/epoch-001.png"))
  }

  @Test(arguments: ["iwae", "dreg"]) func theObjectiveIsTheOneThatWasGiven(objective: String) throws {
    let folder = try Program.temporaryFolder()
    try Fixture.images(in: folder, count: 40, height: 8, width: 6)
    let options = ["--objective", objective, "--importance-samples", "3", "-e", "1", "-q", "-o", "run"]
    let result = try Program.run(
      ["train", "--data", "images.idx"] + options + TrainCommandTests.small, in: folder)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try configuration(folder).training["objective"] as? String == objective)
  }

  @Test func noOptionIsLeftOut() throws {
    let help = try Program.run(["train", "--help"], in: Program.temporaryFolder())
    let text = String(decoding: help.output, as: UTF8.self)
    let named = text.split(separator: "\n").filter { $0.hasPrefix("  -") }.compactMap { line in
      line.split(whereSeparator: { ", ".contains($0) }).first { $0.hasPrefix("--") }.map(String.init)
    }
    let known = (Self.training + Self.model).map(\.option) + Self.others
    #expect(named.count > 30)
    #expect(Set(named).subtracting(known) == [])
  }

  /// Labels are read, so that a pair that does not belong together is refused at once.
  @Test(arguments: [
    Misuse("train --data data --labels short.idx", 65, "short.idx"),
    Misuse("train --data data/train-images-idx3-ubyte --labels short.idx", 65, "short.idx"),
    Misuse("train --data data --test-labels short.idx", 65, "short.idx"),
    Misuse(
      "train --data data --test-data data/test-images-idx3-ubyte --test-labels short.idx", 65, "short.idx"),
  ]) func labelsAreRead(_ misuse: Misuse) throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 30, test: 10)
    try Fixture.labels(in: folder, count: 4, name: "short.idx")
    try misuse.check(in: folder)
  }

  /// Learning as fast as this, the last epoch is hardly ever the best.
  @Test func theReportTellsOfTheBestEpoch() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.images(in: folder, count: 60, height: 8, width: 6)
    let result = try Program.run(
      ["train", "--data", "images.idx", "-e", "6", "--learning-rate", "0.1", "-o", "run"]
        + TrainCommandTests.small, in: folder)
    let rows = try MetricsLog(contentsOf: "\(folder)/run/metrics.csv").rows
    let best = try #require(rows.min { ($0.validationLoss ?? .infinity) < ($1.validationLoss ?? .infinity) })
    #expect(result.errors.contains(" in epoch \(best.epoch), "), "\(result.errors)")
    #expect(rows.contains { $0.validationLoss ?? 0 > best.validationLoss ?? 0 })
  }

  @Test func testDataIsWhatIsValidatedOn() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 30, test: 10)
    try Fixture.images(in: folder, count: 13, height: 8, width: 6, name: "other.idx")
    let result = try Program.run(
      ["train", "--data", "data", "--test-data", "other.idx", "-e", "1", "-o", "run"]
        + TrainCommandTests.small,
      in: folder)
    #expect(result.errors.contains("on 30 images") && result.errors.contains("validation on 13 of other.idx"))
  }
}

extension String {
  /// The training settings within a whole config.json, as JSON.
  fileprivate var training: String {
    let whole = (try? JSONSerialization.jsonObject(with: Data(utf8))) as? [String: Any]
    let part = whole?["training"].flatMap { try? JSONSerialization.data(withJSONObject: $0) } ?? Data()
    return String(decoding: part, as: UTF8.self)
  }
}
