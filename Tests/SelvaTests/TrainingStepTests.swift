import Compute
import Foundation
import IDX
import Testing

@testable import Networks
@testable import Selva

/// What a step reads, apart from its gradients.
@Suite struct TrainingStepTests {
  private let images = noiseImages(12, height: 4, width: 3)

  private func trainer(
    workers: Int = 1, hidden: Int = 5, activation: Activation = .selu,
    _ change: (inout TrainingSettings) -> Void
  ) -> Trainer {
    var training = TrainingSettings()
    (training.precision, training.seed) = (.float32, 6)
    change(&training)
    let model = ModelSettings(height: 4, width: 3, hidden: [hidden], latent: 2, activation: activation)
    let statistics = DataStatistics(images)
    let trainer = Trainer(
      model: model, training: training, images: images, inputMean: statistics.inputMean,
      inputStandardDeviation: statistics.inputStandardDeviation, group: WorkerGroup(count: workers))
    trainer.store.initialize(trainer.model, statistics: statistics, seed: 6)
    return trainer
  }

  private func loss(
    _ trainer: Trainer, epoch: Int, images: ArraySlice<Int32> = [0, 1, 2, 3], epsilon: [Float]?
  )
    -> Double
  {
    trainer.gradient(images, epoch: epoch, beta: 1, epsilon: epsilon).objective
  }

  /// The same noise in each, so that only pixels can differ.
  @Test func pixelsAreDrawnAfreshInEveryEpoch() {
    let noise = [Float](repeating: 0.5, count: 8)
    let stochastic = trainer { $0.binarization = .stochastic }
    #expect(loss(stochastic, epoch: 0, epsilon: noise) == loss(stochastic, epoch: 0, epsilon: noise))
    #expect(Set((0..<4).map { loss(stochastic, epoch: $0, epsilon: noise) }).count == 4)
    let threshold = trainer { $0.binarization = .threshold }
    #expect(Set((0..<4).map { loss(threshold, epoch: $0, epsilon: noise) }).count == 1)
  }

  @Test func noiseIsDrawnAfreshInEveryEpoch() {
    let trainer = trainer { _ in }
    #expect(Set((0..<4).map { loss(trainer, epoch: $0, epsilon: nil) }).count == 4)
  }

  /// An image's noise is its own, wherever it stands in a batch.
  @Test func noiseBelongsToTheImage() {
    let trainer = trainer { _ in }
    let parts = [[2], [7]].map { loss(trainer, epoch: 3, images: $0[...], epsilon: nil) }
    #expect(abs(parts[0] + parts[1] - loss(trainer, epoch: 3, images: [7, 2], epsilon: nil)) < 1e-5)
  }

  @Test func thresholdsCutAboveOneHalf() {
    let half = ImageSet(values: [0, 0.5, 0.500001, 1], height: 1, width: 4)
    let source = BatchSource(
      half, binarization: .threshold, inputMean: [0.5, 0, 1, 0.25], inputStandardDeviation: [1, 2, 0.5, 4])
    let (targets, inputs) = (Matrix(rows: 2, columns: 4), Matrix(rows: 2, columns: 4))
    source.fill(targets.row(1), image: 0, stream: RandomStream(seed: 1, .binarization))
    source.standardization(targets.row(1), row: 1, of: inputs)
    #expect(targets.values == [0, 0, 0, 0, 0, 0, 1, 1])
    #expect(inputs.values == [0, 0, 0, 0, -0.5, 0, 0, 0.1875])
  }

