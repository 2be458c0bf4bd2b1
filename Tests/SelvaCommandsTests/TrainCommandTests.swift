import Foundation
import Testing

@testable import Selva

@Suite struct TrainCommandTests {
  /// A model small enough for thousands of steps in a test.
  static let small = ["--hidden", "16", "-z", "3", "-b", "20", "--threads", "1"]

  @Test func leavesARunDirectoryAndTellsWhatItDid() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 200, test: 50)
    let result = try Program.run(
      ["train", "--data", "data", "-e", "2", "--sample-every", "1"] + Self.small, in: folder)
    #expect(result.status == 0)
    #expect(result.output.isEmpty)
    let lines = result.errors.split(separator: "\n")
    try #require(lines.count == 4, "\(result.errors)")
    #expect(
      lines[0]
        == "training on 200 images (8 x 6) of train-images-idx3-ubyte, validation on 50 of test-images-idx3-ubyte, "
        + "layers 48-16-3-16-48, selu, 1,766 parameters, 1 thread, into runs/001")
    #expect(lines[1].hasPrefix("epoch 1/2, loss ") && lines[1].hasSuffix("left, best so far"))
    #expect(lines[2].hasPrefix("epoch 2/2, loss ") && lines[2].contains(" images/s"))
    #expect(lines[3].hasPrefix("best validation loss ") && lines[3].contains("wrote runs/001/"))
    for name in [
      "model.safetensors", "checkpoint.safetensors", "metrics.csv", "config.json", "curves.png",
      "samples.png",
      "reconstructions.png", "samples/epoch-001.png", "samples/epoch-002.png",
    ] {
      #expect(exists("\(folder)/runs/001/\(name)"), "\(name)")
    }
    let model = try VAE(contentsOf: "\(folder)/runs/001/model.safetensors")
    #expect(model.settings == ModelSettings(height: 8, width: 6, hidden: [16], latent: 3))
  }

  @Test func recordsEverySettingInForce() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.images(in: folder, count: 60, height: 8, width: 6)
    let arguments =
      ["train", "--data", "images.idx", "-e", "1", "-o", "out", "--optimizer", "adamw", "--likelihood"]
      + ["gaussian", "--sigma", "0.2", "--decoder-hidden", "none", "--schedule", "burda", "--quiet"]
      + Self.small
    let result = try Program.run(arguments, in: folder)
    #expect(result.status == 0)
    #expect(result.errors.isEmpty)
    let configuration = try jsonObject(bytes("\(folder)/out/config.json"))
    let data = try #require(configuration["data"] as? [String: Any])
    let model = try #require(configuration["model"] as? [String: Any])
    let training = try #require(configuration["training"] as? [String: Any])
    #expect(configuration["command"] as? String == "selva " + arguments.joined(separator: " "))
    #expect(data["data"] as? String == "\(folder)/images.idx")
    #expect(model["hidden"] as? [Int] == [16])
    #expect(model["decoder_hidden"] as? [Int] == [])
    #expect(model["likelihood"] as? String == "gaussian")
    #expect(model["sigma"] as? Double == 0.2)
    #expect(training["weight_decay"] as? Double == 0.01)
    #expect(training["learning_rate_shape"] as? String == "burda")
    #expect(training["batch_size"] as? Int == 20)
    #expect(training["learning_rate"] as? Double == TrainingSettings().learningRate)
  }

  @Test func takesTheNextFreeRunDirectory() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.images(in: folder, count: 40, height: 8, width: 6)
    try FileManager.default.createDirectory(atPath: "\(folder)/runs/007", withIntermediateDirectories: true)
    let result = try Program.run(["train", "--data", "images.idx", "-e", "1"] + Self.small, in: folder)
    #expect(result.status == 0)
    #expect(exists("\(folder)/runs/008/model.safetensors"))
  }

  @Test(arguments: [true, false])
  func trainsOnImagesOfAnySizeWithoutAnyOption(floats: Bool) throws {
    let folder = try Program.temporaryFolder()
    let (height, width) = floats ? (32, 20) : (12, 12)
    try Fixture.images(in: folder, count: 30, height: height, width: width, floats: floats)
    let result = try Program.run(["train", "--data", "images.idx"], in: folder)
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.errors.contains(
        "training on 27 images (\(height) x \(width)) of images.idx, validation on 3 held out"))
    let model = try VAE(contentsOf: "\(folder)/runs/001/model.safetensors")
    #expect(model.settings == ModelSettings(height: height, width: width))
    #expect(
      try MetricsLog(contentsOf: "\(folder)/runs/001/metrics.csv").rows.count == TrainingSettings().epochs)
  }

  @Test func isAFunctionOfTheSeed() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 100, test: 20)
    func model(_ name: String, seed: Int, threads: Int) throws -> String {
      let result = try Program.run(
        [
          "train", "--data", "data", "-e", "3", "--hidden", "16", "-z", "3", "-b", "20", "--dropout", "0.1",
          "--binarize", "stochastic", "--seed", "\(seed)", "--threads", "\(threads)", "-o", name,
        ], in: folder)
      #expect(result.status == 0, "\(result.errors)")
      return "\(folder)/\(name)/model.safetensors"
    }
    let first = try model("a", seed: 5, threads: 1)
    #expect(try isSame(first, bytes(model("b", seed: 5, threads: 1))))
    #expect(try !isSame(first, bytes(model("c", seed: 6, threads: 1))))
    let two = try VAE(contentsOf: model("d", seed: 5, threads: 2)).parameters
    for (one, two) in zip(try VAE(contentsOf: first).parameters, two) {
      let largest = one.values.map(abs).max() ?? 0
      for (a, b) in zip(one.values, two.values) {
        #expect(abs(a - b) <= 1e-4 * max(abs(a), largest), "\(one.name): \(a) and \(b)")
      }
    }
  }

  @Test func startsFromAModel() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 60, test: 20)
    try Fixture.images(in: folder, count: 30, height: 9, width: 9, name: "other.idx")
    let train = ["train", "-q", "-e", "1", "-b", "20", "--sample-every", "0", "--threads", "1"]
    var result = try Program.run(
      train + ["--data", "data", "--hidden", "16", "-z", "3", "-o", "first"], in: folder)
    #expect(result.status == 0, "\(result.errors)")
    // At a rate this low, the weights stay what they were but for their last digits.
    result = try Program.run(
      train + ["--data", "data", "--start-from", "first", "--learning-rate", "1e-9", "-o", "second"],
      in: folder)
    #expect(result.status == 0, "\(result.errors)")
    let first = try VAE(contentsOf: "\(folder)/first/model.safetensors")
    let second = try VAE(contentsOf: "\(folder)/second/model.safetensors")
    #expect(second.settings == first.settings)
    for (a, b) in zip(first.parameters, second.parameters) {
      #expect(zip(a.values, b.values).allSatisfy { abs($0 - $1) < 1e-6 }, "\(a.name)")
    }
    result = try Program.run(
      train + ["--data", "other.idx", "--start-from", "first", "-o", "third"], in: folder)
    #expect(result.status == 65)
    #expect(result.errors.contains("other.idx: images are 9 x 9 pixels where 8 x 6 are expected"))
    #expect(!exists("\(folder)/third"))
  }

  @Test func stopsEarlyWhenPatienceEnds() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 60, test: 20)
    // Steps this small leave every weight as it is.
    let result = try Program.run(
      ["train", "--data", "data", "--patience", "2", "--learning-rate", "1e-30"] + Self.small, in: folder)
    #expect(result.status == 0)
    #expect(
      result.errors.contains("stopped early after epoch 3: 2 epochs without a better validation loss\n"))
    #expect(try MetricsLog(contentsOf: "\(folder)/runs/001/metrics.csv").rows.count == 3)
    #expect(exists("\(folder)/runs/001/samples.png"))
  }

  /// One to learn from and another to be validated on, which lights pixels that the first leaves dark.
  @Test func trainsOnTwoImagesWithoutFiguresBeyondMeasure() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.images(in: folder, count: 2, height: 28, width: 28)
    let result = try Program.run(
      ["train", "--data", "images.idx", "-e", "2", "--hidden", "100,100,100", "-o", "run"], in: folder)
    #expect(result.status == 0, "\(result.errors)")
    let rows = try String(contentsOfFile: "\(folder)/run/metrics.csv", encoding: .utf8).split(separator: "\n")
    let validation = try #require(Double(rows[1].split(separator: ",")[4]))
    // A thousandth of what they were with inputs of 1000, and of the order of an untrained model's.
    #expect(validation > 10 && validation < 5000, "\(validation)")
  }

  @Test func saysWhenTheProcessorHasNoBFloat16() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 60, test: 20)
    let result = try Program.run(
      ["train", "--data", "data", "-e", "1", "--precision", "bfloat16"] + Self.small, in: folder)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("float32") == !Precision.processorHasBFloat16)
  }

  @Test(arguments: [
    Misuse("train", 64, "say what to train on"),
    Misuse("train --data data --epochs 0", 64, "'--epochs <epochs>': must be a whole number (1 to 1000000)"),
    Misuse("train --data data --hidden 12,x", 64, "--hidden"),
    Misuse("train --data data --latent 0", 64, "must be a whole number (1 to 65536)"),
    Misuse("train --data data --optimizer adam --weight-decay 0.1", 64, "--optimizer adamw"),
    Misuse("train --data data --objective iwae --beta 2", 64, "--objective elbo"),
    Misuse("train --data data --schedule linear", 64, "'constant', 'cosine' or 'burda'"),
    Misuse("train --data data --unknown", 64, "--unknown"),
    Misuse("train --data none", 66, "none: cannot be read"),
    Misuse("train --data empty", 66, "empty"),
    Misuse("train --data data --test-data none.idx", 66, "none.idx"),
    Misuse("train --data data/train-labels-idx1-ubyte", 65, "labels"),
    Misuse("train --data data --test-data other.idx", 65, "other.idx: images are 9 x 9 pixels where 8 x 6"),
    Misuse("train --data data/train-images-idx3-ubyte --labels short.idx", 65, "short.idx"),
    Misuse("train --data text", 65, "text"),
    Misuse("train --data data -o data", 73, "data: already holds files"),
    Misuse("train --data data -o text/run", 73, "text"),
    Misuse("train --data data -o -", 64, "--output must name a folder, which - is not"),
    Misuse("train --data data --start-from none", 66, "none"),
    Misuse("train --data data --start-from none --latent 3", 64, "--latent is that of the model"),
    Misuse("train --resume none --start-from none", 64, "--start-from cannot change"),
    Misuse("train --resume none", 66, "none/checkpoint.safetensors: is not there"),
    Misuse("train --resume none --latent 3", 64, "--latent cannot change"),
    Misuse("train --resume none --seed 1", 64, "--seed cannot change"),
    Misuse("train --resume none -o other", 64, "--output cannot change"),
  ])
  func refuses(_ misuse: Misuse) throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 30, test: 10)
    try Fixture.images(in: folder, count: 3, height: 9, width: 9, name: "other.idx")
    try Fixture.labels(in: folder, count: 4, name: "short.idx")
    try Data("no images".utf8).write(to: URL(fileURLWithPath: "\(folder)/text"))
    try FileManager.default.createDirectory(atPath: "\(folder)/empty", withIntermediateDirectories: true)
    try misuse.check(in: folder)
  }

  @Test func helpNamesEveryOptionWithItsDefault() throws {
    let help = try Program.run(["train", "--help"], in: Program.temporaryFolder())
    #expect(help.status == 0)
    let text = String(decoding: help.output, as: UTF8.self).split(whereSeparator: \.isWhitespace)
      .joined(separator: " ")
    let standard = TrainingSettings()
    let model = ModelSettings(height: 1, width: 1)
    for (option, value) in [
      ("-e, --epochs", "\(standard.epochs)"), ("-b, --batch-size", "\(standard.batchSize)"),
      (
        "--hidden",
        model.hidden.map(String.init).joined(separator: ",")
          + ", or 256 after convolutions, or none after recurrent layers"
      ),
      ("--network", "auto"), ("--channels", "stages down to 8 x 8 pixels"), ("--kernel", "4"),
      ("--residual", "0"), ("--recurrent", "128"),
      ("--decoder-hidden", "the encoder's in reverse"), ("-z, --latent", "\(model.latent)"),
      ("--activation", model.activation.rawValue), ("--likelihood", model.likelihood.rawValue),
      ("--sigma", plain(model.sigma)), ("--dropout", plain(standard.dropout)),
      ("--learning-rate, --lr", plain(standard.learningRate)),
      ("--schedule", standard.learningRateShape.rawValue), ("--warmup-epochs", plain(standard.warmupEpochs)),
      ("--optimizer", "adam"),
      ("--weight-decay", "0.01 with adamw, else 0"), ("--beta1", plain(standard.beta1)),
      ("--beta2", plain(standard.beta2)), ("--epsilon", plain(standard.epsilon)),
      ("--clip-norm", plain(standard.clipNorm) + ", or 300 for recurrent networks"),
      ("--beta", plain(standard.beta)), ("--beta-schedule", standard.betaShape.rawValue),
      ("--beta-epochs", plain(standard.betaEpochs)),
      ("--free-bits", plain(standard.freeBits)), ("--objective", standard.objective.rawValue),
      ("--importance-samples", "\(standard.importanceSamples)"),
      ("--binarize", standard.binarization.rawValue), ("--average-decay", plain(standard.averageDecay)),
      ("--precision", standard.precision.rawValue), ("--seed", "\(standard.seed)"),
      ("--threads", "\(standard.threads)"), ("--validation-fraction", plain(standard.validationFraction)),
      ("--patience", "\(standard.patience)"), ("--sample-every", "\(standard.sampleEvery)"),
      ("-o, --output", "the next free runs/NNN"),
    ] {
      // From the option's own entry to the next one.
      let entry = text.range(of: " \(option) <").map { text[$0.upperBound...] } ?? ""
      let end = entry.range(of: " --").map { entry[..<$0.lowerBound] } ?? entry
      #expect(end.contains("(default: \(value))"), "\(option): \(end)")
    }
    for option in [
      "-d, --data <", "--labels <", "--test-data <", "--test-labels <", "--resume [<", "-q, --quiet",
    ] {
      #expect(text.contains(option), "\(option)")
    }
  }

  /// Without a point where the number is whole.
  private func plain(_ value: Double) -> String { value == value.rounded() ? "\(Int(value))" : "\(value)" }
}
