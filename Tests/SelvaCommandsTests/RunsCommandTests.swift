import Foundation
import ImageGrid
import Selva
import Testing

@testable import SelvaCommands

@Suite struct RunsCommandTests {
  /// A folder with `data` and no run.
  private func prepared() throws -> String {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 60, test: 20)
    return folder
  }

  private func train(_ folder: String, _ name: String, epochs: Int, _ more: [String] = []) throws {
    let result = try Program.run(
      ["train", "data", "-o", "runs/\(name)", "--epochs", "\(epochs)"] + TrainCommandTests.small + more,
      in: folder)
    #expect(result.status == 0, "\(result.errors.suffix(500))")
  }

  private func setTime(_ seconds: Double, _ folder: String, _ run: String) throws {
    for name in ["model.safetensors", "checkpoint.safetensors", "config.json"] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: seconds)],
        ofItemAtPath: "\(folder)/runs/\(run)/\(name)")
    }
  }

  private func summaries(_ folder: String) throws -> [[String: Any]] {
    let result = try Program.run(["runs", "--json"], in: folder)
    #expect(result.status == 0, "\(result.errors)")
    return try #require(try jsonObject(result.output)["runs"] as? [[String: Any]])
  }

  private func change(_ path: String, _ old: String, _ new: String) throws {
    let text = String(decoding: bytes(path), as: UTF8.self)
    #expect(text.contains(old))
    try Data(text.replacingOccurrences(of: old, with: new).utf8).write(to: URL(fileURLWithPath: path))
  }

  @Test func commandsTakeTheRunWrittenLastAndSaySo() throws {
    let folder = try prepared()
    try train(folder, "002", epochs: 1)
    try train(folder, "plane", epochs: 2)
    try setTime(1e9, folder, "002")
    try setTime(2e9, folder, "plane")
    let best = try #require(try MetricsLog(contentsOf: "\(folder)/runs/plane/metrics.csv").rows.best).epoch
    let sample = try Program.run(["sample", "--rows", "2", "--columns", "3"], in: folder)
    let raster = try PNG.read("\(folder)/runs/plane/sample.png").raster
    #expect(
      sample.errors
        == "wrote runs/plane/sample.png, \(raster.width) x \(raster.height), from runs/plane (best epoch \(best))\n"
    )
    try setTime(3e9, folder, "002")
    let other = try Program.run(["sample", "-o", "x.png"], in: folder)
    #expect(other.errors.hasSuffix("from runs/002 (best epoch 1)\n"), "\(other.errors)")
  }

  @Test func pictureCommandsWriteBesideTheModel() throws {
    let place = try CommandFolder(latent: 2)
    for command in ["sample", "traverse", "manifold"] {
      let written = try Program.run([command, "model.safetensors"], in: place.folder)
      #expect(written.errors.hasPrefix("wrote \(command).png, "), "\(written.errors)")
      #expect(exists(place.path("\(command).png")), "\(command)")
    }
    try place.run(["reconstruct", "model.safetensors", "--data", "data"])
    try place.run(["interpolate", "model.safetensors", "--data", "data", "--indices", "1,2"])
    try place.run(["encode", "model.safetensors", "--data", "data", "-o", "z.csv"])
    try place.run(["decode", "z.csv", "model.safetensors"])
    for name in ["reconstruct", "interpolate", "decode"] {
      #expect(exists(place.path("\(name).png")), "\(name)")
    }
  }

  @Test func theRunsOwnImagesAreTakenWhereNoneAreNamed() throws {
    let folder = try prepared()
    try train(folder, "a", epochs: 1)
    for part in [[], ["--part", "train"]] {
      let given = try Program.run(["evaluate", "--json", "--data", "data"] + part, in: folder)
      let own = try Program.run(["evaluate", "--json"] + part, in: folder)
      #expect(own.status == 0 && own.output == given.output, "\(own.errors)")
    }
    let test = try Program.run(["encode"], in: folder).output
    let training = try Program.run(["encode", "--part", "train"], in: folder).output
    #expect(test.filter { $0 == 10 }.count == 21 && training.filter { $0 == 10 }.count == 61)
    for arguments in [
      ["manifold", "--principal"], ["traverse", "--index", "3"], ["interpolate", "--indices", "1,2"],
    ] {
      let own = try Program.run(arguments + ["-o", "own.png"], in: folder)
      _ = try Program.run(arguments + ["-o", "given.png", "--data", "data"], in: folder)
      #expect(own.status == 0, "\(own.errors)")
      let pictures = try ["own.png", "given.png"].map { try PNG.read("\(folder)/\($0)").raster }
      #expect(pictures[0] == pictures[1], "\(arguments)")
    }
  }

  @Test func aTestSetOfItsOwnIsTheRunsToo() throws {
    let folder = try prepared()
    try Fixture.images(in: folder, count: 7, height: 8, width: 6, name: "seven.idx")
    try train(folder, "a", epochs: 1, ["--test-data", "seven.idx"])
    #expect(try Program.run(["encode", "--no-labels"], in: folder).output.filter { $0 == 10 }.count == 8)
  }

  @Test func aModelInNoRunNeedsImages() throws {
    let place = try CommandFolder()
    #expect(try place.fail(66, ["encode", "model.safetensors"]).contains("name some with --data"))
  }

  @Test func listsEveryStateOfRuns() throws {
    let folder = try prepared()
    try train(folder, "done", epochs: 2)
    try train(folder, "half", epochs: 2)
    try train(folder, "early", epochs: 2)
    try train(folder, "bare", epochs: 1)
    try train(folder, "broken", epochs: 1)
    let runs = "\(folder)/runs"
    try change("\(runs)/half/config.json", "\"epochs\" : 2", "\"epochs\" : 9")
    try change("\(runs)/early/config.json", "\"epochs\" : 2", "\"epochs\" : 9")
    try change("\(runs)/early/config.json", "\"patience\" : 0", "\"patience\" : 1")
    let metrics = try String(contentsOfFile: "\(runs)/early/metrics.csv", encoding: .utf8).split(
      separator: "\n")
    // The second epoch no better than the first.
    let second = "2," + metrics[1].dropFirst(2)
    try "\(metrics[0])\n\(metrics[1])\n\(second)\n"
      .write(toFile: "\(runs)/early/metrics.csv", atomically: true, encoding: .utf8)
    try FileManager.default.removeItem(atPath: "\(runs)/bare/curves.png")
    try "{}".write(toFile: "\(runs)/broken/config.json", atomically: true, encoding: .utf8)
    for (time, run) in ["broken", "bare", "early", "half", "done"].enumerated() {
      try setTime(1e9 + Double(time), folder, run)
    }
    let all = try summaries(folder)
    #expect(
      all.map { "\($0["path"] ?? "") \($0["state"] ?? "")" } == [
        "runs/done finished", "runs/half unfinished", "runs/early stopped early", "runs/bare unfinished",
        "runs/broken broken",
      ])
    #expect(all[1]["epochs"] as? Int == 2 && all[1]["planned_epochs"] as? Int == 9)
    #expect(all[0]["written"] as? String == "2001-09-09T01:46:44Z")
    #expect((all[4]["problem"] as? String)?.contains("config.json") == true)
    let best = try #require(try MetricsLog(contentsOf: "\(runs)/done/metrics.csv").rows.best)
    // Foundation takes numbers of JSON for decimal ones, and is a little off.
    let told = try #require((all[0]["best"] as? [String: Any])?["loss"] as? Double)
    #expect(abs(told - (best.validationLoss ?? .nan)) < 1e-12 * told)

    let table = try Program.run(["runs"], in: folder)
    let lines = String(decoding: table.output, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 6 && lines[0].hasPrefix("run  ") && lines[2].contains("2/9"))
    let loss = Format.fixed(best.validationLoss ?? 0)
    #expect(
      lines[1].contains("data") && lines[1].contains("8 x 6") && lines[1].contains("\(loss) (\(best.epoch))"))
    #expect(table.errors.filter(\.isNewline).count == 1 && table.errors.contains("runs/broken/config.json"))
  }

  @Test func aRunUnderWayIsRunning() throws {
    let folder = try prepared()
    let program = try Program.start(
      ["train", "data", "-o", "runs/long", "--epochs", "1000000"] + TrainCommandTests.small, in: folder)
    while program.errors.filter(\.isNewline).count < 3, program.isRunning {
      Thread.sleep(forTimeInterval: 0.005)
    }
    let run = try #require(try summaries(folder).first)
    #expect(run["state"] as? String == "running" && run["process"] is Int)
    program.send(SIGINT)
    #expect(program.wait(atMost: 60).status == 130)
    let stopped = try #require(try summaries(folder).first)
    #expect(stopped["state"] as? String == "unfinished" && stopped["process"] == nil)
  }

  @Test func resumingWithoutAFolderTakesTheNewestUnfinishedRun() throws {
    let folder = try prepared()
    let none = try Program.run(["train", "--resume"], in: folder)
    #expect(
      none.status == 66 && none.errors.contains("runs: holds no run that is unfinished"), "\(none.errors)")
    for name in ["old", "new", "done"] { try train(folder, name, epochs: 1) }
    for (time, name) in ["old", "new", "done"].enumerated() {
      if name != "done" { try FileManager.default.removeItem(atPath: "\(folder)/runs/\(name)/curves.png") }
      try setTime(1e9 + Double(time), folder, name)
    }
    // An option after it is no folder.
    let result = try Program.run(["train", "--resume", "--threads", "1"], in: folder)
    #expect(result.status == 0 && result.errors.contains("runs/new/"), "\(result.errors)")
    #expect(exists("\(folder)/runs/new/curves.png") && !exists("\(folder)/runs/old/curves.png"))
  }

  @Test func inspectTellsOfARunAndOfAPicture() throws {
    let folder = try prepared()
    try train(folder, "a", epochs: 2)
    let rows = try MetricsLog(contentsOf: "\(folder)/runs/a/metrics.csv").rows
    let best = try #require(rows.best)
    let text = String(decoding: try Program.run(["inspect", "runs/a"], in: folder).output, as: UTF8.self)
    #expect(text.contains("  epochs                2 of 2\n"))
    #expect(
      text.contains(
        "  best validation loss  \(Format.fixed(best.validationLoss ?? 0)) in epoch \(best.epoch)\n"))
    #expect(text.contains("  data                  \(folder)/data\n"))
    #expect(text.contains("  command               selva train data -o runs/a --epochs 2"))
    let json = try jsonObject(try Program.run(["inspect", "runs/a", "--json"], in: folder).output)
    #expect((json["run"] as? [String: Any])?["state"] as? String == "finished")

    _ = try Program.run(["sample", "--seed", "5", "-o", "a b.png"], in: folder)
    let picture = String(decoding: try Program.run(["inspect", "a b.png"], in: folder).output, as: UTF8.self)
    let raster = try PNG.read("\(folder)/a b.png").raster
    #expect(picture.hasPrefix("a b.png: a picture of \(raster.width) x \(raster.height) pixels, grey\n"))
    #expect(picture.contains("  Software              Selva \(Version.current)\n"))
    #expect(picture.hasSuffix("Made by:\n  selva sample --seed 5 -o 'a b.png'\n"))
    let record = try jsonObject(try Program.run(["inspect", "a b.png", "--json"], in: folder).output)
    #expect(record["command"] as? String == "selva sample --seed 5 -o 'a b.png'")
    #expect((record["records"] as? [String: Any])?["Selva seed"] as? String == "5")
    try PNG.write(raster, to: "\(folder)/plain.png")
    let plain = try Program.run(["inspect", "plain.png"], in: folder)
    #expect(
      String(decoding: plain.output, as: UTF8.self).hasSuffix("It records nothing of how it was made.\n"))
    try Misuse("inspect plain.png --activations --data data", 65, "leave out --activations").check(in: folder)
  }
}
