import Compute
import Foundation
import Networks
import Testing

@testable import Selva

/// Training with priors and labels keeps what training has always kept.
@Suite struct PriorTrainingTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    var model = ModelSettings(
      height: 4, width: 3, hidden: [17, 6], latent: 3, prior: .normal, priorHidden: [19])
    var training = TrainingSettings()

    init(_ name: String, _ change: (inout Case) -> Void) {
      testDescription = name
      (training.seed, training.batchSize, training.precision) = (3, 5, .float32)
      change(&self)
    }
  }

  static let cases = [
    Case("labels") { $0.model.labels = [2, 4] },
    Case("mixture") { $0.model.prior = .mixture(components: 7) },
    Case("vamp") { $0.model.prior = .vamp(components: 7) },
    Case("vamp, dreg, labels, dropout") {
      $0.model.prior = .vamp(components: 7)
      $0.model.labels = [2, 4]
      ($0.training.objective, $0.training.importanceSamples, $0.training.dropout) = (.dreg, 3, 0.1)
    },
    Case("flow") { $0.model.prior = .flow(couplings: 3) },
    Case("flow, clipped") {
      $0.model.prior = .flow(couplings: 2)
      $0.training.clipNorm = 1
    },
    Case("vamp, bfloat16") {
      $0.model.prior = .vamp(components: 7)
      $0.training.precision = .bfloat16
    },
  ]

  private let images = noiseImages(
    23, height: 4, width: 3, labels: (0..<23).map { $0 % 3 == 0 ? 2 : 4 })

  private func trainer(_ test: Case, workers: Int = 1) -> Trainer {
    let statistics = DataStatistics(images)
    let trainer = Trainer(
      model: test.model, training: test.training, images: images, inputMean: statistics.inputMean,
      inputStandardDeviation: statistics.inputStandardDeviation, group: WorkerGroup(count: workers))
    trainer.initialize(statistics, indices: [Int32](0..<23))
    return trainer
  }

  private func weights(_ trainer: Trainer) -> [UInt32] {
    ParameterStore.floats(trainer.store.weights).map(\.bitPattern)
  }

  private func train(_ trainer: Trainer, steps: Int = 6) -> [UInt32] {
    for step in 0..<steps {
      let start = step * 3 % 18
      _ = trainer.step([Int32](0..<23)[start..<start + 5], epoch: step, learningRate: 0.01, beta: 0.7)
    }
    return weights(trainer)
  }

  /// To what products of other shapes leave in float32.
  @Test(arguments: cases) func gradientsDoNotDependOnTheNumberOfWorkers(_ test: Case) {
    func gradient(_ workers: Int) -> (layout: ParameterLayout, values: [Float], loss: Double) {
      let trainer = trainer(test, workers: workers)
      let loss = trainer.gradient([3, 9, 1, 20, 14], epoch: 2, beta: 0.7).objective
      return (trainer.store.layout, Array(ParameterStore.floats(trainer.store.gradients)), loss)
    }
    let one = gradient(1)
    for workers in [2, 3, 7] {
      let many = gradient(workers)
      #expect(abs(many.loss - one.loss) < 1e-5 * abs(one.loss))
      for view in one.layout.views {
        let size = one.values[view.range].reduce(0) { max($0, abs($1)) }
        let error = zip(one.values[view.range], many.values[view.range]).reduce(0) {
          max($0, abs($1.0 - $1.1))
        }
        // The latter is what bfloat16 leaves of it.
        let tolerance: Float = test.training.precision == .bfloat16 ? 0.02 : 2e-5
        #expect(error <= tolerance * size, "\(workers) workers, \(view.name): \(error) of \(size)")
      }
    }
  }

  @Test(arguments: cases) func everyParameterLearns(_ test: Case) {
    let trainer = trainer(test)
    let before = weights(trainer)
    let after = train(trainer)
    for view in trainer.store.layout.views {
      #expect(before[view.range] != after[view.range], "\(view.name)")
    }
  }

  /// The parts that are frozen keep their bits, and the others learn.
  @Test(arguments: [[ModelPart.encoder, .decoder], [.prior], [.encoder], [.decoder, .prior]])
  func frozenPartsStay(_ frozen: [ModelPart]) {
    for prior in [Prior.mixture(components: 4), .vamp(components: 4), .flow(couplings: 2)] {
      let trainer = trainer(
        Case("") {
          ($0.model.prior, $0.model.likelihood, $0.training.frozen) = (prior, .gaussianLearned, frozen)
          $0.training.weightDecay = 0.1
        })
      let before = weights(trainer)
      let after = train(trainer)
      for view in trainer.store.layout.views {
        let part = ModelPart(rawValue: String(view.name.prefix { $0 != "." }))
        let stays = part.map(frozen.contains) ?? false
        #expect((before[view.range] == after[view.range]) == stays, "\(prior.text), \(view.name)")
      }
    }
  }

  /// To posteriors far from N(0, I) that stay as they are, a prior comes near by learning alone.
  @Test(arguments: [Prior.mixture(components: 20), .vamp(components: 20), .flow(couplings: 3)])
  func aPriorLearnsWhereThePosteriorsLie(_ prior: Prior) {
    let trainer = trainer(
      Case("") { ($0.model.prior, $0.training.frozen) = (prior, [.encoder, .decoder]) })
    let weights = ParameterStore.floats(trainer.store.weights)
    for view in trainer.store.layout.views where view.name.hasPrefix("encoder.mean") {
      for i in view.range { weights[i] *= 30 }
    }
    // Else a VampPrior, whose pseudo-inputs begin as images, is there from the start.
    if let view = trainer.store.layout["prior.pseudo_inputs"] {
      let noise = RandomStream(seed: 2, .latents).normals(view.count)
      for (i, value) in zip(view.range, noise) { weights[i] = 0.5 + 0.05 * value }
    }
    func kl(steps: Int) -> Double {
      var sums = LossSums()
      for step in 0..<steps {
        let start = step % 4 * 5
        let taken = trainer.step(
          [Int32](0..<23)[start..<start + 5], epoch: step, learningRate: 0.02, beta: 1)
        if let taken { sums += taken }
      }
      return sums.kl / Double(sums.images)
    }
    let first = kl(steps: 4)
    _ = kl(steps: 400)
    let last = kl(steps: 40)
    #expect(last < first - 1, "\(first), and after learning \(last)")
  }
}
