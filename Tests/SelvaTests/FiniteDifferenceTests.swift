import Testing

@testable import Compute
@testable import Networks
@testable import Selva

/// The whole backward pass against central differences of the loss, for every combination that has code of its
/// own. Float32 losses carry some 1e-6 of noise, so steps are long and tolerances are a few percent of the
/// largest gradient; the agreement to 1e-5 is tested against PyTorch.
struct GradientCase: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var model = ModelSettings(height: 4, width: 3, hidden: [6, 5], latent: 3, priorHidden: [6, 5])
  var training = TrainingSettings()
  /// Of the largest gradient of a tensor. A flow adds up some thousand terms more.
  var tolerance = 0.03
  var leavesOutZeros = false

  init(_ name: String, _ change: (inout GradientCase) -> Void) {
    testDescription = name
    training.precision = .float32
    training.seed = 3
    change(&self)
  }
}

let gradientCases: [GradientCase] =
  Activation.allCases.map { activation in GradientCase("\(activation)") { $0.model.activation = activation } }
  + Likelihood.allCases.map { likelihood in
    GradientCase("\(likelihood)") {
      $0.model.likelihood = likelihood
      $0.model.sigma = 0.5
    }
  }
  + Objective.allCases.filter { $0 != .dreg }.map { objective in
    GradientCase("\(objective), 4 samples") {
      $0.training.objective = objective
      $0.training.importanceSamples = 4
    }
  } + [
    GradientCase("alpha dropout") { $0.training.dropout = 0.3 },
    GradientCase("dropout") {
      $0.training.dropout = 0.3
      $0.model.activation = .tanh
    },
    GradientCase("beta") { $0.training.beta = 3 },
    GradientCase("free bits") { $0.training.freeBits = 0.3 },
    GradientCase("no hidden layers") {
      $0.model.hidden = []
      $0.model.decoderHidden = []
    },
    GradientCase("other decoder") { $0.model.decoderHidden = [4] },
    GradientCase("labels") { $0.model.labels = [1, 3, 7] },
    GradientCase("labels without hidden layers") {
      $0.model.labels = [1, 3, 7]
      $0.model.hidden = []
      $0.model.decoderHidden = []
    },
  ] + priors + convolutions + recurrent + sparse
  + [Likelihood.gaussianLearned, .discretizedLogistic].flatMap { likelihood in
    Objective.allCases.filter { $0 != .dreg }.map { objective in
      GradientCase("\(likelihood) in colour, \(objective)") {
        $0.model.likelihood = likelihood
        $0.model.sigma = 0.5
        ($0.model.width, $0.model.channels) = (1, 3)
        $0.training.objective = objective
        $0.training.importanceSamples = 2
      }
    }
  }

private let priors: [GradientCase] = [
  Prior.mixture(components: 3), .vamp(components: 5), .flow(couplings: 3),
]
.flatMap { prior in
  [
    GradientCase(prior.text) {
      $0.model.prior = prior
      if case .flow = prior { $0.tolerance = 0.1 }
    },
    GradientCase("\(prior.text), beta, 4 samples") {
      $0.model.prior = prior
      $0.training.beta = 3
      $0.training.importanceSamples = 4
    },
    GradientCase("\(prior.text), iwae, 4 samples, labels") {
      $0.model.prior = prior
      $0.model.labels = [1, 3, 7]
      $0.training.objective = .iwae
      $0.training.importanceSamples = 4
      if case .flow = prior { $0.tolerance = 0.1 }
    },
    GradientCase("\(prior.text), dropout") {
      $0.model.prior = prior
      $0.training.dropout = 0.3
    },
  ]
}

private let convolutions = [
  GradientCase("convolution") { $0.model.network = .convolution(Convolution(channels: [3, 2])) },
  GradientCase("convolution, no hidden layers, labels") {
    $0.model.network = .convolution(Convolution(channels: [3], kernel: 3))
    $0.model.hidden = []
    $0.model.decoderHidden = []
    $0.model.labels = [1, 3, 7]
  },
  GradientCase("residual blocks, dropout, iwae") {
    $0.model.network = .convolution(Convolution(channels: [3, 2], residualBlocks: 2))
    $0.training.dropout = 0.3
    $0.training.objective = .iwae
    $0.training.importanceSamples = 3
  },
  GradientCase("residual blocks, vamp, gelu") {
    $0.model.network = .convolution(Convolution(channels: [2], residualBlocks: 1))
    $0.model.prior = .vamp(components: 4)
    $0.model.activation = .gelu
  },
]

private let recurrent = [
  // SELU's slope jumps at 0, and a state that passes there passes it at every step after.
  GradientCase("recurrent, elu") {
    ($0.model.network, $0.model.hidden, $0.model.decoderHidden) = (deep, [], [])
    $0.model.activation = .elu
  },
  GradientCase("recurrent, dense layers, iwae") {
    $0.model.network = deep
    $0.model.activation = .tanh
    $0.training.objective = .iwae
    $0.training.importanceSamples = 3
  },
  GradientCase("recurrent, vamp, labels, gelu") {
    ($0.model.network, $0.model.hidden, $0.model.decoderHidden) = (deep, [], [])
    $0.model.prior = .vamp(components: 4)
    $0.model.activation = .gelu
    $0.model.labels = [1, 3, 7]
  },
]
private let sparse = [
  GradientCase("zeros left out") { $0.leavesOutZeros = true },
  GradientCase("zeros left out, labels, dropout, iwae, gelu") {
    $0.leavesOutZeros = true
    $0.model.labels = [1, 3, 7]
    $0.model.activation = .gelu
    ($0.training.dropout, $0.training.objective, $0.training.importanceSamples) = (0.3, .iwae, 3)
  },
  GradientCase("zeros left out, no hidden layers, flow") {
    ($0.leavesOutZeros, $0.tolerance) = (true, 0.1)
    ($0.model.hidden, $0.model.decoderHidden) = ([], [])
    $0.model.prior = .flow(couplings: 3)
  },
]

