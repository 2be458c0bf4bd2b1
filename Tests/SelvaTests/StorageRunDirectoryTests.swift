import Files
import Foundation
import Selva
import Testing

@Suite struct StorageRunDirectoryTests {
  @Test func namesItsFiles() {
    let run = RunDirectory("runs/007")
    #expect(run.model == "runs/007/model.safetensors")
    #expect(run.checkpoint == "runs/007/checkpoint.safetensors")
    #expect(run.metrics == "runs/007/metrics.csv")
    #expect(run.configuration == "runs/007/config.json")
    #expect(run.curves == "runs/007/curves.png")
    #expect(run.samples == "runs/007/samples")
    #expect(run.samplePicture(epoch: 5) == "runs/007/samples/epoch-005.png")
    #expect(run.samplePicture(epoch: 1234) == "runs/007/samples/epoch-1234.png")
    #expect(run.finalSamples == "runs/007/samples.png")
    #expect(run.reconstructions == "runs/007/reconstructions.png")
    #expect(RunDirectory("out/").model == "out/model.safetensors")
  }

  @Test func countsOnFromTheHighestNumber() throws {
    try withScratchFolder { folder in
      let parent = "\(folder)/a/runs"
      #expect(try RunDirectory.create(in: parent).path == "\(parent)/001")
      #expect(try RunDirectory.create(in: parent).path == "\(parent)/002")
      for name in ["41", "notes", "0x99", "99999999999999999999", "\(Int.max)"] {
        try FileManager.default.createDirectory(
          atPath: "\(parent)/\(name)", withIntermediateDirectories: false)
      }
      #expect(try RunDirectory.create(in: parent).path == "\(parent)/042")
      try writeFile([], "\(parent)/999")
      #expect(try RunDirectory.create(in: parent).path == "\(parent)/1000")
    }
  }

  @Test func givesEveryRunItsOwnFolder() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("selva-\(UUID().uuidString)")
      .path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let paths = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<32 { group.addTask { try RunDirectory.create(in: folder).path } }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(paths.count == 32)
  }

  @Test func takesOnlyAnEmptyFolder() throws {
    try withScratchFolder { folder in
      let run = RunDirectory("\(folder)/new/run")
      for _ in 0..<2 {
        let created = try RunDirectory.create(at: run.path)
        #expect(created == run)
      }
      try writeFile([1], run.metrics)
      let fault = StorageError.folderInUse(path: run.path)
      #expect(throws: fault) { _ = try RunDirectory.create(at: run.path) }
      #expect(fault.category == .cannotWrite)
      #expect(fault.description.contains("--resume"))
      #expect(throws: FileError.self) { _ = try RunDirectory.create(at: run.metrics) }
      #expect(throws: FileError.self) { _ = try RunDirectory.create(in: "\(run.metrics)/runs") }
      #expect(throws: FileError.self) { _ = try RunDirectory.create(at: "") }
      try run.makeSamplesFolder()
      try run.makeSamplesFolder()
      try writeFile([1], run.samplePicture(epoch: 1))
    }
  }

  @Test func findsTheNewestRun() throws {
    try withScratchFolder { folder in
      let none = StorageError.noRun(parent: "\(folder)/runs")
      #expect(throws: none) { _ = try RunDirectory.newest(in: "\(folder)/runs") }
      #expect(none.category == .missingInput)
      let runs = try (0..<3).map { _ in try RunDirectory.create(in: "\(folder)/runs") }
      #expect(throws: none) { _ = try RunDirectory.newest(in: "\(folder)/runs") }
      let named = try RunDirectory.create(at: "\(folder)/runs/a name")
      for (time, file) in [runs[0].model, named.model, runs[1].model, runs[2].checkpoint].enumerated() {
        try writeFile([1], file)
        try setTime(time, file)
      }
      #expect(RunDirectory.all(in: "\(folder)/runs") == [runs[2], runs[1], named, runs[0]])
      #expect(try RunDirectory.newest(in: "\(folder)/runs") == runs[1])
      // A name, and the checkpoint of a run whose best model is older.
      try writeFile([1], named.checkpoint)
      try setTime(7, named.checkpoint)
      #expect(try RunDirectory.newest(in: "\(folder)/runs") == named)
      // What others leave in a run does not make it newer.
      try writeFile([1], "\(runs[0].path)/sample.png")
      #expect(try RunDirectory.newest(in: "\(folder)/runs") == named)
      try setTime(7, runs[1].model)
      #expect(try RunDirectory.newest(in: "\(folder)/runs") == named, "of two as old, the later name")
    }
  }

  /// In seconds after a moment long ago.
  private func setTime(_ seconds: Int, _ path: String) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1e9 + Double(seconds))], ofItemAtPath: path)
  }

  @Test func findsTheModelThatAnArgumentNames() throws {
    try withScratchFolder { folder in
      let parent = "\(folder)/runs"
      let run = try RunDirectory.create(in: parent)
      let empty = try RunDirectory.create(in: parent)
      try writeFile([1], run.model)
      #expect(try RunDirectory.modelPath(from: nil, parent: parent) == run.model)
      #expect(try RunDirectory.modelPath(from: parent) == run.model)
      #expect(try RunDirectory.modelPath(from: run.path) == run.model)
      #expect(try RunDirectory.modelPath(from: run.model) == run.model)
      #expect(throws: StorageError.noModel(path: empty.path)) {
        _ = try RunDirectory.modelPath(from: empty.path)
      }
      #expect(
        try message { _ = try RunDirectory.modelPath(from: "\(folder)/x") }.hasPrefix("\(folder)/x: is not"))
    }
  }
}