  /// The gradient's norm is at most what was asked for, and its direction stays.
  @Test(arguments: [1, 3]) func clippingScalesTheWholeGradient(workers: Int) {
    func moments(_ clip: Double) -> [Float] {
      // So wide that every worker has parameters.
      let trainer = trainer(workers: workers, hidden: 60) { $0.clipNorm = clip }
      _ = trainer.step([0, 1, 2, 3], epoch: 0, learningRate: 1e-3, beta: 1)
      // The first moment after one step is a tenth of the gradient.
      return Array(ParameterStore.floats(trainer.store.firstMoment))
    }
    func norm(_ values: [Float]) -> Double { values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() }
    let (free, loose, tight) = (moments(0), moments(1e6), moments(0.01))
    #expect(free == loose)
    #expect(norm(free) > 0.01)
    #expect(abs(norm(tight) - 0.001) < 1e-8)
    let factor = Float(0.001 / norm(free))
    for (a, b) in zip(free, tight) { #expect(abs(a * factor - b) < 1e-9) }
  }

  /// Workers meet before and after such a layer: each reads the images that the others have made, batch after batch. Where
  /// products of AVX-512 are at hand, their number does not change a bit.
  @Test(arguments: [2, 3], [Precision.float32, .bfloat16])
  func workersSplitTheOutputsOfAWideLayer(workers: Int, precision: Precision) {
    func trainer(_ workers: Int) -> Trainer {
      let trainer = self.trainer(workers: workers, hidden: 400) { $0.precision = precision }
      // Biases begin as zeros, which would hide them.
      let weights = ParameterStore.floats(trainer.store.weights)
      for i in weights.indices { weights[i] += 0.1 * sin(Float(i)) }
      trainer.store.weightsChanged()
      return trainer
    }
    func layer(_ trainer: Trainer) -> any Layer { trainer.job(4).step.pass.encoder.network.layers[0] }
    let (one, many) = (trainer(1), trainer(workers))
    #expect(!layer(one).readsAllRows && layer(many).readsAllRows)
    for batch in 0..<30 {
      let images = (0..<4).map { Int32((batch * 5 + $0 * 3) % 12) }[...]
      let losses = [one, many].map { loss($0, epoch: batch, images: images, epsilon: nil) }
      let (a, b) = (ParameterStore.floats(one.store.gradients), ParameterStore.floats(many.store.gradients))
      let difference = zip(a, b).map { abs($0 - $1) }.max() ?? .infinity
      if Product.hasBFloat16 {
        #expect(difference == 0)
      } else {
        #expect(difference < (precision == .float32 ? 1e-5 : 1e-2) * (a.map(abs).max() ?? 0))
      }
      #expect(abs(losses[0] - losses[1]) < 1e-3 * abs(losses[0]))
    }
  }

  @Test func otherLayersAreSplitByRows() {
    func isByOutputs(
      workers: Int = 2, hidden: Int = 256, batch: Int = 4, activation: Activation = .selu,
      _ change: (inout TrainingSettings) -> Void = { _ in }
    ) -> Bool {
      trainer(workers: workers, hidden: hidden, activation: activation, change).job(batch).step.pass.encoder
        .network.layers
        .contains { $0.readsAllRows }
    }
    #expect(isByOutputs())
    #expect(!isByOutputs(workers: 1))
    #expect(!isByOutputs(workers: 3))
    #expect(!isByOutputs(hidden: 240))
    #expect(isByOutputs(batch: 85) && !isByOutputs(batch: 86))
    #expect(!isByOutputs { $0.dropout = 0.1 })
    #expect(!isByOutputs { $0.frozen = [.encoder] })
    #expect(!isByOutputs(activation: .gelu))
  }

  @Test func settingsReachAdam() {
    func weights(_ change: (inout TrainingSettings) -> Void) -> [Float] {
      let trainer = trainer(change)
      for _ in 0..<3 { _ = trainer.step([0, 1, 2, 3], epoch: 0, learningRate: 0.01, beta: 1) }
      return Array(ParameterStore.floats(trainer.store.weights))
    }
    let changes: [(inout TrainingSettings) -> Void] = [
      { _ in }, { $0.beta1 = 0.5 }, { $0.beta2 = 0.5 }, { $0.epsilon = 0.1 }, { $0.weightDecay = 0.5 },
      { $0.clipNorm = 0.01 }, { $0.freeBits = 0.3 }, { $0.dropout = 0.2 }, { $0.importanceSamples = 2 },
    ]
    #expect(Set(changes.map(weights)).count == changes.count)
  }

  @Test func samplesOfAnImageHaveNoiseOfTheirOwn() {
    let trainer = trainer { $0.importanceSamples = 3 }
    _ = loss(trainer, epoch: 0, images: [4], epsilon: nil)
    let epsilon = trainer.job(1).step.pass.latents.epsilon
    let rows = (0..<3).map { [epsilon.row($0)[0], epsilon.row($0)[1]] }
    #expect(Set(rows).count == 3)
    for (sample, row) in rows.enumerated() {
      #expect(row == RandomStream(seed: 6, .training, epoch: 0, image: 4, sample: sample).normals(2))
    }
  }
}

@Suite struct LikelihoodPixelTests {
  @Test(arguments: [Likelihood.gaussian, .gaussianLearned]) func gaussiansAreClampedToPixels(
    likelihood: Likelihood
  ) {
    var pixels = [Float](repeating: -1, count: 5)
    likelihood.pixels([-0.25, 0, 0.75, 1, 1.5], into: &pixels, count: 5)
    #expect(pixels == [0, 0, 0.75, 1, 1])
  }

  @Test(arguments: [Likelihood.bernoulli, .continuousBernoulli]) func logitsBecomeProbabilities(
    likelihood: Likelihood
  ) {
    var pixels = [Float](repeating: -1, count: 3)
    likelihood.pixels([0, 1.0986123, -1.0986123], into: &pixels, count: 3)
    for (found, expected) in zip(pixels, [0.5, 0.75, 0.25] as [Float]) {
      #expect(abs(found - expected) < 1e-6)
    }
  }
}
