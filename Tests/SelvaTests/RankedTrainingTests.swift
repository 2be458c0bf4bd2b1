import Compute
import Files
import Foundation
import IDX
import Ranks
import Testing
import ThreadRanks

@testable import Networks
@testable import Selva

/// Several ranks come to what one process comes to.
@Suite struct RankedTrainingTests {
  private static let batch: [Int32] = [0, 1, 2, 3, 4, 5, 6]

  /// Of one step of one rank: its sums, the gradient of its own parts, and all weights.
  private struct Found: Sendable {
    let sums: LossSums
    let gradient: [Float]
    let own: [Range<Int>]
    let weights: [UInt32]
  }

  private static func step(
    _ test: GradientCase, _ ranks: any RankGroup, workers: Int, images: ArraySlice<Int32>
  ) -> Found {
    let trainer = trainer(test, workers: workers)
    trainer.ranks = ranks
    // A step of one process keeps no gradients of weights.
    if ranks.count == 1 { _ = trainer.gradient(images, beta: test.training.beta) }
    let sums = trainer.step(images, epoch: 0, learningRate: 0.01, beta: test.training.beta)
    let layout = trainer.layout
    let own = ModelPart.allCases.map { ranks.shares(of: layout.range(of: $0), grain: 32)[ranks.rank] }
    return Found(
      sums: sums ?? LossSums(), gradient: Array(ParameterStore.floats(trainer.store.gradients)), own: own,
      weights: ParameterStore.floats(trainer.store.weights).map(\.bitPattern))
  }

  /// Seven images and two: of two, a third rank has none.
  @Test(arguments: gradientCases, [7, 2])
  func gradientsAndSumsAreThoseOfOneProcess(_ test: GradientCase, _ count: Int) throws {
    let images = RankedTrainingTests.batch.prefix(count)
    let one = RankedTrainingTests.step(test, SoleRank(), workers: 1, images: images)
    let many = try ThreadRanks.run(3) {
      RankedTrainingTests.step(test, $0, workers: $0.rank + 1, images: images)
    }.map { try $0.get() }
    let objective = many.reduce(0) { $0 + $1.sums.objective }
    #expect(abs(objective - one.sums.objective) < 1e-4 * abs(one.sums.objective))
    #expect(many.reduce(0) { $0 + $1.sums.images } == count)
    let layout = ModelLayout(test.model).parameters
    for view in layout.views {
      let size = one.gradient[view.range].reduce(1e-3) { max($0, abs($1)) }
      for found in many {
        for i in found.own.flatMap({ $0.clamped(to: view.range) }) {
          #expect(abs(found.gradient[i] - one.gradient[i]) < 1e-4 * size, "\(view.name)[\(i - view.offset)]")
        }
      }
    }
    // Every parameter has an owner, and all ranks have what it says.
    #expect(
      many.reduce(0) { $0 + $1.own.reduce(0) { $0 + $1.count } } >= layout.views.reduce(0) { $0 + $1.count })
    for found in many.dropFirst() { #expect(found.weights == many[0].weights) }
  }

  // MARK: Runs

  private static let model = ModelSettings(height: 5, width: 4, hidden: [12, 8], latent: 3)

  private static func settings(_ change: (inout TrainingSettings) -> Void = { _ in }) -> TrainingSettings {
    var training = TrainingSettings()
    (training.epochs, training.batchSize, training.seed) = (4, 11, 7)
    (training.threads, training.sampleEvery, training.precision) = (1, 2, .float32)
    change(&training)
    return training
  }

  private struct Ending: Sendable {
    let outcome: TrainingRun.Outcome
    let losses: [Double]
    let weights: [UInt32]
    let moments: [Float]
  }

