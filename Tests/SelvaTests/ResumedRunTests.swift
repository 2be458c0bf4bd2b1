import Compute
import Files
import Foundation
import IDX
import Testing

@testable import Selva

/// A small run on a file of bytes, which can be killed and tampered with at every step.
private struct SmallRun {
  let folder: String
  let training: TrainingSettings

  init(_ folder: String, _ change: (inout TrainingSettings) -> Void = { _ in }) throws {
    self.folder = folder
    var training = TrainingSettings()
    training.epochs = 3
    training.batchSize = 16
    training.seed = 7
    training.threads = 2
    training.sampleEvery = 1
    training.averageDecay = 0.9
    training.dropout = 0.1
    training.binarization = .stochastic
    change(&training)
    self.training = training
    try writePixels(seed: 1)
  }

  var images: String { "\(folder)/images.idx" }

  /// 40 images of 5 x 4.
  func writePixels(seed: UInt64) throws {
    let bits = RandomStream(seed: seed, .latents).bits(40 * 20)
    try IDXWriter.write(bits.map { UInt8($0 >> 24) }, sizes: [40, 5, 4], to: images)
  }

  func data(_ training: TrainingSettings) throws -> TrainingData {
    try TrainingData(
      training: ImageSet(imagesPath: images), validation: nil, fraction: 0.2, seed: training.seed)
  }

  func begin(_ name: String) throws -> TrainingRun {
    let model = ModelSettings(height: 5, width: 4, hidden: [8], latent: 2)
    return TrainingRun(
      directory: try .create(at: "\(folder)/\(name)"), model: model, training: training,
      data: try data(training))
  }

  func resume(_ name: String, epochs: Int? = nil, acceptChangedData: Bool = false) throws -> TrainingRun {
    try TrainingRun.resume(
      RunDirectory("\(folder)/\(name)"), epochs: epochs, acceptChangedData: acceptChangedData, makeData: data)
  }

  func copy(_ name: String, to other: String) throws {
    try FileManager.default.copyItem(atPath: "\(folder)/\(name)", toPath: "\(folder)/\(other)")
  }

  /// Everything that a run leaves but for what depends on the clock and on the folder's name.
  func contents(_ name: String) throws -> [String: [UInt8]] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: "\(folder)/\(name)").filter {
      ![".lock", "metrics.csv", "checkpoint.previous.safetensors", "samples"].contains($0)
    }
    return try Dictionary(
      uniqueKeysWithValues: names.map { path in
        let bytes = try readFile("\(folder)/\(name)/\(path)")
        return (path, path.hasSuffix(".png") ? pixels(bytes) : bytes)
      })
  }

  /// A picture without its text, which names the folder.
  private func pixels(_ png: [UInt8]) -> [UInt8] {
    Data(png).range(of: Data("IDAT".utf8)).map { Array(png[$0.lowerBound...]) } ?? []
  }

  func stepCount(_ name: String) throws -> Int {
    try Checkpoint.read("\(folder)/\(name)/checkpoint.safetensors").state.stepCount
  }
}

