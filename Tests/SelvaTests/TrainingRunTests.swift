import Compute
import Foundation
import IDX
import Testing

@testable import Selva

private func settings(_ change: (inout TrainingSettings) -> Void = { _ in }) -> TrainingSettings {
  var training = TrainingSettings()
  training.epochs = 3
  training.batchSize = 16
  training.seed = 7
  training.threads = 1
  training.sampleEvery = 2
  change(&training)
  return training
}

private let model = ModelSettings(height: 5, width: 4, hidden: [12, 8], latent: 3)

private func run(
  _ training: TrainingSettings, on images: ImageSet = noiseImages(70, height: 5, width: 4), in folder: String,
  stopAfter steps: Int? = nil
) throws -> (TrainingRun, TrainingRun.Outcome) {
  let data = try TrainingData(
    training: images, validation: nil, fraction: 0.2, seed: training.seed)
  let run = TrainingRun(directory: try .create(at: folder), model: model, training: training, data: data)
  var count = 0
  let outcome = try run.run(shouldStop: {
    count += 1
    return steps.map { count >= $0 } ?? false
  })
  return (run, outcome)
}

private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

@Test func `a run leaves what its directory promises`() throws {
  let folder = try temporaryFolder() + "/run"
  let (run, outcome) = try run(settings(), in: folder)
  #expect(outcome == .finished)
  #expect(run.metrics.map(\.epoch) == [1, 2, 3])
  let directory = run.directory
  for path in [
    directory.model, directory.checkpoint, directory.metrics, directory.curves, directory.finalSamples,
    directory.reconstructions, directory.samplePicture(epoch: 2),
  ] {
    #expect(FileManager.default.fileExists(atPath: path), "\(path)")
  }
  #expect(!FileManager.default.fileExists(atPath: directory.samplePicture(epoch: 1)))
  #expect(try FileManager.default.subpathsOfDirectory(atPath: folder).allSatisfy { !$0.hasSuffix(".tmp") })
  let saved = try VAE(contentsOf: directory.model)
  #expect(saved.parameters == run.best.parameters)
  #expect(saved.settings == model)
  #expect(try MetricsLog(contentsOf: directory.metrics).rows == run.metrics)
}

@Test func `training makes the loss fall`() throws {
  // Of every two images one is bright on the left and one on the right: log 2 nats to tell by z.
  let images = ImageSet(
    values: (0..<70 * 20).map { ($0 / 20 + $0 % 4 / 2) % 2 == 0 ? 0.9 : 0.1 }, height: 5, width: 4)
  let (run, _) = try run(
    settings {
      $0.epochs = 30
      $0.learningRate = 5e-3
    }, on: images, in: try temporaryFolder() + "/run")
  let losses = run.metrics.map(\.trainLoss)
  #expect(losses[29] < losses[0] - 2)
  #expect(run.metrics.allSatisfy { abs($0.trainLoss - $0.trainReconstruction - $0.trainKL) < 1e-9 })
}

/// Stops in the first epoch, at an epoch's end, and in the middle of a later one; 56 images are 4 steps an epoch.
@Test(arguments: [1, 4, 6], [0.0, 0.9])
func `a run stopped and resumed gives the bytes of one never stopped`(_ steps: Int, _ average: Double) throws
{
  let parent = try temporaryFolder()
  let training = settings {
    $0.averageDecay = average
    $0.dropout = 0.1
    $0.binarization = .stochastic
    $0.clipNorm = 5
  }
  let (whole, _) = try run(training, in: parent + "/whole")
  let (stopped, outcome) = try run(training, in: parent + "/stopped", stopAfter: steps)
  #expect(outcome == .interrupted)
  let resumed = try TrainingRun.resume(stopped.directory) { training in
    try TrainingData(
      training: noiseImages(70, height: 5, width: 4), validation: nil, fraction: 0.2, seed: training.seed)
  }
  #expect(try resumed.run() == .finished)
  #expect(try bytes(resumed.directory.model) == bytes(whole.directory.model))
  func losses(_ run: TrainingRun) -> [[Double?]] {
    run.metrics.map {
      [$0.trainLoss, $0.trainReconstruction, $0.trainKL, $0.validationLoss, $0.learningRate]
    }
  }
  #expect(losses(resumed) == losses(whole))
}

@Test(arguments: [Precision.float32, .bfloat16])
func `the same seed gives the same bytes, another seed others`(_ precision: Precision) throws {
  let parent = try temporaryFolder()
  let training = settings {
    $0.precision = precision
    $0.threads = 2
  }
  let (first, _) = try run(training, in: parent + "/1")
  let (second, _) = try run(training, in: parent + "/2")
  #expect(try bytes(first.directory.model) == bytes(second.directory.model))
  let (other, _) = try run(
    settings {
      $0.precision = precision
      $0.seed = 8
    }, in: parent + "/3")
  #expect(try bytes(first.directory.model) != bytes(other.directory.model))
}

@Test(arguments: [2, 3, 16, 40])
func `the number of threads does not change the losses`(_ threads: Int) throws {
  let parent = try temporaryFolder()
  let (one, _) = try run(settings(), in: parent + "/1")
  let (many, _) = try run(settings { $0.threads = threads }, in: parent + "/many")
  for (a, b) in zip(one.metrics, many.metrics) {
    #expect(abs(a.trainLoss - b.trainLoss) < 1e-4 * a.trainLoss)
  }
}

