import Compute
import Foundation
import IDX
import Testing

@testable import Networks
@testable import Selva

/// Numbers worked out by hand, and by References/latents.py.
@Suite struct EvaluationTests {
  /// Two pixels, two components, no hidden layer. q(z | x) is N(scale · x₀, 1) in each component; the decoder
  /// knows nothing, so that every pixel costs log 2.
  private func model(scales: [Float], likelihood: Likelihood = .bernoulli) -> VAE {
    let settings = ModelSettings(height: 1, width: 2, hidden: [], latent: 2, likelihood: likelihood)
    let store = ParameterStore(ModelLayout(settings).parameters, elementType: .float32, keepsAverage: false)
    let weights = ParameterStore.floats(store.weights)
    for view in store.layout.views where view.name == "encoder.mean.weight" {
      for i in 0..<2 { weights[view.offset + 2 * i] = scales[i] }
    }
    return VAE(
      settings: settings, inputMean: [0, 0], inputStandardDeviation: [1, 1],
      values: UnsafeBufferPointer(weights))
  }

  private let images = ImageSet(values: [0, 0.25, 0.5, 0.25, 1, 0.25], height: 1, width: 2)

  /// Means 0, 1, 2 and 0, 0.095, 0.19: divergences ½μ² of 0, ½, 2 and 0, 0.0045125, 0.01805.
  @Test(arguments: [1, 2]) func averagesErrorsAndBitsAreThoseOfTheHand(workers: Int) {
    let found = Evaluator(model(scales: [2, 0.19]), seed: 9)
      .evaluate(images, group: WorkerGroup(count: workers))
    let log2 = 0.6931471805599453
    #expect(found.count == 3)
    #expect(abs(found.reconstruction - 2 * log2) < 1e-6)
    #expect(abs(found.klPerComponent![0] - 2.5 / 3) < 1e-6)
    #expect(abs(found.klPerComponent![1] - 0.0225625 / 3) < 1e-7)
    #expect(abs(found.kl - 2.5225625 / 3) < 1e-6)
    #expect(abs(found.loss - 2.2271485277865573) < 1e-6)
    // Divisor n − 1, and the root of n.
    #expect(abs(found.lossStandardError - 0.606348562620842) < 1e-6)
    #expect(abs(found.bitsPerDimension - 1.606548068180411) < 1e-6)
    #expect(found.nll == nil && found.nllStandardError == nil && found.importanceSamples == nil)
    #expect(found.objective == found.loss)
  }

  /// Variances of the means over the images, 0.25 · scale²: on either side of 0.01.
  @Test(
    arguments: [([2.0, 0.19], 1), ([0.19, 2], 1), ([2, 0.21], 2), ([0.19, 0.19], 0)] as [([Float], Int)])
  func aUnitIsActiveAboveOneHundredth(scales: [Float], active: Int) {
    let found = Evaluator(model(scales: scales)).evaluate(images, group: WorkerGroup(count: 1))
    #expect(found.activeUnits == active)
  }

  @Test func oneImageHasNoError() {
    let found = Evaluator(model(scales: [2, 1]), importanceSamples: 3)
      .evaluate(images, indices: [1], group: WorkerGroup(count: 1))
    #expect(found.lossStandardError == 0 && found.nllStandardError == 0 && found.activeUnits == 0)
  }

  /// More samples than are decoded at a time.
  @Test func theEstimateIsThatOfTheReplay() throws {
    let found = Evaluator(model(scales: [2, 0.19]), seed: 9, importanceSamples: 300)
      .evaluate(images, group: WorkerGroup(count: 2))
    #expect(abs(try #require(found.nll) - 1.4481504450998786) < 1e-5)
    #expect(abs(try #require(found.nllStandardError) - 0.06599830424732345) < 1e-5)
    #expect(found.importanceSamples == 300 && found.objective == found.nll)
  }

