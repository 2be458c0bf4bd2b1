import Foundation
import IDX
import ImageGrid
import Testing

@testable import Selva

/// What a run leaves beside its weights.
@Suite struct RunFilesTests {
  private let images = noiseImages(40, height: 5, width: 4)

  private func data(_ training: TrainingSettings) throws -> TrainingData {
    try TrainingData(training: images, validation: nil, fraction: 0.3, seed: training.seed)
  }

  private func started(in folder: String) throws -> TrainingRun {
    var training = TrainingSettings()
    (training.epochs, training.batchSize, training.seed, training.threads) = (3, 14, 9, 1)
    training.sampleEvery = 2
    return TrainingRun(
      directory: try .create(at: folder), model: ModelSettings(height: 5, width: 4, hidden: [8], latent: 3),
      training: training, data: try data(training))
  }

  private func isSame(_ path: String, _ raster: Raster) throws -> Bool { try PNG.read(path).raster == raster }

  @Test func picturesAreOfTheBestModelByTheRunsSeed() throws {
    try withScratchFolder { folder in
      let run = try started(in: folder + "/run")
      run.command = "selva train"
      _ = try run.run()
      let grid = Raster.grid(
        run.best.pictures(Latents.normal(count: 100, latent: 3, seed: 9)), columns: 10,
        style: GridStyle().fitted(cells: 100, columns: 10, width: 4, height: 5))
      #expect(try isSame(run.directory.finalSamples, grid))
      let held = run.data.validationIndices.map { images.image(Int($0)) }
      let rebuilt = run.best.pictures(run.best.encode(Array(held.joined())).mean)
      let cells = zip(held, rebuilt).flatMap { [run.best.picture($0[...]), $1] }
      let pairs = Raster.grid(
        cells, columns: 10,
        style: GridStyle(groupColumns: 2).fitted(cells: 24, columns: 10, width: 4, height: 5),
        captions: GridCaptions(columns: (0..<5).flatMap { _ in ["input", "output"] }))
      #expect(held.count == 12)
      #expect(try isSame(run.directory.reconstructions, pairs))
      let text = try PNG.read(run.directory.finalSamples)
      #expect(text.text("Selva command") == "selva train" && text.text("Selva seed") == "9")
    }
  }

  @Test func curvesFollowTheEpochsThatDrawAndAStop() throws {
    try withScratchFolder { folder in
      let run = try started(in: folder + "/run")
      func epoch() -> String? { (try? PNG.read(run.directory.curves))?.text("Selva epoch") }
      var seen: [String?] = []
      // Samples are drawn every second epoch.
      _ = try run.run(shouldStop: {
        seen.append(epoch())
        return run.state.epoch == 2
      })
      #expect(seen.first == .some(nil) && seen.last == "2")
      let second = try TrainingRun.resume(run.directory) { try data($0) }
      _ = try second.run()
      #expect(epoch() == "3")
      let stopped = try started(in: folder + "/stopped")
      _ = try stopped.run(shouldStop: { stopped.state.epoch == 1 })
      #expect(try PNG.read(stopped.directory.curves).text("Selva epoch") == "1")
      let unbegun = try started(in: folder + "/unbegun")
      _ = try unbegun.run(shouldStop: { true })
      #expect(!FileManager.default.fileExists(atPath: unbegun.directory.curves))
    }
  }

  /// A run that was killed has told of more epochs than its checkpoint holds.
  @Test func epochsBeyondTheCheckpointAreToldOnce() throws {
    try withScratchFolder { folder in
      let run = try started(in: folder + "/run")
      _ = try run.run(shouldStop: { run.state.epoch == 1 })
      #expect(run.metrics.map(\.epoch) == [1])
      let kept = try Data(contentsOf: URL(fileURLWithPath: run.directory.checkpoint))
      let first = try #require(run.metrics.first)
      let second = try TrainingRun.resume(run.directory) { try data($0) }
      _ = try second.run()
      try kept.write(to: URL(fileURLWithPath: run.directory.checkpoint))
      let third = try TrainingRun.resume(run.directory) { try data($0) }
      _ = try third.run()
      let rows = try MetricsLog(contentsOf: run.directory.metrics).rows
      #expect(rows.map(\.epoch) == [1, 2, 3])
      #expect(rows.first == first && rows.map(\.trainLoss) == second.metrics.map(\.trainLoss))
    }
  }

  @Test func progressTellsWhereTheEpochStands() throws {
    try withScratchFolder { folder in
      let run = try started(in: folder + "/run")
      var seen: [TrainingRun.Progress] = []
      // Longer than what lies between two reports.
      _ = try run.run(
        report: { if case .progress(let progress) = $0 { seen.append(progress) } },
        shouldStop: {
          Thread.sleep(forTimeInterval: 0.11)
          return run.state.epoch == 1
        })
      let last = try #require(seen.last)
      #expect((last.epoch, last.epochs, last.images, last.imagesInEpoch) == (1, 3, 28, 28))
      #expect(last.loss > 0 && abs(last.loss - last.reconstruction - last.kl) < 1e-9)
      // Two epochs of 28 images are left.
      #expect(abs(last.secondsLeft - 56 / last.imagesPerSecond) < 1e-6 * last.secondsLeft)
    }
  }
}
