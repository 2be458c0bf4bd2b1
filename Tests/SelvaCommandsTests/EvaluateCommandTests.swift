import Compute
import Foundation
import IDX
import ImageGrid
import Testing

@testable import Selva

@Suite struct EvaluateCommandTests {
  private func prepared() throws -> String {
    let folder = try Program.temporaryFolder()
    try Fixture.model(in: folder)
    try Fixture.folder(in: folder, train: 30, test: 70)
    return folder
  }

  @Test func printsOneObject() throws {
    let folder = try prepared()
    let result = try Program.run(["evaluate", "model.safetensors", "--data", "data", "--json"], in: folder)
    #expect(result.status == 0 && result.errors.isEmpty)
    #expect(result.output.last == UInt8(ascii: "\n") && result.output.filter { $0 == 10 }.count == 1)
    let keys = ["loss", "reconstruction", "kl", "count", "loss_standard_error", "bits_per_dimension"]
    #expect(try Set(jsonObject(result.output).keys) == Set(keys + ["active_units", "kl_per_component"]))
    let nll = try Program.run(
      ["evaluate", "model.safetensors", "--data", "data", "--json", "--importance-samples", "3"], in: folder)
    #expect(
      try Set(jsonObject(nll.output).keys)
        == Set(
          keys + ["active_units", "kl_per_component", "nll", "nll_standard_error", "importance_samples"]))
  }

  @Test func agreesWithTheLibrary() throws {
    let folder = try prepared()
    let result = try Program.run(
      [
        "evaluate", "model.safetensors", "--data", "data", "--part", "train", "--json",
        "--importance-samples", "7",
        "--seed", "4", "--limit", "21", "--binarize", "stochastic", "--threads", "2",
      ], in: folder)
    let images = try ImageSet(imagesPath: "\(folder)/data/train-images-idx3-ubyte")
    let expected = Evaluator(
      try VAE(contentsOf: "\(folder)/model.safetensors"), binarization: .stochastic, seed: 4,
      importanceSamples: 7
    ).evaluate(images, indices: [Int32](0..<21), group: WorkerGroup(count: 1))
    #expect(try JSONDecoder().decode(Evaluation.self, from: Data(result.output)) == expected)
    #expect(expected.count == 21)
  }

  @Test func tellsWhatBFloat16Changes() throws {
    let folder = try prepared()
    let arguments = ["evaluate", "model.safetensors", "--data", "data", "--importance-samples", "2"]
    func text(_ output: [UInt8]) -> String { String(decoding: output, as: UTF8.self) }
    let plain = try Program.run(arguments, in: folder).output
    let single = try Program.run(arguments + ["--precision", "float32"], in: folder).output
    let half = try Program.run(arguments + ["--precision", "bfloat16"], in: folder)
    let object = try jsonObject(
      Program.run(arguments + ["--precision", "bfloat16", "--json"], in: folder).output)
    #expect(single == plain && !text(plain).contains("bfloat16"))
    guard Precision.processorHasBFloat16 else {
      #expect(half.output == plain && half.errors.contains("float32") && object["bfloat16_error"] == nil)
      return
    }
    #expect(half.errors.isEmpty && half.output != plain)
    #expect(text(half.output).contains("of the nll, by 70 images in both"))
    let error = try #require(object["bfloat16_error"] as? [String: Any])
    #expect(Set(error.keys) == ["mean", "standard_error", "count"] && error["count"] as? Int == 70)
  }

  /// Figures of the images that were done, as if no more had been asked for.
  @Test func endsWithWhatIsKnownSoFar() throws {
    let folder = try prepared()
    let arguments = [
      "evaluate", "model.safetensors", "--data", "data", "--importance-samples", "100000", "--threads", "1",
    ]
    // Before it listens, a signal ends it at once.
    for wait in [0.5, 2, 8] {
      let program = try Program.start(arguments + ["--json"], in: folder)
      Thread.sleep(forTimeInterval: wait)
      program.send(SIGINT)
      let result = program.wait(atMost: 120)
      guard result.status != -SIGINT else { continue }
      let found = try JSONDecoder().decode(Evaluation.self, from: Data(result.output))
      #expect(result.status == 130 && found.count < 70)
      #expect(result.errors == "selva: stopped: the figures are those of \(found.count) of 70 images\n")
      let again = try Program.run(
        arguments + ["--json", "--limit", "\(found.count)"], in: folder)
      #expect(again.status == 0 && again.output == result.output)
      return
    }
    Issue.record("no signal was taken")
  }

  @Test func readsLikeAReport() throws {
    let folder = try prepared()
    let result = try Program.run(
      ["evaluate", "model.safetensors", "--data", "data", "--importance-samples", "5"], in: folder)
    let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
    #expect(result.status == 0 && result.errors.isEmpty)
    try #require(lines.count == 9, "\(lines)")
    #expect(
      lines[0]
        == "model.safetensors on 70 images of data/test-images-idx3-ubyte, nats per image:")
    for (line, start) in zip(
      lines.dropFirst(),
      [
        "loss (−ELBO)        ", "  reconstruction    ", "  KL divergence     ", "nll (−log p(x))     ",
        "bits per dimension  ", "active units        ", "KL divergence of each component", "  z",
      ])
    {
      #expect(line.hasPrefix(start), "\(line)")
    }
    #expect(lines[1].contains(" ± ") && lines[4].hasSuffix(", 5 samples an image"))
    let largestFirst = lines[8].split(separator: " ").compactMap { Double($0) }
    #expect(largestFirst.count == 3 && largestFirst == largestFirst.sorted(by: >))
  }

  /// The library's figures of each image, sorted here by themselves.
  @Test(arguments: [[], ["--importance-samples", "3"]]) func namesTheWorstImages(_ more: [String]) throws {
    let folder = try prepared()
    let result = try Program.run(
      ["evaluate", "model.safetensors", "--data", "data", "--worst", "4", "-o", "worst.png", "--json"] + more,
      in: folder)
    #expect(result.status == 0, "\(result.errors)")
    let images = try ImageSet(imagesPath: "\(folder)/data/test-images-idx3-ubyte")
    let losses = Evaluator(
      try VAE(contentsOf: "\(folder)/model.safetensors"), importanceSamples: more.isEmpty ? nil : 3
    ).evaluateEach(images, group: WorkerGroup(count: 1)).images
    let worst = try #require(jsonObject(result.output)["worst"] as? [[String: Any]])
    let expected = losses.losses.enumerated().sorted { $0.element > $1.element }.prefix(4)
    #expect(worst.map { $0["index"] as? Int } == expected.map { $0.offset })
    for (image, expected) in zip(worst, expected) {
      let (loss, nll) = (try #require(image["loss"] as? Double), image["nll"] as? Double)
      #expect(abs(loss - expected.element) < 1e-9)
      #expect((nll == nil) == more.isEmpty)
      if let nll { #expect(abs(nll - losses.nlls[expected.offset]) < 1e-9) }
    }
    // Four pairs of 8 x 6 in a row, in the order of the list.
    let picture = try PNG.read("\(folder)/worst.png")
    #expect(picture.text("Selva model") == "model.safetensors")
    // At a scale of 40, under a line of captions.
    #expect(picture.raster.height == 40 * 8 + 4 + 26)
    let text = try Program.run(
      ["evaluate", "model.safetensors", "--data", "data", "--worst", "2"] + more, in: folder)
    let lines = String(decoding: text.output, as: UTF8.self).split(separator: "\n").suffix(2)
    for (line, image) in zip(lines, expected) {
      #expect(line.hasPrefix("  \(image.offset) ") && line.contains("nll") == !more.isEmpty, "\(line)")
    }
  }

  @Test func binarizesAsInTraining() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 60, test: 20)
    let run = try Program.run(
      ["train", "--data", "data", "-e", "1", "--binarize", "threshold", "--quiet"] + TrainCommandTests.small,
      in: folder)
    #expect(run.status == 0)
    let losses = try [[], ["--binarize", "threshold"], ["--binarize", "none"]].map {
      try jsonObject(Program.run(["evaluate", "--data", "data", "--json"] + $0, in: folder).output)["loss"]
        as? Double
    }
    #expect(losses[0] != nil && losses[0] == losses[1])
    #expect(losses[0] != losses[2])
  }

  @Test(arguments: [
    Misuse("evaluate --data data", 66, "train one first"),
    Misuse("evaluate model.safetensors", 66, "--data"),
    Misuse("evaluate model.safetensors --data data --importance-samples 0", 64, "--importance-samples"),
    Misuse("evaluate model.safetensors --data data --limit 0", 64, "--limit"),
    Misuse("evaluate model.safetensors --data data --threads -1", 64, "--threads"),
    Misuse("evaluate none.safetensors --data data", 66, "none.safetensors"),
    Misuse("evaluate data/test-images-idx3-ubyte --data data", 64, "say which images; leave one out"),
    Misuse("evaluate model.safetensors --data none", 66, "none"),
    Misuse("evaluate model.safetensors --data data --worst 0", 64, "--worst"),
    Misuse("evaluate model.safetensors --data data -o worst.png", 64, "--output goes with --worst"),
    Misuse("evaluate model.safetensors --data data --worst 2 -o worst.jpg", 64, "must name a .png file"),
    Misuse(
      "evaluate model.safetensors --data other.idx", 65, "images are 9 x 9 pixels where 8 x 6 are expected"),
  ])
  func refuses(_ misuse: Misuse) throws {
    let folder = try prepared()
    try Fixture.images(in: folder, count: 3, height: 9, width: 9, name: "other.idx")
    try misuse.check(in: folder)
  }

  @Test func helpNamesEveryOption() throws {
    let help = try Program.run(["evaluate", "--help"], in: Program.temporaryFolder())
    let text = String(decoding: help.output, as: UTF8.self)
    for option in [
      "<model>", "-d, --data", "--part", "--binarize", "--importance-samples", "--seed", "--threads",
      "--limit", "--worst", "-o, --output",
      "--json",
    ] { #expect(text.contains(option), "\(option)") }
  }
}
