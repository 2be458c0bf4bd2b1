import Foundation
import ImageGrid
import Selva
import Testing

/// What a command leaves: status, standard output, and the files that it made, pictures without their text.
private struct Traces: Equatable {
  let status: Int32
  let output: [UInt8]
  let files: [String: [UInt8]]

  init(_ arguments: [String], in place: CommandFolder) throws {
    let before = Set(try place.contents())
    let result = try Program.run(arguments, in: place.folder)
    (status, output) = (result.status, result.output)
    var files: [String: [UInt8]] = [:]
    for name in try place.contents() where !before.contains(name) && place.isFile(name) {
      files[name] =
        try place.isAnimated(name) || !name.hasSuffix(".png") ? place.frames(name) : place.pixels(name)
    }
    for name in try place.contents() where !before.contains(name) {
      try? FileManager.default.removeItem(atPath: place.path(name))
    }
    self.files = files
  }
}

extension CommandFolder {
  fileprivate func isFile(_ name: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path(name), isDirectory: &isFolder) && !isFolder.boolValue
  }

  /// Told by the chunk that counts the frames.
  fileprivate func isAnimated(_ name: String) throws -> Bool {
    let bytes = try bytes(name)
    return bytes.indices.contains { bytes[$0] == UInt8(ascii: "a") && bytes[$0...].starts(with: "acTL".utf8) }
  }

  /// The bytes of a file without the chunk that holds the command, which differs in any case.
  fileprivate func frames(_ name: String) throws -> [UInt8] {
    let bytes = try bytes(name)
    guard bytes.starts(with: [0x89, 0x50]),
      let start = bytes.indices.first(where: { bytes[$0...].starts(with: "fcTL".utf8) })
    else { return bytes }
    return Array(bytes[start...])
  }

  fileprivate func pixels(_ name: String) throws -> [UInt8] {
    let raster = try picture(name).raster
    return Array("\(raster.width) x \(raster.height) x \(raster.channels):".utf8) + raster.pixels
  }
}

/// A command, and for each of its options two command lines that leave other traces.
private struct OptionCase: CustomTestStringConvertible, Sendable {
  struct Pair: Sendable {
    let without: String
    let with: String
  }

  let testDescription: String
  private(set) var pairs: [String: Pair] = [:]
  /// Options that leave no trace, with the reason.
  private(set) var traceless: [String: String] = [:]
  private let base: String

  init(_ command: String, _ base: String) {
    testDescription = command
    self.base = base
  }

  /// `arguments` hold the option; `beside` stands in both command lines.
  func changes(_ option: String, _ arguments: String, beside: String = "") -> OptionCase {
    other(option, "\(base) \(beside)", "\(base) \(beside) \(option) \(arguments)")
  }

  /// Two whole command lines, where an option cannot just be left out.
  func other(_ option: String, _ without: String, _ with: String) -> OptionCase {
    var copy = self
    copy.pairs[option] = Pair(without: without, with: with)
    return copy
  }

  /// An option of models with labels.
  func labelled(_ option: String, _ without: String, _ with: String) -> OptionCase {
    other(option, "LABELLED \(without)", "LABELLED \(without) \(option) \(with)")
  }

  /// Another file of labels of the same images, for a model with labels.
  func labelFile(_ line: String) -> OptionCase {
    other("--labels", "LABELLED \(line) --labels labels.idx", "LABELLED \(line) --labels turned.idx")
  }

  /// Images that could have their channels first or last.
  func channels(_ line: String) -> OptionCase {
    other("--layout", line, "\(line) --layout channels-first")
  }

  func picture() -> OptionCase {
    changes("--padding", "5").changes("--background", "99").changes("--scale", "2")
  }

  func moving() -> OptionCase { changes("--animate", "").changes("--fps", "9", beside: "--animate") }

  func leavesNoTrace(_ option: String, _ reason: String) -> OptionCase {
    var copy = self
    copy.traceless[option] = reason
    return copy
  }