@Test func `bfloat16 follows float32`() throws {
  let parent = try temporaryFolder()
  let (single, _) = try run(
    settings {
      $0.epochs = 10
      $0.precision = .float32
    }, in: parent + "/1")
  let (half, _) = try run(
    settings {
      $0.epochs = 10
      $0.precision = .bfloat16
    }, in: parent + "/2")
  #expect(abs(single.metrics[9].trainLoss - half.metrics[9].trainLoss) < 0.02 * single.metrics[9].trainLoss)
}

@Test func `patience ends a run that gets no better`() throws {
  // With next to no learning rate, the first epoch stays the best or nearly so.
  let training = settings {
    $0.epochs = 200
    $0.patience = 2
    $0.learningRate = 1e-12
  }
  let (run, outcome) = try run(training, in: try temporaryFolder() + "/run")
  #expect(outcome == .stoppedEarly)
  #expect(run.metrics.count < 200)
  let best = run.metrics.map { $0.validationLoss ?? .infinity }
  #expect(best.suffix(2).allSatisfy { $0 >= best.min()! })
}

@Test func `a run that diverges says so and keeps its last good checkpoint`() throws {
  let (good, _) = try run(settings(), in: try temporaryFolder() + "/run")
  var checkpoint = try Safetensors(contentsOf: good.directory.checkpoint)
  checkpoint.metadata["selva.training"] = SettingsJSON.encode(
    settings {
      $0.epochs = 9
    })
  checkpoint.drown("encoder.mean.weight")
  try checkpoint.write(to: good.directory.checkpoint)
  let before = try bytes(good.directory.checkpoint)
  let resumed = try TrainingRun.resume(good.directory) { training in
    try TrainingData(
      training: noiseImages(70, height: 5, width: 4), validation: nil, fraction: 0.2, seed: training.seed)
  }
  #expect {
    _ = try resumed.run()
  } throws: { error in
    guard case TrainingError.diverged(_, _, let loss, let checkpoint) = error else { return false }
    return !loss.isFinite && checkpoint == good.directory.checkpoint && "\(error)".contains("--learning-rate")
  }
  #expect(try bytes(good.directory.checkpoint) == before)
  #expect(try VAE(contentsOf: good.directory.model).parameters == good.best.parameters)
}

@Test func `other data is not resumed on`() throws {
  let (stopped, _) = try run(settings(), in: try temporaryFolder() + "/run", stopAfter: 2)
  #expect(throws: TrainingError.dataChanged(path: "memory", found: 48, expected: 56)) {
    try TrainingRun.resume(stopped.directory) { training in
      try TrainingData(
        training: noiseImages(60, height: 5, width: 4), validation: nil, fraction: 0.2, seed: training.seed)
    }
  }
}

@Test func `a run is not resumed with another validation set`() throws {
  let (stopped, _) = try run(settings(), in: try temporaryFolder() + "/run", stopAfter: 2)
  #expect(throws: TrainingError.dataChanged(path: "memory", found: 9, expected: 14)) {
    try TrainingRun.resume(stopped.directory) { training in
      try TrainingData(
        training: noiseImages(56, height: 5, width: 4), validation: noiseImages(9, height: 5, width: 4),
        fraction: 0.2, seed: training.seed)
    }
  }
}

@Test func `images of another size are not resumed on`() throws {
  let (stopped, _) = try run(settings(), in: try temporaryFolder() + "/run", stopAfter: 2)
  #expect(throws: TrainingError.sizesDiffer(path: "memory", found: [4, 5], expected: [5, 4])) {
    try TrainingRun.resume(stopped.directory) { training in
      try TrainingData(
        training: noiseImages(70, height: 4, width: 5), validation: nil, fraction: 0.2, seed: training.seed)
    }
  }
}

@Test(arguments: [Objective.iwae, .dreg])
func `a run on a bound of many samples is validated on that bound`(_ objective: Objective) throws {
  let (run, _) = try run(
    settings {
      $0.objective = objective
      $0.importanceSamples = 5
    }, in: try temporaryFolder() + "/run")
  let data = try TrainingData(
    training: noiseImages(70, height: 5, width: 4), validation: nil, fraction: 0.2, seed: 7)
  let evaluation = Evaluator(run.best, seed: 7, importanceSamples: 5)
    .evaluate(data.validation, indices: data.validationIndices, group: WorkerGroup(count: 1))
  #expect(evaluation.nll == run.metrics.compactMap(\.validationLoss).min())
}

@Test func `the held-out part is disjoint, complete and fixed by the seed`() throws {
  let images = noiseImages(50, height: 2, width: 2)
  let data = try TrainingData(training: images, validation: nil, fraction: 0.3, seed: 4)
  #expect(data.validationIndices.count == 15)
  #expect((data.trainingIndices + data.validationIndices).sorted() == [Int32](0..<50))
  let again = try TrainingData(training: images, validation: nil, fraction: 0.3, seed: 4)
  #expect(data.validationIndices == again.validationIndices)
  #expect(throws: TrainingError.self) {
    try TrainingData(
      training: images, validation: noiseImages(4, height: 3, width: 2), fraction: 0.3, seed: 4)
  }
}
