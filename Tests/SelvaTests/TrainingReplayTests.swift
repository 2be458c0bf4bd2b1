import Foundation
import IDX
import Testing

@testable import Selva

/// Whole runs against a replay in NumPy, in float64 (References/training_run.py): split, first weights, order,
/// binarization, dropout, noise, schedules, clipping, AdamW, the average of the weights, validation and the choice
/// of the best model all have to be what they say.
private struct Replay: Decodable {
  struct Case: Decodable, CustomTestStringConvertible {
    let name: String
    let settings: Settings
    let validationIndices: [Int32]
    /// Training loss, its two parts, validation loss, its two parts, learning rate; one row an epoch.
    let rows: [[Double]]
    let bestEpoch: Int
    let model: [String: [Float]]
    /// Weights after the last step, without the average.
    let last: [String: [Float]]

    var testDescription: String { name }
  }

  struct Settings: Decodable {
    let seed: UInt64
    let epochs, batchSize: Int
    let learningRate, warmupEpochs, beta1, beta2, epsilon, weightDecay, clipNorm: Double
    let beta, betaEpochs, freeBits, dropout, averageDecay, validationFraction: Double
    let schedule: LearningRateShape
    let betaShape: BetaShape
    let binarization: Binarization

    var training: TrainingSettings {
      var training = TrainingSettings()
      (training.seed, training.epochs, training.batchSize) = (seed, epochs, batchSize)
      (training.learningRate, training.learningRateShape) = (learningRate, schedule)
      (training.warmupEpochs, training.clipNorm) = (warmupEpochs, clipNorm)
      (training.beta1, training.beta2, training.epsilon) = (beta1, beta2, epsilon)
      (training.weightDecay, training.averageDecay) = (weightDecay, averageDecay)
      (training.beta, training.betaShape, training.betaEpochs) = (beta, betaShape, betaEpochs)
      (training.freeBits, training.dropout, training.binarization) = (freeBits, dropout, binarization)
      (training.validationFraction, training.precision) = (validationFraction, .float32)
      training.sampleEvery = 0
      return training
    }
  }

  let height, width, latent: Int
  let hidden: [Int]
  /// Bytes.
  let images: [Int]
  let cases: [Case]

  static let shared: Replay = {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/training-run.json")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    // A fixture that cannot be read shows as a suite without cases, which the count below notices.
    return (try? decoder.decode(Replay.self, from: Data(contentsOf: path)))
      ?? Replay(height: 0, width: 0, latent: 0, hidden: [], images: [], cases: [])
  }()

  var model: ModelSettings { ModelSettings(height: height, width: width, hidden: hidden, latent: latent) }

  func run(_ test: Case, threads: Int, in folder: String) throws -> TrainingRun {
    var training = test.settings.training
    training.threads = threads
    let images = ImageSet(values: images.map { Float($0) / 255 }, height: height, width: width)
    let data = try TrainingData(
      training: images, validation: nil, fraction: training.validationFraction, seed: training.seed)
    #expect(data.validationIndices == test.validationIndices)
    return TrainingRun(
      directory: try .create(at: folder), model: model, training: training, data: data)
  }
}

@Suite struct TrainingReplayTests {
  @Test func theFixtureIsThere() { #expect(Replay.shared.cases.count == 3) }

  @Test(arguments: Replay.shared.cases, [1, 3])
  private func followsTheReplay(_ test: Replay.Case, _ threads: Int) throws {
    try withScratchFolder { folder in
      let run = try Replay.shared.run(test, threads: threads, in: folder + "/run")
      var best: [Bool] = []
      _ = try run.run(report: { if case .epoch(_, let isBest) = $0 { best.append(isBest) } })
      #expect(best.count == test.rows.count && best.lastIndex(of: true) == test.bestEpoch - 1)
      for (row, expected) in zip(run.metrics, test.rows) {
        let found = [
          row.trainLoss, row.trainReconstruction, row.trainKL, row.validationLoss ?? .nan,
          row.validationReconstruction ?? .nan, row.validationKL ?? .nan,
        ]
        for (value, expected) in zip(found, expected) {
          #expect(abs(value - expected) < 2e-5 * max(1, expected), "epoch \(row.epoch)")
        }
        #expect(abs(row.learningRate - expected[6]) < 1e-12)
      }
      let last = try VAE(contentsOf: run.directory.checkpoint)
      let model = try VAE(contentsOf: run.directory.model)
      for (found, expected) in [(last, test.last), (model, test.model)] {
        #expect(found.parameters.count == expected.count)
        for parameter in found.parameters {
          let values = try #require(expected[parameter.name])
          let error = zip(parameter.values, values).reduce(0) { max($0, abs($1.0 - $1.1)) }
          #expect(values.count == parameter.values.count && error < 5e-5, "\(parameter.name): \(error)")
        }
      }
    }
  }
}
