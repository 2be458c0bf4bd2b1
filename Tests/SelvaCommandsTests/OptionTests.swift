import Foundation
import IDX
import ImageGrid
import Selva
import Testing

@Suite struct OptionTests {
  private func place() throws -> CommandFolder {
    let place = try CommandFolder(test: 20)
    try Fixture.images(in: place.folder, count: 7, height: 8, width: 6, name: "other.idx", floats: true)
    try Fixture.images(in: place.folder, count: 9, height: 8, width: 6)
    try Fixture.colours(
      in: place.folder, count: 9, height: 6, width: 3, layout: .channelsFirst, name: "either.idx")
    try Fixture.model(in: place.folder, name: "colour.safetensors", height: 6, width: 3, channels: 3)
    try Fixture.labels(in: place.folder, count: 7)
    try Fixture.labels(in: place.folder, [3, 1, 4, 1, 5, 9, 2], name: "turned.idx")
    try Fixture.labels(in: place.folder, count: 4, name: "short.idx")
    try Fixture.model(in: place.folder, name: "labelled.safetensors", labels: Array(0...9))
    try Fixture.model(in: place.folder, name: "vamp.safetensors", prior: .vamp(components: 3))
    try Fixture.model(
      in: place.folder, name: "recurrent.safetensors", hidden: [],
      network: .recurrent(Recurrent(layers: [4])))
    try place.makeRun("run")
    try place.write("z0,z1,z2\n0,1,2\n-1,0.5,0\n3,-3,0.25\n", "latents.csv")
    try place.write("z0,z1,z2\n1,1,2\n-1,0.5,0\n3,-3,0.25\n", "others.csv")
    try pictures(in: place)
    return place
  }

  /// Pictures, an array that could have its channels first or last, and folders that hold files already.
  private func pictures(in place: CommandFolder) throws {
    for name in ["folder", "kept"] {
      try FileManager.default.createDirectory(atPath: place.path(name), withIntermediateDirectories: true)
    }
    for index in 0..<4 {
      let bytes = (0..<72).map { UInt8(truncatingIfNeeded: $0 * (index + 1) * 3) }
      try PNG.write(
        Raster(width: 6, height: 4, channels: 3, bytes: bytes), to: place.path("folder/\(index).png"))
    }
    // 6 x 4, grey and alpha.
    try Data(OptionTests.clear).write(to: URL(fileURLWithPath: place.path("folder/clear.png")))
    try place.write("no picture", "broken.png")
    try place.write("mine", "kept/mine.txt")
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3, 4, 3), }"
    let padded = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    let array =
      [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(padded.utf8) + (0..<72).map { UInt8($0) }
    try Data(array).write(to: URL(fileURLWithPath: place.path("either.npy")))
  }

  private static let clear =
    Data(
      base64Encoded:
        "iVBORw0KGgoAAAANSUhEUgAAAAYAAAAECAQAAAAHDYbIAAAAD0lEQVR4nGM40YCADMRxACNBHsGD7PMSAAAAAElFTkSuQmCC")
    ?? Data()

  @Test(arguments: optionCases) func everyOptionLeavesATrace(_ test: OptionCase) throws {
    let place = try place()
    var known: [String: Traces] = [:]
    func traces(_ line: String) throws -> Traces {
      if let traces = known[line] { return traces }
      let traces = try Traces(test.arguments(line), in: place)
      known[line] = traces
      return traces
    }
    for (option, pair) in test.pairs.sorted(by: { $0.key < $1.key }) {
      let (without, with) = try (traces(pair.without), traces(pair.with))
      #expect(without.status == 0 || with.status == 0, "\(option): \(without.status), \(with.status)")
      let isSame = without == with
      #expect(!isSame, "\(option) changes nothing")
    }
  }

  @Test func labelsOfEitherPartAreThoseThatAreNamed() throws {
    let place = try place()
    for part in ["test", "train"] {
      let line = ["encode", "model.safetensors", "--data", "data", "--part", part]
      #expect(try place.fail(65, line + ["--labels", "short.idx"]).contains("short.idx"))
      #expect(String(decoding: try place.run(line), as: UTF8.self).hasPrefix("z0,z1,z2,label\n"))
    }
  }

  /// A new option asks for a line in the cases.
  @Test(arguments: optionCases) func noOptionIsLeftOut(_ test: OptionCase) throws {
    let help = try Program.run(test.arguments("--help"), in: Program.temporaryFolder())
    let text = String(decoding: help.output, as: UTF8.self)
    let options = text.split(separator: "\n").filter { $0.hasPrefix("  -") }.flatMap { line in
      line.split(whereSeparator: { ", ".contains($0) || $0 == "/" }).filter { $0.hasPrefix("--") }
        .prefix(line.contains("/--") ? 3 : 1)
    }
    let named = Set(options.map(String.init)).subtracting(["--help", "--version"])
    #expect(named.subtracting(test.pairs.keys).subtracting(test.traceless.keys) == [])
  }
}