  private static let names = [
    "MODEL": "model.safetensors", "LABELLED": "labelled.safetensors", "VAMP": "vamp.safetensors",
    "RECURRENT": "recurrent.safetensors",
    "EITHER": "colour.safetensors --data either.idx",
  ]

  func arguments(_ line: String) -> [String] {
    let words = line.split(separator: " ").map { Self.names[String($0)] ?? String($0) }
    return (testDescription + " " + words.joined(separator: " ")).split(separator: " ").map { String($0) }
  }
}

private let cases = [
  OptionCase("sample", "MODEL -o a.png")
    .other("--output", "MODEL -o a.png", "MODEL --output b.png")
    .changes("--rows", "2").changes("--columns", "3").changes("--seed", "1").changes("--temperature", "0.5")
    .changes("--save-latents", "l.csv").labelled("--label", "-o a.png", "3,5").picture()
    .other("--plain", "LABELLED -o a.png", "LABELLED -o a.png --plain"),
  OptionCase("reconstruct", "MODEL --data data -o a.png")
    .other("--output", "MODEL -d data -o a.png", "MODEL -d data --output b.png")
    .other("--data", "MODEL -d data -o a.png", "MODEL --data other.idx -o a.png")
    .channels("EITHER -o a.png")
    .labelFile("--data other.idx -o a.png").labelled("--as-label", "--data data -o a.png", "7")
    .changes("--part", "train").changes("--count", "5")
    .changes("--shuffle", "").changes("--indices", "4,2").changes("--columns", "3").changes("--sample", "")
    .changes("--seed", "5", beside: "--sample").changes("--only-reconstructions", "").picture()
    .changes("--plain", ""),
  OptionCase("interpolate", "MODEL --data data --indices 3,7 -o a.png")
    .other(
      "--output", "MODEL -d data --indices 3,7 -o a.png", "MODEL -d data --indices 3,7 --output b.png"
    )
    .channels("EITHER --indices 1,2 -o a.png")
    .other("--data", "MODEL --indices 1,2 -o a.png", "MODEL --data other.idx --indices 1,2 -o a.png")
    .other(
      "--labels", "MODEL --data other.idx --between-labels 2,0 -o a.png",
      "MODEL --data other.idx --between-labels 2,0 --labels labels.idx -o a.png"
    )
    .other(
      "--indices", "MODEL --data data --indices 3,7 -o a.png", "MODEL --data data --indices 3,8 -o a.png"
    )
    .other(
      "--between-labels", "MODEL -d data --between-labels 1,2 -o a.png",
      "MODEL -d data --between-labels 1,3 -o a.png"
    )
    .other(
      "--label-means", "MODEL -d data --between-labels 1,2 -o a.png",
      "MODEL -d data --between-labels 1,2 --label-means -o a.png"
    )
    .other(
      "--latents", "MODEL --latents latents.csv -o a.png", "MODEL --latents others.csv -o a.png"
    )
    .other(
      "--rows", "MODEL --latents latents.csv -o a.png", "MODEL --latents latents.csv --rows 2,0 -o a.png"
    )
    .other(
      "--part", "MODEL -d data --indices 3,15 -o a.png",
      "MODEL -d data --indices 3,15 --part train -o a.png"
    )
    .changes("--steps", "4").changes("--spherical", "")
    .other(
      "--path", "MODEL -d data --indices 3,7,5,1 --pairs -o a.png",
      "MODEL -d data --indices 3,7,5,1 --path -o a.png"
    )
    .other(
      "--pairs", "MODEL -d data --indices 3,7,5,1 -o a.png",
      "MODEL -d data --indices 3,7,5,1 --pairs -o a.png"
    )
    .changes("--closed", "").changes("--save-latents", "l.npy")
    .labelled("--label", "--data data --indices 3,7 -o a.png", "5").picture().changes("--plain", "")
    .moving(),
  OptionCase("manifold", "MODEL --size 3 -o a.png")
    .other("--output", "MODEL --size 3 -o a.png", "MODEL --size 3 --output b.png")
    .other("--size", "MODEL --size 3 -o a.png", "MODEL --size 4 -o a.png")
    .changes("--components", "2,0")
    .other(
      "--principal", "MODEL --size 3 -o a.png", "MODEL --size 3 --principal --data data -o a.png"
    )
    .other(
      "--data", "MODEL --size 3 --principal --data data -o a.png",
      "MODEL --size 3 --principal --data other.idx -o a.png"
    )
    .changes("--part", "train", beside: "--principal --data data").channels("EITHER --principal -o a.png")
    .labelFile("--size 3 --principal --data other.idx --label 3 -o a.png")
    .other("--label", "LABELLED --size 3 --label 3 -o a.png", "LABELLED --size 3 --label 4 -o a.png")
    .changes("--save-latents", "l.csv").picture().changes("--plain", ""),
  OptionCase("traverse", "MODEL -o a.png")
    .other("--output", "MODEL -o a.png", "MODEL --output b.png")
    .changes("--components", "2,0").changes("--range", "1").changes("--steps", "3")
    .changes("--data", "data").changes("--index", "4", beside: "--data data")
    .changes("--part", "train", beside: "--data data --index 15").channels("EITHER -o a.png")
    .labelFile("--data other.idx -o a.png").labelled("--label", "--data data -o a.png", "3")
    .changes("--save-latents", "l.csv").picture().changes("--plain", "").moving()
    .other("--from-center", "run -o a.png", "run -o a.png --from-center"),
  OptionCase("scatter", "MODEL --data data -o a.png")
    .other("--output", "MODEL -d data -o a.png", "MODEL -d data --output b.svg")
    .other("--data", "MODEL -d data -o a.png", "MODEL --data other.idx -o a.png")
    .channels("EITHER -o a.png").changes("--part", "train").changes("--components", "2,0")
    .other(
      "--labels", "MODEL --data other.idx -o a.png", "MODEL --data other.idx --labels labels.idx -o a.png"
    )
    .changes("--images", "").changes("--limit", "5"),
  OptionCase("plot", "run -o a.png")
    .other("--output", "run -o a.png", "run --output b.pdf")
    .changes("--samples", "").changes("--fps", "9", beside: "--samples"),
  OptionCase("encode", "MODEL --data data")
    .other("--data", "MODEL --data data", "MODEL --data other.idx").channels("EITHER")
    .other("--labels", "MODEL --data other.idx", "MODEL --data other.idx --labels labels.idx")
    .changes("--part", "train").changes("--output", "l.csv").changes("--log-variances", "")
    .changes("--samples", "").changes("--seed", "3", beside: "--samples").changes("--no-labels", "")
    .changes("--limit", "4").changes("--indices", "5,3"),
  OptionCase("decode", "latents.csv MODEL -o a.png")
    .other("--output", "latents.csv MODEL -o a.png", "latents.csv MODEL --output b.npy")
    .changes("--separate", "pictures").changes("--columns", "2")
    .other(
      "--label", "latents.csv LABELLED --label 3 -o a.png", "latents.csv LABELLED --label 4 -o a.png"
    ).picture(),
  OptionCase("evaluate", "MODEL --data data")
    .other("--data", "MODEL --data data", "MODEL --data other.idx").channels("EITHER")
    .labelFile("--data other.idx").changes("--part", "train").changes("--binarize", "threshold")
    .changes("--importance-samples", "3").changes("--seed", "2").changes("--limit", "6").changes("--json", "")
    .changes("--worst", "3").changes("--output", "a.png", beside: "--worst 3")
    .other("--classify", "LABELLED --data data", "LABELLED --data data --classify")
    .leavesNoTrace("--threads", "the figures are the same whatever the number of workers"),
  OptionCase("inspect", "MODEL")
    .changes("--json", "").other("--contact-sheet", "data", "data --contact-sheet a.png")
    .channels("either.idx").other("--pseudo-inputs", "VAMP", "VAMP --pseudo-inputs a.png")
    .other("--activations", "MODEL", "MODEL --activations --data data")
    .other("--data", "MODEL --activations --data data", "MODEL --activations --data other.idx")
    .changes("--limit", "5", beside: "--activations --data data")
    .changes("--seed", "9", beside: "--activations --data data")
    .other("--steps", "RECURRENT --activations --data data", "RECURRENT --activations --data data --steps")
    .changes("--output", "a.png", beside: "--activations --data data"),
  OptionCase("export onnx", "MODEL")
    .changes("--output", "parts").changes("--part", "prior"),
  OptionCase("data binarize", "--data other.idx -o b.idx")
    .other("--data", "--data other.idx -o b.idx", "--data images.idx -o b.idx")
    .other("--output", "--data other.idx -o b.idx", "--data other.idx --output c.idx")
    .channels("--data either.idx -o b.idx")
    .changes("--seed", "4").changes("--threshold", "").changes("--compress", ""),
  OptionCase("data import", "folder -o set")
    .other("--output", "folder -o set", "folder --output other")
    .other("--force", "folder -o kept", "folder -o kept --force")
    .changes("--size", "3x2").changes("--fit", "pad", beside: "--size 3x3").changes("--grey", "")
    .changes("--background", "white").changes("--invert", "").changes("--transpose", "")
    .other("--layout", "either.npy -o set", "either.npy -o set --layout channels-first")
    .changes("--test-fraction", "0.5").changes("--seed", "2", beside: "--test-fraction 0.5")
    .other("--strict", "folder broken.png -o set", "folder broken.png -o set --strict"),
  OptionCase("data export", "data -o out")
    .other("--output", "data -o out", "data --output other").changes("--part", "test")
    .other("--label-file", "other.idx -o out", "other.idx -o out --label-file labels.idx")
    .other("--layout", "either.idx -o out", "either.idx -o out --layout channels-first"),
  OptionCase("data subset", "data -o set --first 3")
    .other("--output", "data -o set --first 3", "data --output other --first 3")
    .other("--force", "data -o kept --first 3", "data -o kept --first 3 --force")
    .changes("--part", "test").changes("--labels", "1,2")
    .other("--first", "data -o set --labels 1", "data -o set --labels 1 --first 1")
    .other("--random", "data -o set --labels 1-9", "data -o set --labels 1-9 --random 2")
    .other("--seed", "data -o set --random 2", "data -o set --random 2 --seed 9")
    .other(
      "--label-file", "other.idx -o set --first 3", "other.idx -o set --first 3 --label-file labels.idx"
    )
    .other(
      "--layout", "either.idx -o set --first 3", "either.idx -o set --first 3 --layout channels-first"),
  OptionCase("data split", "other.idx -o set --test-fraction 0.3")
    .other(
      "--output", "other.idx -o set --test-fraction 0.3", "other.idx --output other --test-fraction 0.3"
    )
    .changes("--seed", "5")
    .other("--test-fraction", "other.idx -o set --test-fraction 0.3", "other.idx -o set --test-fraction 0.6")
    .other(
      "--force", "other.idx -o kept --test-fraction 0.3", "other.idx -o kept --test-fraction 0.3 --force"
    )
    .other(
      "--part", "data -o set --test-fraction 0.3 --part train", "data -o set --test-fraction 0.3 --part test"
    )
    .changes("--label-file", "labels.idx")
    .other(
      "--layout", "either.idx -o set --test-fraction 0.3",
      "either.idx -o set --test-fraction 0.3 --layout channels-first"),
  OptionCase("data merge", "images.idx images.idx -o set")
    .other("--output", "images.idx images.idx -o set", "images.idx images.idx --output other")
    .other("--force", "images.idx images.idx -o kept", "images.idx images.idx -o kept --force")
    .other(
      "--layout", "either.idx either.idx -o set", "either.idx either.idx -o set --layout channels-first"),
]

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

  @Test(arguments: cases) private func everyOptionLeavesATrace(_ test: OptionCase) throws {
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

  /// A new option asks for a line above.
  @Test(arguments: cases) private func noOptionIsLeftOut(_ test: OptionCase) throws {
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