@Suite struct ResumedRunTests {
  /// The folder as a kill would leave it, after every step and every epoch: 32 images are 2 steps an epoch.
  @Test func aRunKilledAnywhereEndsAsOneThatWasNot() throws {
    try withScratchFolder { folder in
      let small = try SmallRun(folder)
      let whole = try small.begin("whole")
      #expect(try whole.run() == .finished)
      let run = try small.begin("run")
      var kills: [String] = []
      func kill() {
        kills.append("kill-\(kills.count)")
        #expect(throws: Never.self) { try small.copy("run", to: kills[kills.count - 1]) }
      }
      _ = try run.run(
        report: { _ in kill() },
        shouldStop: {
          kill()
          return false
        }, shouldSave: { kills.count % 3 == 1 })
      #expect(try small.stepCount(kills[0]) == 0, "a checkpoint stands before the first step")
      #expect(kills.count > 8)
      let expected = try small.contents("whole")
      #expect(expected.count == 9)
      for name in kills {
        #expect(
          FileManager.default.createFile(atPath: "\(folder)/\(name)/.selva-16777220-1.tmp", contents: nil))
        #expect(try small.resume(name).run() == .finished)
        #expect(try small.contents(name) == expected, "\(name)")
      }
    }
  }

  @Test func whatWasMissingAtTheEndIsMade() throws {
    try withScratchFolder { folder in
      let small = try SmallRun(folder)
      let run = try small.begin("run")
      #expect(!run.isFinished && !run.isTrained)
      _ = try run.run()
      #expect(run.isFinished && run.isTrained)
      for (number, name) in ["samples.png", "reconstructions.png", "curves.png"].enumerated() {
        let copy = "copy-\(number)"
        try small.copy("run", to: copy)
        let picture = "\(folder)/\(copy)/\(name)"
        try FileManager.default.removeItem(atPath: picture)
        let resumed = try small.resume(copy)
        #expect(resumed.isTrained && !resumed.isFinished)
        #expect(try resumed.run() == .finished)
        #expect(resumed.isFinished)
        #expect(try small.contents(copy) == small.contents("run"))
      }
      // A picture of an earlier end, or half a one, is missing too.
      try small.copy("run", to: "more")
      _ = try small.resume("more", epochs: 4).run()
      try small.copy("run", to: "old")
      let half = try readFile("\(folder)/run/curves.png").dropLast(100)
      for picture in [try readFile("\(folder)/more/curves.png"), Array(half)] {
        try writeFile(picture, "\(folder)/old/curves.png")
        #expect(try !small.resume("old").isFinished)
      }
    }
  }

  @Test func aPictureIsMadeBeforeTheCheckpointThatPassesIt() throws {
    try withScratchFolder { folder in
      let small = try SmallRun(folder)
      let run = try small.begin("run")
      try writeFile([1], "\(folder)/run/samples")
      #expect(throws: FileError.self) { try run.run() }
      #expect(try small.stepCount("run") == 0)
      try FileManager.default.removeItem(atPath: "\(folder)/run/samples")
      #expect(try TrainingRun.resume(run.directory, makeData: small.data).run() == .finished)
      #expect(FileManager.default.fileExists(atPath: run.directory.samplePicture(epoch: 1)))
    }
  }

  @Test func aFolderThatHoldsOnlyABeginningBeginsAnew() throws {
    try withScratchFolder { folder in
      let small = try SmallRun(folder)
      try FileManager.default.createDirectory(atPath: "\(folder)/run", withIntermediateDirectories: false)
      for name in ["config.json", ".lock", ".selva-16777220-1.tmp"] {
        try writeFile([1], "\(folder)/run/\(name)")
      }
      var run: TrainingRun? = try small.begin("run")
      #expect(try names(in: "\(folder)/run") == [".lock", "config.json"])
      _ = try run?.run(shouldStop: { true })
      run = nil
      #expect(throws: StorageError.folderInUse(path: "\(folder)/run")) { try small.begin("run") }
      // Stopped before its first step: as a kill leaves it.
      let other = try small.begin("other")
      _ = try other.run(shouldStop: {
        #expect(throws: Never.self) { try small.copy("other", to: "zero") }
        return true
      })
      #expect(try small.begin("zero").run() == .finished)
      try writeFile([1], "\(folder)/notes/checkpoint.safetensors", makingFolder: true)
      #expect(throws: StorageError.self) { try small.begin("notes") }
    }
  }

  @Test func twoRunsDoNotShareAFolder() throws {
    try withScratchFolder { folder in
      let small = try SmallRun(folder)
      var run: TrainingRun? = try small.begin("run")
      for body in [{ _ = try small.begin("run") }, { _ = try small.resume("run") }] as [() throws -> Void] {
        let fault = #expect(throws: FileError.self) { try body() }
        #expect(fault?.reason.contains("is being trained into by process \(getpid())") == true)
      }
      #expect(try run?.run() == .finished)
      run = nil
      #expect(try small.resume("run", epochs: 4).run() == .finished)
      #expect(try names(in: "\(folder)/run").allSatisfy { !$0.hasPrefix(".") })
    }
  }

  @Test func otherPixelsAreNoticed() throws {
    try withScratchFolder { folder in
      let small = try SmallRun(folder)
      _ = try small.begin("run").run(shouldStop: { true })
      try small.writePixels(seed: 2)
      #expect(throws: TrainingError.pixelsChanged(path: small.images)) { try small.resume("run") }
      #expect(try small.resume("run", acceptChangedData: true).run(shouldStop: { true }) == .interrupted)
      // They are the run's own now.
      #expect(try small.resume("run").run() == .finished)
      #expect("\(TrainingError.pixelsChanged(path: "a"))".contains("--accept-changed-data"))
    }
  }

  @Test func oneOtherPixelIsNoticed() throws {
    try withScratchFolder { folder in
      let small = try SmallRun(folder)
      _ = try small.begin("run").run(shouldStop: { true })
      var bytes = try readFile(small.images)
      bytes[bytes.count - 1] ^= 1
      try writeFile(bytes, small.images)
      #expect(throws: TrainingError.pixelsChanged(path: small.images)) { try small.resume("run") }
    }
  }

  @Test func aBrokenCheckpointNamesTheOneBefore() throws {
    try withScratchFolder { folder in
      let small = try SmallRun(folder)
      let whole = try small.begin("whole")
      _ = try whole.run()
      let run = try small.begin("run")
      var steps = 0
      _ = try run.run(
        shouldStop: {
          steps += 1
          return steps == 4
        }, shouldSave: { true })
      try small.copy("run", to: "broken")
      let directory = RunDirectory("\(folder)/broken")
      try writeFile(try readFile(directory.checkpoint).dropLast(5), directory.checkpoint)
      let fault = #expect(throws: TrainingError.self) { try small.resume("broken") }
      #expect(
        "\(fault!)".hasPrefix(directory.checkpoint) && "\(fault!)".contains(directory.previousCheckpoint))
      try FileManager.default.removeItem(atPath: directory.checkpoint)
      try FileManager.default.moveItem(atPath: directory.previousCheckpoint, toPath: directory.checkpoint)
      #expect(try small.stepCount("broken") == 3)
      #expect(try small.resume("broken").run() == .finished)
      #expect(try readFile(directory.model) == readFile(whole.directory.model))
      try writeFile([], directory.checkpoint)
      try FileManager.default.removeItem(atPath: directory.previousCheckpoint)
      let empty = #expect(throws: FileError.self) { try small.resume("broken") }
      #expect(empty?.category == .badData && empty?.path == directory.checkpoint)
    }
  }

  @Test func aBrokenModelIsNotTakenForNone() throws {
    try withScratchFolder { folder in
      let small = try SmallRun(folder) { $0.epochs = 6 }
      let run = try small.begin("run")
      var steps = 0
      _ = try run.run(shouldStop: {
        steps += 1
        return steps >= 5
      })
      try small.copy("run", to: "broken")
      let model = "\(folder)/broken/model.safetensors"
      try writeFile(try readFile(model).dropLast(5), model)
      let fault = #expect(throws: TrainingError.self) { try small.resume("broken") }
      #expect("\(fault!)".hasPrefix(model) && "\(fault!)".contains("remove it"))
      try FileManager.default.removeItem(atPath: model)
      let resumed = try small.resume("broken")
      #expect(resumed.state.bestLoss == nil)
      #expect(try resumed.run() == .finished)
      let best = resumed.metrics.dropFirst(2).compactMap(\.validationLoss).min()
      #expect(resumed.state.bestLoss == best)
    }
  }

  @Test func otherFiguresAreNoticed() throws {
    try withScratchFolder { folder in
      let small = try SmallRun(folder)
      let run = try small.begin("run")
      _ = try run.run(shouldStop: { run.state.epoch == 2 })
      let metrics = run.directory.metrics
      let text = String(decoding: try readFile(metrics), as: UTF8.self)
      // The first loss of the second epoch.
      let place = try #require(text.range(of: "\n2,")).upperBound
      let other = text[..<place] + (text[place] == "1" ? "2" : "1") + text[text.index(after: place)...]
      for changed in [String(other), "epoch\n"] {
        try writeFile(changed.utf8, metrics)
        let fault = #expect(throws: TrainingError.self) {
          try TrainingRun.resume(run.directory, makeData: small.data)
        }
        #expect("\(fault!)".hasPrefix(metrics) && "\(fault!)".contains("remove it"))
        #expect(try readFile(metrics) == Array(changed.utf8))
      }
      try FileManager.default.removeItem(atPath: metrics)
      let resumed = try TrainingRun.resume(run.directory, makeData: small.data)
      #expect(try resumed.run() == .finished)
      #expect(resumed.metrics.map(\.epoch) == [3])
    }
  }

  @Test(arguments: ["overwritten", "cut short"])
  func dataThatChangesUnderwayIsNoticedAtThatStep(_ how: String) throws {
    try withScratchFolder { folder in
      let small = try SmallRun(folder)
      let whole = try small.begin("whole")
      _ = try whole.run()
      let run = try small.begin("run")
      let pixels = try readFile(small.images)
      var steps = 0
      let fault = #expect(throws: TrainingError.self) {
        _ = try run.run(shouldSave: {
          steps += 1
          if steps == 3 {
            // Times of change are no finer than a few milliseconds on some systems.
            Thread.sleep(forTimeInterval: 0.02)
            if how == "cut short" {
              #expect(truncate(small.images, off_t(pixels.count - 100)) == 0)
            } else {
              let handle = FileHandle(forUpdatingAtPath: small.images)
              handle?.write(Data(pixels.map { ~$0 }.prefix(4)))
              try? handle?.close()
            }
          }
          return false
        })
      }
      let checkpoint = run.directory.checkpoint
      #expect(fault == .changedUnderway(path: small.images, epoch: 2, checkpoint: checkpoint))
      #expect(try small.stepCount("run") == 3)
      try writeFile(pixels, small.images)
      let resumed = try TrainingRun.resume(run.directory, makeData: small.data)
      #expect(try resumed.run() == .finished)
      #expect(try readFile(resumed.directory.model) == readFile(whole.directory.model))
    }
  }

  @Test func aCheckpointIsWrittenWhenAskedFor() throws {
    try withScratchFolder { folder in
      let small = try SmallRun(folder)
      let run = try small.begin("run")
      var (steps, saved) = (0, [Int]())
      _ = try run.run(
        report: { event in
          guard case .saved = event else { return }
          saved.append((try? small.stepCount("run")) ?? -1)
        },
        shouldSave: {
          steps += 1
          return steps == 3
        })
      #expect(saved == [3])
    }
  }

  @Test func aRunThatPatienceEndedGoesOnWhenMoreIsAskedFor() throws {
    try withScratchFolder { folder in
      let small = try SmallRun(folder) {
        $0.epochs = 30
        $0.patience = 1
        $0.learningRate = 1e-12
      }
      let run = try small.begin("run")
      #expect(try run.run() == .stoppedEarly)
      let done = run.metrics.count
      try small.copy("run", to: "again")
      let same = try small.resume("again")
      #expect(same.isTrained && same.isFinished)
      try small.copy("run", to: "more")
      let more = try small.resume("more", epochs: 31)
      #expect(!more.isTrained)
      _ = try more.run()
      #expect(more.metrics.count > done)
    }
  }
}

private func names(in folder: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}

private func writeFile(_ bytes: some Sequence<UInt8>, _ path: String, makingFolder: Bool) throws {
  let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
  if makingFolder { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
  try writeFile(bytes, path)
}