  /// Trains, or goes on, in `folder` with so many ranks.
  private static func train(
    _ count: Int, in folder: String, _ training: TrainingSettings, model: ModelSettings = model,
    resume: Bool = false, stopAfter steps: Int? = nil
  ) -> [Result<Ending, any Error>] {
    var training = training
    training.threads = count > 1 ? 2 : 1
    return ThreadRanks.run(count) { [training] ranks in
      let images = noiseImages(70, height: 5, width: 4)
      let makeData: (TrainingSettings) throws -> TrainingData = {
        try TrainingData(training: images, validation: nil, fraction: 0.2, seed: $0.seed)
      }
      let directory: RunDirectory =
        ranks.rank > 0 ? .guest(folder) : resume ? RunDirectory(folder) : try .create(at: folder)
      let run = try ranks.agree {
        resume
          ? try TrainingRun.resume(directory, epochs: training.epochs, makeData: makeData)
          : TrainingRun(directory: directory, model: model, training: training, data: try makeData(training))
      }
      run.ranks = ranks
      var asked = 0
      // One rank alone is asked to stop.
      let outcome = try run.run(shouldStop: {
        asked += 1
        return ranks.rank == count - 1 && steps.map { asked >= $0 } ?? false
      })
      return Ending(
        outcome: outcome, losses: run.metrics.compactMap(\.validationLoss),
        weights: run.floats(\.weights).map(\.bitPattern),
        moments: run.floats(\.firstMoment) + run.floats(\.secondMoment))
    }
  }

  private static let cases: [GradientCase] = [
    GradientCase("as ever") { _ in },
    GradientCase("average of weights, clipped") {
      ($0.training.averageDecay, $0.training.clipNorm) = (0.9, 2)
    },
    GradientCase("bfloat16") { $0.training.precision = .bfloat16 },
    GradientCase("vamp, dreg") {
      $0.model.prior = .vamp(components: 4)
      ($0.training.objective, $0.training.importanceSamples) = (.dreg, 3)
    },
  ]

