import Foundation
import ImageGrid
import Testing

@testable import Selva

/// Recurrent models, as a person trains and uses them.
@Suite struct RecurrentCommandTests {
  private static let train = [
    "train", "--data", "data", "--sample-every", "0", "--latent", "3", "--precision", "float32",
    "--network", "recurrent",
  ]

  private func prepared() throws -> String {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 40, test: 12, height: 9, width: 7)
    return folder
  }

  private func run(_ arguments: [String], in folder: String) throws -> String {
    let result = try Program.run(arguments, in: folder)
    #expect(result.status == 0, "\(result.errors)")
    return result.errors + String(decoding: result.output, as: UTF8.self)
  }

  private func training(_ folder: String, _ run: String) throws -> TrainingSettings {
    try #require(try VAE.trainingSettings(contentsOf: "\(folder)/\(run)/model.safetensors"))
  }

  @Test func everySettingIsTheOneThatWasGiven() throws {
    let folder = try prepared()
    let told = try run(
      Self.train + ["--recurrent", "6,5", "--hidden", "8", "-e", "1", "-o", "run"], in: folder)
    #expect(told.contains("layers 63-6-5-8-3-8-5-6-63 (recurrent 6-5, 9 steps of 7), selu"))
    let model = try VAE(contentsOf: "\(folder)/run/model.safetensors").settings
    #expect(model.network == .recurrent(Recurrent(layers: [6, 5])))
    #expect(model.hidden == [8] && model.decoderHidden == [8])
    let configuration = try jsonObject(bytes("\(folder)/run/config.json"))
    let network = try #require((configuration["model"] as? [String: Any])?["network"] as? [String: Any])
    #expect((network["recurrent"] as? [String: Any])?["layers"] as? [Int] == [6, 5])
  }

  /// --recurrent alone says it too; nothing else makes a network recurrent.
  @Test func whatIsLeftOutIsTheDefault() throws {
    let folder = try prepared()
    for (name, options) in [
      ("named", ["--network", "recurrent"]), ("units", ["--recurrent", "4"]),
      ("plain", ["--network", "auto"]),
    ] {
      _ = try run(
        ["train", "--data", "data", "-e", "1", "-z", "2", "-q", "-o", name] + options, in: folder)
    }
    func settings(_ name: String) throws -> ModelSettings {
      try VAE(contentsOf: "\(folder)/\(name)/model.safetensors").settings
    }
    #expect(try settings("named").network == .recurrent(Recurrent(layers: [128])))
    #expect(try settings("named").hidden == [] && settings("named").decoderHidden == [])
    #expect(try settings("units").network == .recurrent(Recurrent(layers: [4])))
    #expect(try settings("plain").network == .dense)
    #expect(try training(folder, "named").clipNorm == Recurrent.standardClipNorm)
    #expect(try training(folder, "plain").clipNorm == 0)
  }

  @Test func gradientsAreClippedUnlessItIsSaidOtherwise() throws {
    let folder = try prepared()
    let small = Self.train + ["--recurrent", "4", "-e", "1", "-q"]
    _ = try run(small + ["--clip-norm", "0", "-o", "free"], in: folder)
    _ = try run(small + ["--clip-norm", "3", "-o", "three"], in: folder)
    _ = try run(small + ["-o", "run"], in: folder)
    #expect(try training(folder, "free").clipNorm == 0)
    #expect(try training(folder, "three").clipNorm == 3)
    _ = try run(
      ["train", "--data", "data", "--start-from", "free", "-e", "1", "-q", "-o", "started"], in: folder)
    #expect(try training(folder, "started").clipNorm == Recurrent.standardClipNorm)
  }

  @Test func everyCommandUsesTheModel() throws {
    let folder = try prepared()
    _ = try run(Self.train + ["--recurrent", "6,5", "-e", "2", "-o", "run", "-q"], in: folder)
    for line in [
      "sample run -o a.png", "reconstruct run --data data -o a.png", "traverse run --data data -o a.png",
      "interpolate run --data data --indices 1,2 -o a.png", "manifold run --components 0,1 -o a.png",
      "encode run --data data -o z.npy", "decode z.npy run -o p.npy",
    ] {
      _ = try run(line.split(separator: " ").map(String.init), in: folder)
    }
    let report = try run(["evaluate", "run", "--data", "data", "--importance-samples", "5"], in: folder)
    #expect(report.contains("nll"))
    #expect(try run(["inspect", "run"], in: folder).contains("recurrent 6,5"))
  }

  @Test func aResumedRunEndsInTheSameBytes() throws {
    let folder = try prepared()
    let options = Self.train + ["--recurrent", "6,5", "--schedule", "constant", "-q"]
    _ = try run(options + ["-e", "4", "-o", "whole"], in: folder)
    _ = try run(options + ["-e", "2", "-o", "parts"], in: folder)
    _ = try run(["train", "--resume", "parts", "--epochs", "4", "-q"], in: folder)
    #expect(bytes("\(folder)/whole/model.safetensors") == bytes("\(folder)/parts/model.safetensors"))
  }

  @Test func labelsAreToldToBothSides() throws {
    let folder = try prepared()
    _ = try run(
      Self.train + ["--recurrent", "6", "--condition", "labels", "-e", "1", "-q", "-o", "run"], in: folder)
    let model = try VAE(contentsOf: "\(folder)/run/model.safetensors")
    let shapes = Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, $0.shape) })
    #expect(shapes["encoder.label_bias"] == [10, 6] && shapes["decoder.label_bias"] == [10, 6])
    let latents = Latents.normal(count: 1, latent: 3, seed: 1)
    #expect(model.decode(latents, labels: [3]) != model.decode(latents, labels: [7]))
  }

  @Test func activationsAreToldByStep() throws {
    let folder = try prepared()
    _ = try run(Self.train + ["--recurrent", "6", "--hidden", "5", "-e", "1", "-q", "-o", "run"], in: folder)
    let line = ["inspect", "run", "--activations", "--data", "data"]
    let layers = try run(line + ["-o", "layers.png"], in: folder)
    #expect(layers.contains("encoder.recurrent.0") && !layers.contains("step"))
    let told = try run(line + ["--steps", "-o", "steps.png"], in: folder)
    let rows = told.split(separator: "\n").map { $0.split(separator: " ") }
    for layer in ["encoder.recurrent.0", "decoder.recurrent.0"] {
      let steps = rows.filter { $0.first.map(String.init) == layer }.dropFirst()
      #expect(steps.map { String($0[1]) } == (1...9).map(String.init))
      #expect(steps.allSatisfy { $0.count == 6 })
    }
    #expect(bytes("\(folder)/layers.png") != bytes("\(folder)/steps.png"))
    let json = try Program.run(line + ["--json"], in: folder)
    let object = try jsonObject(json.output)
    let row = try #require(rows.last { $0.first == "encoder.recurrent.0" && $0.count == 6 })
    for (when, column) in [("initialization", 2), ("trained", 4)] {
      let layers = try #require((object[when] as? [String: Any])?["layers"] as? [[String: Any]])
      let steps = try #require(layers.first?["steps"] as? [[String: Double]])
      #expect(steps.count == 9)
      for (place, name) in ["mean", "variance"].enumerated() {
        let found = try #require(Double(row[column + place]))
        #expect(abs(found - (steps[8][name] ?? .nan)) < 0.001)
      }
    }
  }

  @Test(arguments: [
    Misuse(
      "train --data data --network dense --recurrent 8", 64, "--recurrent goes with --network recurrent"),
    Misuse(
      "train --data data --network convolution --recurrent 8", 64, "--recurrent goes with --network recurrent"
    ),
    Misuse(
      "train --data data --network recurrent --kernel 3", 64, "--kernel goes with --network convolution"),
    Misuse("train --data data --recurrent 8 --channels 3", 64, "--channels goes with --network convolution"),
    Misuse(
      "train --data data --recurrent none", 64, "must be at most 16 whole numbers (1 to 1048576), as 128,128"),
    Misuse("train --data data --recurrent 8,0", 64, "must be at most 16 whole numbers"),
    Misuse("train --data data --recurrent 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", 64, "must be at most 16"),
    Misuse(
      "train --data data --recurrent 8 --dropout 0.1", 64, "--dropout does not go with --network recurrent"),
    Misuse("train --data data --start-from m --recurrent 8", 64, "--recurrent is that of the model"),
    Misuse("train --resume run --recurrent 8", 64, "--recurrent cannot change in a run that is resumed"),
    Misuse("inspect run --steps", 64, "--steps goes with --activations"),
  ]) func whatCannotBeIsRefused(_ misuse: Misuse) throws { try misuse.check(in: prepared()) }

  @Test func stepsAreThoseOfRecurrentLayers() throws {
    let folder = try prepared()
    try Fixture.model(in: folder, height: 9, width: 7)
    try Misuse(
      "inspect model.safetensors --activations --data data --steps", 65,
      "has no recurrent layer; leave out --steps"
    ).check(in: folder)
  }

  @Test func theBenchMeasuresThem() throws {
    let folder = try prepared()
    func report(_ options: [String]) throws -> [String: Any] {
      let line = ["bench", "--json", "--seconds", "0.02", "-z", "2", "-b", "8", "--threads", "1"]
      return try jsonObject(Program.run(line + ["--data", "data"] + options, in: folder).output)
    }
    let found = try report(["--recurrent", "6"])
    #expect(found["shape"] as? String == "63-6-2 (recurrent 6, 9 steps of 7)")
    #expect(
      try report(["--recurrent", "6", "--hidden", "5"])["shape"] as? String
        == "63-6-5-2 (recurrent 6, 9 steps of 7)")
    // 2 · 8 multiplications and additions for each weight and use. Forward: encoder and decoder over nine steps, their
    // states over eight, the same input once, and the heads; back: twice that, but for the image.
    let (input, state, output) = (9 * 7 * 6, 8 * 6 * 6, 9 * 6 * 7)
    let uses = 2 * input + 3 * 2 * state + 3 * (2 * 6) + 3 * output + 3 * (6 * 4)
    let operations = 16.0 * Double(uses)
    let ceiling = try #require(found["ceiling_images_per_second"] as? Double)
    let gigaflops = try #require(found["ceiling_gigaflops"] as? Double)
    #expect(abs(gigaflops - ceiling / 8 * operations * 1e-9) < 1e-6 * gigaflops)
  }
}