  /// Products of bfloat16 have other last digits, with the same draws; where the processor has none, nothing changes.
  @Test(arguments: [nil, 9]) func bfloat16TellsWhatItChanges(_ samples: Int?) throws {
    let fixture = try Fixture("prior-flow")
    let images = ImageSet(
      values: (0..<120).flatMap { fixture.images.image($0 % fixture.images.count) },
      height: fixture.images.height, width: fixture.images.width)
    let group = WorkerGroup(count: 2)
    var evaluator = Evaluator(try fixture.vae, seed: 3, importanceSamples: samples)
    let single = evaluator.evaluateEach(images, group: group)
    #expect(evaluator.precisionError(single.images, of: images, group: group) == nil)
    evaluator.precision = .bfloat16
    let half = evaluator.evaluateEach(images, group: group)
    let error = evaluator.precisionError(half.images, of: images, group: group)
    guard Precision.processorHasBFloat16 else {
      #expect(half.images == single.images && error == nil)
      return
    }
    let (halves, singles) =
      samples == nil ? (half.images.losses, single.images.losses) : (half.images.nlls, single.images.nlls)
    // One of two, so that there are 50 at least.
    let differences = MeanAndError(stride(from: 0, to: 120, by: 2).map { halves[$0] - singles[$0] })
    let bound = 0.01 * single.evaluation.objective
    #expect(differences.mean != 0 && zip(halves, singles).allSatisfy { abs($0 - $1) < bound })
    let found = try #require(error)
    #expect(found.mean == differences.mean && found.standardError == differences.standardError)
    #expect(found.count == 60)
  }

  /// The same images, whichever others are evaluated with them.
  @Test func indicesChooseImages() {
    let evaluator = Evaluator(model(scales: [2, 0.19]), binarization: .stochastic, seed: 2)
    let group = WorkerGroup(count: 1)
    let parts = [0, 1, 2].map { evaluator.evaluate(images, indices: [$0], group: group) }
    let whole = evaluator.evaluate(images, group: group)
    #expect(abs(parts.reduce(0) { $0 + $1.loss } / 3 - whole.loss) < 1e-12)
    #expect(Set(parts.map(\.loss)).count > 1)
  }

  @Test func progressTellsOfEveryImage() {
    let told = Told()
    var evaluator = Evaluator(model(scales: [2, 0.19]), importanceSamples: 2)
    evaluator.progress = { told.add($0) }
    _ = evaluator.evaluate(images, group: WorkerGroup(count: 1))
    #expect(told.counts == [1, 2, 3])
  }

  /// Stopped as soon as may be, what is left is an evaluation of the images that are done.
  @Test(arguments: [1, 2, 3]) func whatIsStoppedIsAnEvaluationOfLess(workers: Int) {
    var evaluator = Evaluator(model(scales: [2, 0.19]), seed: 4, importanceSamples: 3)
    let whole = evaluator.evaluateEach(images, group: WorkerGroup(count: 1)).images
    #expect(whole.places == [0, 1, 2])
    evaluator.shouldStop = { true }
    let (evaluation, losses) = evaluator.evaluateEach(images, group: WorkerGroup(count: workers))
    #expect(losses.places.count <= workers && losses.places.first == 0)
    if workers == 1 { #expect(losses.places == [0]) }
    #expect(evaluation.count == losses.places.count)
    #expect(losses.nlls == losses.places.map { whole.nlls[$0] })
    #expect(losses.losses == losses.places.map { whole.losses[$0] })
    evaluator.shouldStop = nil
    let expected = evaluator.evaluate(
      images, indices: losses.places.map { Int32($0) }, group: WorkerGroup(count: 1))
    #expect(evaluation == expected)
  }

  @Test func blocksHandOutEveryImageOnce() {
    let blocks = ImageBlocks(0..<10, of: 10, size: 4)
    var taken: [Range<Int>] = []
    while let block = blocks.take() { taken.append(block) }
    #expect(taken == [0..<4, 4..<8, 8..<10] && blocks.take() == nil)
    #expect(blocks.finish(7) == 1 && blocks.finish(2) == 2)
    #expect(blocks.places == [2, 7])
  }

  @Test func meanAndErrorAreThoseOfTheHand() {
    let found = MeanAndError([2, 4, 4, 4, 5, 5, 7, 9])
    // Squares about 5 add up to 32; 32 / 7 / 8.
    #expect(found.mean == 5)
    #expect(abs(found.standardError - 0.5714285714285714.squareRoot()) < 1e-15)
  }
}

/// `@unchecked Sendable`: told by one worker.
private final class Told: @unchecked Sendable {
  private(set) var counts: [Int] = []
  func add(_ count: Int) { counts.append(count) }
}