private let deep = NetworkShape.recurrent(Recurrent(layers: [6, 5]))

/// On seven images.
func trainer(_ test: GradientCase, workers: Int = 2, group: WorkerGroup? = nil) -> Trainer {
  let images = noiseImages(
    7, height: 4, width: test.model.width, channels: test.model.channels, labels: [1, 3, 7, 7, 3, 1, 3])
  let statistics = DataStatistics(images)
  let trainer = Trainer(
    model: test.model, training: test.training, images: images, inputMean: statistics.inputMean,
    inputStandardDeviation: statistics.inputStandardDeviation, group: group ?? WorkerGroup(count: workers))
  trainer.leavesOutZeros = test.leavesOutZeros
  trainer.store.initialize(trainer.model, statistics: statistics, seed: 14) { images.image($0) }
  return trainer
}

@Test(arguments: gradientCases)
private func `gradients are the slopes of the loss`(_ test: GradientCase) throws {
  let trainer = trainer(test)
  let weights = ParameterStore.floats(trainer.store.weights)
  // Away from the quiet start, at which the heads' gradients are too small to be told from noise.
  for view in trainer.store.layout.views
  where !view.name.hasPrefix("prior.") && !view.name.hasSuffix("_bias") && view.shape.count == 2
    && !view.name.contains(".layers.") && !view.name.contains(".recurrent.")
  {
    for i in view.range { weights[i] *= 10 }
  }
  // And away from a flow that is the identity, and from pixels at their bounds, where only what leads back is passed.
  for view in trainer.store.layout.views where view.name.hasPrefix("prior.") || view.name.hasSuffix("_bias") {
    let noise = RandomStream(seed: 15, .latents, image: view.offset).normals(view.count)
    let isPixels = view.name == "prior.pseudo_inputs"
    for (i, value) in zip(view.range, noise) {
      weights[i] = isPixels ? 0.2 + 0.6 * weights[i] : weights[i] + 0.05 * value
    }
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
        abs(slope - Double(gradient[index])) < test.tolerance * Double(size) + 1e-3,
        "\(view.name)[\(index - view.offset)]: \(gradient[index]), slope \(slope)")
    }
  }
}

/// One thread does the parts one after the other where the others have another process in their way.
@Test(arguments: gradientCases)
private func `what comes out does not depend on who did which part`(_ test: GradientCase) {
  let putOff = WorkerGroup(count: 3) { _ in
    let now = Stopwatch.nanoseconds
    var turns = Turns(at: now - 2_000_000, memory: .max / 4)
    _ = turns.waited(at: now - 1_000_000)
    _ = turns.waited(at: now)
    return turns
  }
  let trainers = [trainer(test, workers: 3), trainer(test, group: putOff)]
  let sums = trainers.map { trainer in
    (0..<3).map {
      trainer.step([0, 1, 2, 3, 4, 5, 6], epoch: $0, learningRate: 1e-3, beta: test.training.beta)
    }
  }
  #expect(sums[0] == sums[1])
  let (weights, others) = (trainers[0].store.weights, trainers[1].store.weights)
  #expect(ParameterStore.floats(weights).elementsEqual(ParameterStore.floats(others)))
}

/// A step updates what a worker has finished while the others are still at theirs.
@Test(arguments: gradientCases, [[0, 1], [1, 0]])
private func `no worker reads parameters that another has finished`(_ test: GradientCase, _ order: [Int]) {
  let trainer = trainer(test)
  let batch: ArraySlice<Int32> = [0, 1, 2, 3, 4, 5, 6]
  _ = trainer.gradient(batch, beta: test.training.beta)
  let gradient = ParameterStore.floats(trainer.store.gradients)
  let expected = Array(gradient)
  gradient.update(repeating: 0)

  let (step, store) = (trainer.job(batch.count).step, trainer.store)
  trainer.group.run(
    Phases { phases in
      step.addImageGradients(to: &phases)
      for turn in order {
        phases.meet()
        phases.add { worker in
          guard turn == worker.index else { return }
          step.parameterGradients(worker) { finished, values in
            store.keepGradient(finished, values)
            ParameterStore.floats(store.weights)[finished].update(repeating: .nan)
          }
        }
      }
    })
  for view in store.layout.views {
    #expect(expected[view.range].elementsEqual(gradient[view.range]), "\(view.name)")
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
    trainer.store.initialize(trainer.model, statistics: statistics, seed: 1)
    _ = trainer.gradient([0, 1, 2], beta: 1)
    return Array(ParameterStore.floats(trainer.store.gradients))
  }
  let (one, many) = (gradient(1), gradient(64))
  for (a, b) in zip(one, many) { #expect(abs(a - b) < 1e-5) }
  #expect(one.contains { $0 != 0 })
}
