import Compute
import Testing

@testable import Selva

/// The whole backward pass against central differences of the loss, for every combination that has code of its
/// own. Float32 losses carry some 1e-6 of noise, so steps are long and tolerances are a few percent of the
/// largest gradient; the agreement to 1e-5 is tested against PyTorch.
private struct Case: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var model = ModelSettings(height: 4, width: 3, hidden: [6, 5], latent: 2)
  var training = TrainingSettings()

  init(_ name: String, _ change: (inout Case) -> Void) {
    testDescription = name
    training.precision = .float32
    training.seed = 3
    change(&self)
  }
}

private let cases: [Case] =
  Activation.allCases.map { activation in Case("\(activation)") { $0.model.activation = activation } }
  + Likelihood.allCases.map { likelihood in
    Case("\(likelihood)") {
      $0.model.likelihood = likelihood
      $0.model.sigma = 0.5
    }
  }
  + Objective.allCases.filter { $0 != .dreg }.map { objective in
    Case("\(objective), 4 samples") {
      $0.training.objective = objective
      $0.training.importanceSamples = 4
    }
  } + [
    Case("alpha dropout") { $0.training.dropout = 0.3 },
    Case("dropout") {
      $0.training.dropout = 0.3
      $0.model.activation = .tanh
    },
    Case("beta") { $0.training.beta = 3 },
    Case("free bits") { $0.training.freeBits = 0.3 },
    Case("no hidden layers") {
      $0.model.hidden = []
      $0.model.decoderHidden = []
    },
    Case("other decoder") { $0.model.decoderHidden = [4] },
  ]

@Test(arguments: cases)
private func `gradients are the slopes of the loss`(_ test: Case) throws {
  let images = noiseImages(7, height: 4, width: 3)
  let statistics = DataStatistics(images)
  let trainer = Trainer(
    model: test.model, training: test.training, images: images, inputMean: statistics.inputMean,
    inputStandardDeviation: statistics.inputStandardDeviation, group: WorkerGroup(count: 2))
  trainer.store.initialize(test.model, statistics: statistics, seed: 14)
  let weights = ParameterStore.floats(trainer.store.weights)
  // Away from the quiet start, at which the heads' gradients are too small to be told from noise.
  for view in trainer.store.layout.views where view.shape.count == 2 && !view.name.contains(".layers.") {
    for i in view.range { weights[i] *= 10 }
  }
  let batch: ArraySlice<Int32> = [0, 1, 2, 3, 4, 5, 6]
  func loss() -> Double { trainer.gradient(batch, beta: test.training.beta).objective / 7 }

  _ = loss()
  let gradient = Array(ParameterStore.floats(trainer.store.gradients))
  for view in trainer.store.layout.views {
    let size = gradient[view.range].reduce(0.02) { max($0, abs($1)) }
    for index in stride(from: view.range.lowerBound, to: view.range.upperBound, by: max(1, view.count / 5)) {
      let (value, step) = (weights[index], Float(2e-3))
      weights[index] = value + step
      let above = loss()
      weights[index] = value - step
      let slope = (above - loss()) / Double(2 * step)
      weights[index] = value
      #expect(
        abs(slope - Double(gradient[index])) < 0.03 * Double(size) + 1e-3,
        "\(view.name)[\(index - view.offset)]: \(gradient[index]), slope \(slope)")
    }
  }
}

@Test func `backward stops at rows of no worker`() throws {
  // More workers than images, some with nothing to do.
  let images = noiseImages(3, height: 4, width: 3)
  let model = ModelSettings(height: 4, width: 3, hidden: [6], latent: 2)
  let statistics = DataStatistics(images)
  func gradient(_ workers: Int) -> [Float] {
    var training = TrainingSettings()
    training.precision = .float32
    let trainer = Trainer(
      model: model, training: training, images: images, inputMean: statistics.inputMean,
      inputStandardDeviation: statistics.inputStandardDeviation, group: WorkerGroup(count: workers))
    trainer.store.initialize(model, statistics: statistics, seed: 1)
    _ = trainer.gradient([0, 1, 2], beta: 1)
    return Array(ParameterStore.floats(trainer.store.gradients))
  }
  let (one, many) = (gradient(1), gradient(64))
  for (a, b) in zip(one, many) { #expect(abs(a - b) < 1e-5) }
  #expect(one.contains { $0 != 0 })
}
