import Compute
import Foundation
import Testing

@testable import Networks
@testable import Selva

/// Losses and gradients that PyTorch computed in float64 (Tests/References/vae_reference.py).
private let cases =
  [
    "activation-selu", "activation-relu", "activation-leaky-relu", "activation-elu", "activation-gelu",
    "activation-silu", "activation-tanh", "beta", "free-bits", "elbo-k5", "iwae-k5", "dreg-k5",
    "continuous-bernoulli", "gaussian-fixed", "gaussian-learned", "dreg-k5-gaussian-learned",
  ] + priors + ["labels"] + spreads + convolutions + recurrent

private let spreads = [
  "gaussian-learned-colour", "discretized-logistic", "discretized-logistic-colour",
  "dreg-k5-gaussian-learned-colour", "dreg-k5-discretized-logistic-colour",
]

private let convolutions = [
  "convolution", "convolution-vamp", "convolution-residual", "convolution-residual-iwae-k5",
]

private let recurrent = ["recurrent", "recurrent-deep-iwae-k5", "recurrent-vamp", "recurrent-labels"]

private let priors = [
  "prior-mixture", "prior-mixture-beta-k5", "prior-mixture-dreg-k5", "prior-vamp", "prior-vamp-dreg-k5",
  "prior-flow", "prior-flow-iwae-k5", "prior-flow-dreg-k5", "labels-prior-vamp-iwae-k5",
]

@Test(arguments: cases, [1, 2, 5])
func `loss and every gradient tensor agree with PyTorch`(_ name: String, _ workers: Int) throws {
  let fixture = try Fixture(name)
  let trainer = try fixture.trainer(workers: workers)
  let sums = trainer.gradient([0, 1, 2, 3, 4, 5], beta: fixture.training.beta, epsilon: fixture["epsilon"])
  let images = Double(sums.images)
  #expect(abs(sums.objective / images - fixture.number("loss")) < 1e-5 * abs(fixture.number("loss")))
  #expect(
    abs(sums.reconstruction / images - fixture.number("reconstruction"))
      < 1e-5 * abs(fixture.number("reconstruction")))
  #expect(abs(sums.kl / images - fixture.number("kl")) < 1e-5 * fixture.number("kl"))

  let gradients = ParameterStore.floats(trainer.store.gradients)
  for view in trainer.store.layout.views {
    let expected = fixture["gradient.\(view.name)"]
    // Relative to the tensor: an element may be a difference of larger ones.
    let size = expected.reduce(0) { max($0, abs($1)) }
    let error = zip(gradients[view.range], expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(error <= 1e-5 * size, "\(view.name): \(error) of \(size)")
  }
}

/// log p(z) alone, its slope in z by differences, and the way to the base space and back.
@Test(arguments: priors)
func `a prior's density agrees with PyTorch`(_ name: String) throws {
  let fixture = try Fixture(name)
  let prior = try fixture.vae.makePrior()
  let (z, latent) = (fixture["z"], fixture.model.latent)
  for (found, expected) in zip(prior.logDensity(z), fixture["log_prior"]) {
    #expect(abs(found - Double(expected)) <= 1e-5 * abs(Double(expected)), "\(found), expected \(expected)")
  }
  let slopes = fixture["prior_slope"]
  for i in 0..<latent {
    let step: Float = 1e-3
    func moved(_ by: Float) -> [Double] {
      prior.logDensity(z.indices.map { z[$0] + ($0 % latent == i ? by : 0) })
    }
    let (above, below) = (moved(step), moved(-step))
    for row in above.indices {
      let slope = (above[row] - below[row]) / Double(2 * step)
      let expected = slopes[row * latent..<(row + 1) * latent]
      let size = Double(expected.reduce(1) { max($0, abs($1)) })
      #expect(
        abs(slope - Double(expected[row * latent + i])) < 0.05 * size, "row \(row), component \(i)")
    }
  }
  for (found, expected) in zip(prior.fromBase(prior.toBase(z)), z) {
    #expect(abs(found - expected) < 1e-4 * max(1, abs(expected)))
  }
}

@Test(arguments: ["adam", "adamw"], [1, 2])
func `twenty steps follow PyTorch's optimizer`(_ name: String, _ workers: Int) throws {
  let fixture = try Fixture(name)
  let trainer = try fixture.trainer(workers: workers)
  let losses = fixture.file.metadata["losses"]!.split(separator: ",").map { Double($0)! }
  let perStep = 6 * fixture.model.latent
  let epsilon = fixture["epsilon"]
  for (step, expected) in losses.enumerated() {
    let noise = Array(epsilon[step * perStep..<(step + 1) * perStep])
    let taken = trainer.step(
      [0, 1, 2, 3, 4, 5], epoch: 0, learningRate: fixture.number("learning_rate"), beta: 1, epsilon: noise)
    let sums = try #require(taken)
    #expect(abs(sums.objective / 6 - expected) < 1e-4 * expected, "step \(step)")
  }
  let weights = ParameterStore.floats(trainer.store.weights)
  for view in trainer.store.layout.views {
    let expected = fixture["final.\(view.name)"]
    for (found, wanted) in zip(weights[view.range], expected) {
      #expect(abs(found - wanted) < 2e-4, "\(view.name)")
    }
  }
}

@Test func `encoder and decoder agree with PyTorch`() throws {
  let fixture = try Fixture("activation-selu")
  let model = try fixture.vae
  let (mean, logVariance) = model.encode(fixture["x"])
  func agree(_ found: [Float], _ expected: [Float]) -> Bool {
    found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 }
  }
  #expect(agree(mean, fixture["mean"]))
  #expect(agree(logVariance, fixture["log_variance"]))
  #expect(agree(model.decode(fixture["z"]), fixture["logits"].map { 1 / (1 + exp(-$0)) }))
}

@Test(arguments: ["linear-gaussian-exact", "linear-gaussian-mean-field"], [1, 3])
func `nll and ELBO agree with the closed form of a linear model`(_ name: String, _ workers: Int) throws {
  let fixture = try Fixture(name)
  let evaluator = Evaluator(try fixture.vae, seed: 5, importanceSamples: 5000)
  let found = evaluator.evaluate(fixture.images, group: WorkerGroup(count: workers))
  // Five standard errors of the estimate, and what float32 loses.
  let tolerance = 5 * fixture.number("importance_standard_error") + 2e-5
  #expect(abs(found.nll! - fixture.number("nll")) < tolerance)
  // One draw of z an image: an average of 16 with a spread of about one nat, or none where q is the posterior.
  let spread = name == "linear-gaussian-exact" ? 0.6 : 1.5
  #expect(abs(found.loss - fixture.number("negative_elbo")) < spread)
  #expect(found.nll! <= fixture.number("negative_elbo") + tolerance)
}