  @Test(arguments: cases) func aRunOfThreeRanksFollowsThatOfOne(_ test: GradientCase) throws {
    let folder = try temporaryFolder()
    let training = RankedTrainingTests.settings {
      ($0.averageDecay, $0.clipNorm, $0.precision) =
        (test.training.averageDecay, test.training.clipNorm, test.training.precision)
      ($0.objective, $0.importanceSamples) = (test.training.objective, test.training.importanceSamples)
    }
    var model = RankedTrainingTests.model
    model.prior = test.model.prior
    let one = try RankedTrainingTests.train(1, in: folder + "/one", training, model: model)[0].get()
    let many = try RankedTrainingTests.train(3, in: folder + "/many", training, model: model).map {
      try $0.get()
    }
    #expect(many.allSatisfy { $0.outcome == .finished })
    #expect(one.losses.count == 4)
    #expect(many[0].losses.count == 4)
    for (a, b) in zip(one.losses, many[0].losses) { #expect(abs(a - b) < 1e-4 * abs(a), "\(a), \(b)") }
    for other in many.dropFirst() {
      #expect(other.weights == many[0].weights)
      #expect(other.moments == many[0].moments)
    }
    // Gradients that are clipped otherwise leave other moments, though steps of Adam may be the same.
    let size = one.moments.reduce(0) { max($0, abs($1)) }
    #expect(zip(one.moments, many[0].moments).allSatisfy { abs($0 - $1) < 1e-3 * size })
    let files = { try FileManager.default.subpathsOfDirectory(atPath: folder + $0).sorted() }
    #expect(try files("/many") == files("/one"))
  }

  @Test(arguments: [(3, 1), (1, 3), (2, 3)]) func anyNumberOfRanksGoesOn(_ before: Int, _ after: Int) throws {
    let folder = try temporaryFolder()
    let training = RankedTrainingTests.settings { $0.averageDecay = 0.9 }
    let whole = try RankedTrainingTests.train(1, in: folder + "/whole", training)[0].get()
    // Asked once more after the first epoch's six steps.
    let stopped = RankedTrainingTests.train(before, in: folder + "/parts", training, stopAfter: 8)
    for result in stopped { #expect(try result.get().outcome == .interrupted) }
    #expect(try Checkpoint.read(folder + "/parts/checkpoint.safetensors").state.stepCount == 7)
    let ended = RankedTrainingTests.train(after, in: folder + "/parts", training, resume: true)
    for result in ended { #expect(try result.get().outcome == .finished) }
    let losses = try ended[0].get().losses
    #expect(losses.count == whole.losses.count)
    for (a, b) in zip(losses, whole.losses) { #expect(abs(a - b) < 1e-4 * abs(a), "\(a), \(b)") }
  }

  @Test func aFaultInWritingEndsAllRanks() throws {
    let folder = try temporaryFolder() + "/run"
    let ended = ThreadRanks.run(2) { ranks in
      let images = noiseImages(70, height: 5, width: 4)
      let training = RankedTrainingTests.settings()
      let run = TrainingRun(
        directory: ranks.rank > 0 ? .guest(folder) : try .create(at: folder),
        model: RankedTrainingTests.model,
        training: training,
        data: try TrainingData(training: images, validation: nil, fraction: 0.2, seed: 0))
      run.ranks = ranks
      // Where the log should be is a folder.
      if ranks.rank == 0 {
        try FileManager.default.createDirectory(
          atPath: folder + "/metrics.csv", withIntermediateDirectories: true)
      }
      return try run.run()
    }
    guard case .failure(let first) = ended[0], case .failure(let second) = ended[1] else {
      Issue.record("\(ended)")
      return
    }
    #expect((first as? FileError)?.path == folder + "/metrics.csv")
    #expect((second as? FaultElsewhere)?.rank == 0)
  }

  @Test func otherWeightsOnOneRankAreNoticed() throws {
    let found = ThreadRanks.run(3) { ranks in
      let trainer = trainer(gradientCases[0], workers: 1)
      trainer.ranks = ranks
      _ = trainer.step(RankedTrainingTests.batch[...], epoch: 0, learningRate: 0.01, beta: 1)
      let before = trainer.collect()
      if ranks.rank == 2 { ParameterStore.floats(trainer.store.weights)[5] += 1e-6 }
      return [before, trainer.collect()]
    }
    for result in found { #expect(try result.get() == [nil, 2]) }
  }

  /// To the bit: what an image comes to does not depend on who takes it.
  @Test(arguments: [nil, 7], [1, 2, 5]) func anEvaluationIsThatOfOneProcess(_ samples: Int?, _ count: Int)
    throws
  {
    let model = RankedTrainingTests.model
    let images = noiseImages(count == 5 ? 3 : 37, height: 5, width: 4)
    let statistics = DataStatistics(images)
    let store = ParameterStore(ModelLayout(model).parameters, elementType: .float32, keepsAverage: false)
    store.initialize(model, statistics: statistics, seed: 2)
    let vae = VAE(
      settings: model, inputMean: statistics.inputMean,
      inputStandardDeviation: statistics.inputStandardDeviation,
      values: UnsafeBufferPointer(ParameterStore.floats(store.weights)))
    let evaluator = Evaluator(vae, seed: 3, importanceSamples: samples)
    let one = evaluator.evaluateEach(images, group: WorkerGroup(count: 1))
    for result in ThreadRanks.run(
      count,
      { ranks in
        var evaluator = evaluator
        evaluator.ranks = ranks
        let (evaluation, losses) = evaluator.evaluateEach(images, group: WorkerGroup(count: 2))
        return (evaluation, losses)
      })
    {
      let (evaluation, losses) = try result.get()
      #expect(evaluation == one.evaluation)
      #expect(losses == one.images)
    }
  }
}

extension TrainingRun {
  fileprivate func floats(_ storage: KeyPath<ParameterStore, Storage>) -> [Float] {
    Array(ParameterStore.floats(store[keyPath: storage]))
  }
}
