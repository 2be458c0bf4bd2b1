import Compute
import Foundation
import IDX
import Testing

@testable import Networks
@testable import Selva

@Suite struct ClassificationTests {
  /// Labels that neither begin at 0 nor follow each other.
  private let labels = [2, 5, 9]

  private func model(height: Int, width: Int, hidden: [Int], latent: Int, fill: (ParameterStore) -> Void)
    -> VAE
  {
    let settings = ModelSettings(height: height, width: width, hidden: hidden, latent: latent, labels: labels)
    let store = ParameterStore(ModelLayout(settings).parameters, elementType: .float32, keepsAverage: false)
    fill(store)
    return VAE(
      settings: settings, inputMean: [Float](repeating: 0, count: height * width),
      inputStandardDeviation: [Float](repeating: 1, count: height * width),
      values: UnsafeBufferPointer(ParameterStore.floats(store.weights)))
  }

  /// z says nothing: the posterior is the prior, and every sample weighs the same. Under label 2 the first pixel is
  /// bright and the second dark, under 5 the other way round, under 9 both are bright.
  private var blind: VAE {
    model(height: 1, width: 2, hidden: [], latent: 1) { store in
      let view = store.layout["decoder.label_bias"]!
      let logits: [Float] = [4, -4, -4, 4, 4, 4]
      for (i, value) in logits.enumerated() { ParameterStore.floats(store.weights)[view.offset + i] = value }
    }
  }

  private func images(_ labels: [UInt8]) -> ImageSet {
    ImageSet(values: [1, 0, 0, 1, 1, 1, 1, 0, 1, 1], height: 1, width: 2, labels: labels)
  }

  @Test(arguments: [1, 2]) func theAnswersAreThoseOfTheHand(workers: Int) {
    let group = WorkerGroup(count: workers)
    // Taken for 2, 5, 9, 2, 9.
    let found = Evaluator(blind).classify(images([2, 5, 9, 9, 5]), group: group)
    #expect(found.count == 5 && found.correct == 3 && found.accuracy == 0.6)
    #expect(found.perLabel.map(\.label) == [2, 5, 9])
    #expect(found.perLabel.map(\.count) == [1, 2, 2])
    #expect(found.perLabel.map(\.correct) == [1, 1, 1])
    #expect(found.perLabel.map(\.accuracy) == [1, 0.5, 0.5])
    #expect(found.importanceSamples == 50)
    let some = Evaluator(blind, importanceSamples: 3)
      .classify(images([2, 5, 9, 9, 5]), indices: [3, 0], group: group)
    #expect(some.count == 2 && some.correct == 1 && some.importanceSamples == 3)
    #expect(some.perLabel.map(\.count) == [1, 0, 1] && some.perLabel[1].accuracy == nil)
  }

  /// log σ(4) for a pixel as the label has it, log σ(−4) for another.
  @Test func theLikelihoodsAreThoseOfTheHand() {
    let found = Evaluator(blind, importanceSamples: 7)
      .labelLikelihoods(images([2, 5, 9, 9, 5]), group: WorkerGroup(count: 1))
    let (right, wrong) = (-log(1 + exp(-4.0)), -log(1 + exp(4.0)))
    let expected = [
      [2 * right, 2 * wrong, right + wrong, 2 * right, right + wrong],
      [2 * wrong, 2 * right, right + wrong, 2 * wrong, right + wrong],
      [right + wrong, right + wrong, 2 * right, right + wrong, 2 * right],
    ]
    for (found, expected) in zip(found.joined(), expected.joined()) { #expect(abs(found - expected) < 1e-5) }
  }

  /// Every label, image and sample in three plain loops.
  @Test func theLikelihoodsAreThoseOfAPlainLoop() {
    let model = model(height: 2, width: 3, hidden: [4], latent: 2) { store in
      let all = ParameterStore.floats(store.weights)
      let noise = Latents.normal(count: 1, latent: all.count, seed: 4)
      for i in all.indices { all[i] = 0.3 * noise[i] }
    }
    let images = noiseImages(4, height: 2, width: 3, labels: [9, 2, 2, 5])
    let found = Evaluator(model, seed: 6, importanceSamples: 5)
      .labelLikelihoods(images, group: WorkerGroup(count: 2))
    for (place, label) in labels.enumerated() {
      for image in 0..<4 {
        let weights = (0..<5).map { weight(model, images.image(image), label, image: image, sample: $0) }
        let largest = weights.max()!
        let expected = largest + log(weights.reduce(0) { $0 + exp($1 - largest) } / 5)
        #expect(abs(found[place][image] - expected) < 1e-4, "\(label), \(image)")
      }
    }
    #expect(Set(found.map { $0[0] }).count == 3)
  }

  /// log p(x, z | y) − log q(z | x, y) of one sample.
  private func weight(_ model: VAE, _ pixels: [Float], _ label: Int, image: Int, sample: Int) -> Double {
    let (mean, logVariance) = model.encode(pixels, labels: [label])
    let epsilon = RandomStream(seed: 6, .importance, image: image, sample: sample).normals(2)
    let z = (0..<2).map { mean[$0] + exp(0.5 * logVariance[$0]) * epsilon[$0] }
    var total = 0.0
    for i in 0..<2 {
      total +=
        0.5 * Double(logVariance[i]) + 0.5 * Double(epsilon[i] * epsilon[i]) - 0.5 * Double(z[i] * z[i])
    }
    for (x, p) in zip(pixels, model.decode(z, labels: [label])) {
      total += Double(x) * log(Double(p)) + Double(1 - x) * log(1 - Double(p))
    }
    return total
  }
}
