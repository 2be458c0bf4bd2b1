import Foundation
import Selva
import Testing

@testable import SelvaCommands

/// Names of options and places of paths as people type them.
@Suite struct SpellingTests {
  @Test func everyOtherNameStandsForAnOption() throws {
    let dump = try Program.run(["--experimental-dump-help"], in: Program.temporaryFolder()).output
    var known: Set<String> = []
    func look(_ command: [String: Any]) {
      for argument in command["arguments"] as? [[String: Any]] ?? [] {
        for name in argument["names"] as? [[String: Any]] ?? [] {
          known.insert("--\(name["name"] as? String ?? "")")
        }
      }
      for sub in command["subcommands"] as? [[String: Any]] ?? [] { look(sub) }
    }
    look(try #require(try jsonObject(dump)["command"] as? [String: Any]))
    #expect(Spelling.usual.values.filter { !known.contains($0) } == [])
    // One that is an option of its own somewhere would be taken from it.
    #expect(Spelling.usual.keys.filter { known.contains($0) } == [])
  }

  @Test func valuesAndWhatFollowsTheOptionsStay() {
    let line = ["train", "--bs", "4", "--latent-dim=3", "--data", "--", "--bs"]
    #expect(Spelling.standard(line) == ["train", "--batch-size", "4", "--latent=3", "--data", "--", "--bs"])
  }

  @Test func aTrainingInOtherWordsIsTheSame() throws {
    let place = try CommandFolder()
    try Fixture.images(in: place.folder, count: 40, height: 8, width: 6)
    try place.run(
      ["train", "images.idx", "-q", "--output", "a", "--epochs", "2", "--batch-size", "9", "--latent", "2"]
        + ["--hidden", "5", "--weight-decay", "0.1", "--average-decay", "0.5"])
    try place.run(
      ["train", "--dataset=images.idx", "-q", "--out", "b", "--epoch", "2", "--bs", "9", "--latent-dim", "2"]
        + ["--hidden-dims=5", "--wd", "0.1", "--ema", "0.5"])
    #expect(try place.bytes("a/model.safetensors") == place.bytes("b/model.safetensors"))
  }

  /// The same in every order, and with options.
  @Test(arguments: [
    "encode", "evaluate", "reconstruct -o a.png", "scatter -o a.png", "interpolate --indices 1,2 -o a.png",
    "traverse -o a.png", "manifold --principal -o a.png",
  ]) func pathsAreToldByWhatTheyHold(line: String) throws {
    let place = try CommandFolder()
    try place.makeRun("run")
    try place.makeRun("runs/001")
    try Fixture.images(in: place.folder, count: 9, height: 8, width: 6, name: "other.idx")
    let words = line.split(separator: " ").map(String.init)
    func traces(_ arguments: [String]) throws -> [UInt8] {
      let output = try place.run([words[0]] + arguments + words.dropFirst())
      return try words.contains("a.png") ? place.picture("a.png").raster.pixels : output
    }
    for data in ["data", "other.idx"] {
      let expected = try traces(["run", "--data", data])
      #expect(try traces(["run", data]) == expected)
      #expect(try traces([data, "run"]) == expected)
      #expect(try traces(["run/model.safetensors", data]).count == expected.count)
    }
    // The newest run.
    #expect(try traces(["other.idx"]).count == traces(["--data", "other.idx"]).count)
    let twice = try place.fail(64, [words[0], "run", "data", "--data", "data"] + words.dropFirst())
    #expect(twice.contains("Both data and --data data say which images; leave one out."))
  }

  @Test func dataAloneNeedsNoName() throws {
    let place = try CommandFolder()
    try Fixture.images(in: place.folder, count: 9, height: 8, width: 6, name: "a.idx")
    try place.run(["data", "binarize", "a.idx", "-o", "b.idx"])
    try place.run(["data", "binarize", "--data", "a.idx", "-o", "c.idx"])
    #expect(try place.bytes("b.idx") == place.bytes("c.idx"))
    #expect(try place.fail(64, ["data", "binarize", "-o", "d.idx"]).contains("name an IDX file of images"))
    #expect(
      try place.fail(64, ["data", "binarize", "a.idx", "-d", "a.idx", "-o", "d.idx"]).contains("Both a.idx"))
    let fast = ["--seconds", "0.01", "--hidden", "4", "-z", "2", "--threads", "1", "--json"]
    let bench = try place.run(["bench", "a.idx"] + fast)
    #expect(try jsonObject(bench)["shape"] as? String == "48-4-2")
    #expect(try place.fail(64, ["bench", "a.idx", "--data", "a.idx"] + fast).contains("Both a.idx"))
  }
}
