import Foundation
import IDX
import Selva
import Testing

@Suite struct EncodeCommandTests {
  private static let start = ["encode", "model.safetensors", "--data", "data"]

  private func table(_ bytes: [UInt8]) throws -> LatentTable { try LatentTable(bytes: bytes, name: "output") }

  @Test func writesMeansAndLabelsToStandardOutput() throws {
    let place = try CommandFolder()
    let output = try place.run(Self.start)
    let mean = try place.posterior(0..<30).mean
    let labels = (0..<30).map { "\($0 % 10)" }
    #expect(try table(output) == LatentTable(latent: 3, values: mean, labels: labels))
    #expect(output.starts(with: Array("z0,z1,z2,label\n".utf8)))
    #expect(try place.run(Self.start + ["-o", "-"]) == output)
  }

  @Test func writesFilesInEitherFormat() throws {
    let place = try CommandFolder()
    let output = try place.run(Self.start)
    #expect(try place.run(Self.start + ["-o", "latents.csv"]).isEmpty)
    #expect(try place.bytes("latents.csv") == output)
    try place.run(Self.start + ["-o", "latents.npy"])
    let array = try LatentTable(contentsOf: place.path("latents.npy"))
    #expect(try array == LatentTable(latent: 3, values: place.posterior(0..<30).mean))
  }

  @Test func blocksLeaveNoSeam() throws {
    let place = try CommandFolder()
    try Fixture.images(in: place.folder, count: 2060, height: 8, width: 6, name: "many.idx")
    let images = try ImageSet(imagesPath: place.path("many.idx"), labelsPath: nil)
    let mean = place.model.encode((0..<2060).flatMap { images.image($0) }).mean
    for name in ["many.csv", "many.npy"] {
      try place.run(["encode", "model.safetensors", "--data", "many.idx", "-o", name])
      #expect(try LatentTable(contentsOf: place.path(name)) == LatentTable(latent: 3, values: mean))
    }
    let output = try place.run(["encode", "model.safetensors", "--data", "many.idx"])
    #expect(try output == place.bytes("many.csv"))
  }

  @Test func choosesImages() throws {
    let place = try CommandFolder()
    let chosen = try table(place.run(Self.start + ["--indices", "9,3,3", "--no-labels"]))
    #expect(try chosen == LatentTable(latent: 3, values: place.posterior([9, 3, 3]).mean))
    let limited = try table(place.run(Self.start + ["--limit", "2"]))
    #expect(try limited == LatentTable(latent: 3, values: place.posterior([0, 1]).mean, labels: ["0", "1"]))
    #expect(try table(place.run(Self.start + ["--part", "train", "--limit", "100"])).count == 12)
  }

  @Test func addsLogVariances() throws {
    let place = try CommandFolder()
    let table = try table(place.run(Self.start + ["--log-variances", "--limit", "2"]))
    let (mean, logVariance) = try place.posterior([0, 1])
    #expect(
      table.columns == ["z0", "z1", "z2", "log_variance0", "log_variance1", "log_variance2"])
    #expect(table.row(0) == Array(mean[..<3] + logVariance[..<3]))
    #expect(table.row(1) == Array(mean[3...] + logVariance[3...]))
  }

  @Test func drawsBySeedWhateverElseIsEncoded() throws {
    let place = try CommandFolder()
    let samples = Self.start + ["--samples", "--seed", "5", "--no-labels"]
    let all = try table(place.run(samples))
    let (mean, logVariance) = try place.posterior(0..<30)
    #expect(all.values == Latents.posterior(mean: mean, logVariance: logVariance, latent: 3, seed: 5))
    #expect(try table(place.run(samples + ["--indices", "17"])).row(0) == all.row(17))
    #expect(try table(place.run(Self.start + ["--samples", "--no-labels"])) != all)
  }

  @Test func encodesGreyFloats() throws {
    let place = try CommandFolder()
    try Fixture.images(in: place.folder, count: 4, height: 8, width: 6, name: "grey.idx", floats: true)
    let images = try ImageSet(imagesPath: place.path("grey.idx"), labelsPath: nil)
    let output = try table(place.run(["encode", "model.safetensors", "--data", "grey.idx"]))
    #expect(output.values == place.model.encode((0..<4).flatMap { images.image($0) }).mean)
    #expect(output.labels == nil)
  }

  @Test func saysWhatIsWrong() throws {
    let place = try CommandFolder()
    #expect(try place.fail(65, Self.start + ["--indices", "30"]).contains("has no image 30"))
    #expect(try place.fail(66, ["encode", "absent", "--data", "data"]).contains("absent"))
    #expect(try place.fail(73, Self.start + ["-o", "no/latents.csv"]).contains("no/latents.csv"))
    try Data([0, 0, 8, 3, 0, 0]).write(to: URL(fileURLWithPath: place.path("short.idx")))
    #expect(
      try place.fail(65, ["encode", "model.safetensors", "--data", "short.idx", "-o", "latents.csv"])
        .contains("short.idx"))
    for wrong in [["-o", "latents.txt"], ["--limit", "0"], ["--indices", "-3"]] {
      try place.fail(64, Self.start + wrong)
    }
  }

  @Test func hasHelp() throws {
    try CommandFolder().checkHelp(
      "encode",
      options: [
        "--data", "--labels", "--part", "--output", "--log-variances", "--samples", "--seed", "--no-labels",
        "--limit", "--indices",
      ], defaults: ["-", "0", "test"])
  }
}
