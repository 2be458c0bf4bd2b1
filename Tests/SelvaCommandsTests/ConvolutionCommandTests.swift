import Foundation
import IDX
import Testing

@testable import Selva

/// Convolutional models, as a person trains and uses them.
@Suite struct ConvolutionCommandTests {
  private static let train = [
    "train", "--data", "data", "--sample-every", "0", "--hidden", "12", "--latent", "3", "--precision",
    "float32",
  ]
  private static let small = ["--channels", "3,4", "--kernel", "3", "--residual", "1"]

  /// Sides that are no multiples of the strides.
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

  @Test func everySettingIsTheOneThatWasGiven() throws {
    let folder = try prepared()
    let told = try run(Self.train + Self.small + ["-e", "1", "-o", "run"], in: folder)
    #expect(
      told.contains("layers 63-3-4-12-3-12-4-3-63 (convolutions 3-4, kernel 3, 1 residual block each)"))
    let model = try VAE(contentsOf: "\(folder)/run/model.safetensors").settings
    #expect(
      model.network == .convolution(Convolution(channels: [3, 4], kernel: 3, residualBlocks: 1)))
    #expect(model.hidden == [12] && model.decoderHidden == [12])
    let configuration = try jsonObject(bytes("\(folder)/run/config.json"))
    let network = try #require((configuration["model"] as? [String: Any])?["network"] as? [String: Any])
    let convolution = try #require(network["convolution"] as? [String: Any])
    #expect(convolution["channels"] as? [Int] == [3, 4])
    #expect(convolution["kernel"] as? Int == 3 && convolution["residual_blocks"] as? Int == 1)
  }

  @Test func everyCommandUsesTheModel() throws {
    let folder = try prepared()
    _ = try run(Self.train + Self.small + ["-e", "2", "-o", "run", "-q"], in: folder)
    for line in [
      "sample run -o a.png", "reconstruct run --data data -o a.png", "traverse run --data data -o a.png",
      "interpolate run --data data --indices 1,2 -o a.png", "manifold run --components 0,1 -o a.png",
      "encode run --data data -o z.npy", "decode z.npy run -o p.npy",
    ] {
      _ = try run(line.split(separator: " ").map(String.init), in: folder)
    }
    let report = try run(["evaluate", "run", "--data", "data", "--importance-samples", "5"], in: folder)
    #expect(report.contains("nll"))
    let told = try run(["inspect", "run", "--activations", "--data", "data"], in: folder)
    for name in ["encoder.stages.0", "encoder.stages.1.blocks.0", "encoder.layers.0", "decoder.stages.1"] {
      #expect(told.contains(name))
    }
    #expect(try run(["inspect", "run"], in: folder).contains("convolution 3,4, kernel 3, 1 residual block"))
  }

  @Test func aResumedRunEndsInTheSameBytes() throws {
    let folder = try prepared()
    let options = Self.train + Self.small + ["--dropout", "0.1", "--schedule", "constant", "-q"]
    _ = try run(options + ["-e", "4", "-o", "whole"], in: folder)
    _ = try run(options + ["-e", "2", "-o", "parts"], in: folder)
    _ = try run(["train", "--resume", "parts", "--epochs", "4", "-q"], in: folder)
    #expect(bytes("\(folder)/whole/model.safetensors") == bytes("\(folder)/parts/model.safetensors"))
  }

  /// Dense for small grey images, convolutions for large ones, for colour, and where one of their options is given.
  @Test(arguments: [
    ("grey of 9 x 7", "data", "", NetworkShape.dense),
    ("grey of 33 x 5", "tall.idx", "", .convolution(Convolution(channels: [32, 64, 128]))),
    ("grey of 33 x 5, dense wanted", "tall.idx", "--network dense", .dense),
    ("colour of 6 x 5", "colour.idx", "", .convolution(Convolution(channels: [32]))),
    ("grey, convolution wanted", "data", "--network convolution", .convolution(Convolution(channels: [32]))),
    ("grey with a kernel", "data", "--kernel 2", .convolution(Convolution(channels: [32], kernel: 2))),
  ])
  func theNetworkSuitsTheImages(_ name: String, _ data: String, _ options: String, _ shape: NetworkShape)
    throws
  {
    let folder = try prepared()
    try Fixture.images(in: folder, count: 12, height: 33, width: 5, name: "tall.idx")
    try Fixture.colours(in: folder, count: 12, height: 6, width: 5, layout: .channelsLast, name: "colour.idx")
    _ = try run(
      ["train", "--data", data, "-e", "1", "-z", "2", "-q", "-o", "run"]
        + options.split(separator: " ").map(String.init), in: folder)
    let model = try VAE(contentsOf: "\(folder)/run/model.safetensors").settings
    #expect(model.network == shape)
    #expect(model.hidden == (shape == .dense ? [500, 500, 500] : [256]))
  }

  @Test(arguments: [
    Misuse(
      "train --data data --network dense --channels 8", 64, "--channels goes with --network convolution"),
    Misuse("train --data data --network dense --kernel 3", 64, "--kernel goes with --network convolution"),
    Misuse("train --data data --channels none", 64, "must be at most 16 whole numbers (1 to 4096), as 32,64"),
    Misuse("train --data data --channels 8,0", 64, "must be at most 16 whole numbers"),
    Misuse("train --data data --kernel 1", 64, "must be a whole number (2 to 16)"),
    Misuse("train --data data --residual 9", 64, "must be a whole number (0 to 8)"),
    Misuse("train --data data --network cubes", 64, "--network"),
    Misuse("train --data data --start-from m --channels 8", 64, "--channels is that of the model"),
    Misuse("train --resume run --network dense", 64, "--network cannot change in a run that is resumed"),
  ]) func whatCannotBeIsRefused(_ misuse: Misuse) throws { try misuse.check(in: prepared()) }

  @Test func theBenchMeasuresThem() throws {
    let folder = try prepared()
    func shape(_ options: [String]) throws -> String? {
      let line = [
        "bench", "--json", "--seconds", "0.02", "--hidden", "8", "-z", "2", "-b", "8", "--threads", "1",
      ]
      let result = try Program.run(line + ["--data", "data"] + options, in: folder)
      let report = try jsonObject(result.output)
      #expect((report["ceiling_gigaflops"] as? Double ?? 0) > 0)
      return report["shape"] as? String
    }
    #expect(try shape([]) == "63-8-2")
    #expect(try shape(["--network", "convolution"]) == "63-32-8-2 (convolutions 32, kernel 4)")
    #expect(
      try shape(Self.small) == "63-3-4-8-2 (convolutions 3-4, kernel 3, 1 residual block each)")
  }
}
