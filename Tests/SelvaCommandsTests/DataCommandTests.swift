import Foundation
import IDX
import Testing

@Suite struct DataCommandTests {
  private func binarize(_ folder: String, _ options: String...) throws -> Program.Result {
    try Program.run(["data", "binarize", "--data", "images.idx", "-o"] + options, in: folder)
  }

  @Test func drawsEveryPixelOnce() throws {
    let folder = try Program.temporaryFolder()
    let source = try Fixture.images(in: folder, count: 400, height: 8, width: 6)
    let result = try binarize(folder, "b.idx", "--seed", "2")
    #expect(result.status == 0 && result.output.isEmpty && result.errors.isEmpty)
    let (grey, drawn) = (bytes(source), bytes("\(folder)/b.idx"))
    #expect(drawn.count == grey.count)
    #expect(drawn.prefix(16) == grey.prefix(16))
    #expect(Set(drawn.dropFirst(16)) == [0, 255])
    // Each grey value g is white with probability g / 255: the sum is within five deviations of what is expected.
    let probabilities = grey.dropFirst(16).map { Double($0) / 255 }
    let white = Double(drawn.dropFirst(16).filter { $0 == 255 }.count)
    let deviation = probabilities.reduce(0) { $0 + $1 * (1 - $1) }.squareRoot()
    #expect(abs(white - probabilities.reduce(0, +)) < 5 * deviation)
    for (p, pixel) in zip(probabilities, drawn.dropFirst(16)) where p == 0 || p == 1 {
      #expect(pixel == (p == 1 ? 255 : 0))
    }
    _ = try binarize(folder, "same.idx", "--seed", "2")
    _ = try binarize(folder, "other.idx", "--seed", "3")
    #expect(bytes("\(folder)/same.idx") == drawn)
    #expect(bytes("\(folder)/other.idx") != drawn)
  }

  @Test func cutsAtOneHalf() throws {
    let folder = try Program.temporaryFolder()
    let source = try Fixture.images(in: folder, count: 30, height: 8, width: 6)
    _ = try binarize(folder, "b.idx", "--threshold")
    #expect(
      bytes("\(folder)/b.idx").dropFirst(16)
        == ArraySlice(bytes(source).dropFirst(16).map { $0 > 127 ? 255 : 0 }))
  }

  @Test func writesGzipWhereAsked() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.images(in: folder, count: 30, height: 8, width: 6)
    for options in [["plain.idx"], ["a.idx", "--compress"], ["b.idx.gz"]] {
      let result = try Program.run(
        ["data", "binarize", "--data", "images.idx", "-o"] + options, in: folder)
      #expect(result.status == 0)
    }
    let plain = try ImageSet(imagesPath: "\(folder)/plain.idx")
    for name in ["a.idx", "b.idx.gz"] {
      #expect(bytes("\(folder)/\(name)").starts(with: [0x1F, 0x8B]))
      let images = try ImageSet(imagesPath: "\(folder)/\(name)")
      #expect((0..<30).allSatisfy { images.image($0) == plain.image($0) })
    }
  }

  /// An evaluation that draws pixels, and one of the file that was drawn with the same seed, are the same.
  @Test func agreesWithEvaluation() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.model(in: folder)
    try Fixture.images(in: folder, count: 30, height: 8, width: 6)
    _ = try binarize(folder, "b.idx", "--seed", "9")
    let evaluate = ["evaluate", "model.safetensors", "--json", "--seed", "9", "--data"]
    let grey = try Program.run(evaluate + ["images.idx", "--binarize", "stochastic"], in: folder)
    let drawn = try Program.run(evaluate + ["b.idx"], in: folder)
    #expect(grey.status == 0 && !grey.output.isEmpty)
    #expect(grey.output == drawn.output)
  }

  @Test(arguments: [
    Misuse("data binarize --data images.idx", 64, "--output"),
    Misuse("data binarize -o b.idx", 64, "name an IDX file of images"),
    Misuse("data binarize --data none -o b.idx", 66, "none"),
    Misuse("data binarize --data labels.idx -o b.idx", 65, "labels.idx"),
    Misuse("data binarize --data images.idx -o none/b.idx", 73, "none/b.idx"),
    Misuse("data binarise", 64, "binarise"),
  ])
  func refuses(_ misuse: Misuse) throws {
    let folder = try Program.temporaryFolder()
    try Fixture.images(in: folder, count: 3, height: 8, width: 6)
    try Fixture.labels(in: folder, count: 3)
    try misuse.check(in: folder)
  }
}
