import Compute
import Testing

@testable import Networks
@testable import Selva

/// Heads of one image with two components: means 0, and the given log variances.
private func latents(logVariances: [Float]) -> Reparameterization {
  let heads = Matrix(rows: 1, columns: 4)
  let latents = Reparameterization(heads: heads, samples: 1, type: .float32)
  for i in 0..<2 {
    heads.row(0)[i] = 0
    heads.row(0)[2 + i] = logVariances[i]
    latents.epsilon.row(0)[i] = 1
  }
  latents.forward(0)
  return latents
}

@Test func `a log variance beyond float32 leaves z and the divergence finite`() {
  let latents = latents(logVariances: [500, .infinity])
  for i in 0..<2 {
    #expect(latents.z.row(0)[i].isFinite && latents.z.row(0)[i] > 1e8)
    #expect(latents.klDivergence(0, component: i).isFinite)
  }
}

@Test func `a log variance within bounds is taken at its word`() {
  let latents = latents(logVariances: [-200, 2])
  #expect(latents.klDivergence(0, component: 0) == 99.5)
  #expect(abs(latents.klDivergence(0, component: 1) - 0.5 * (7.38905609893065 - 3)) < 1e-6)
}

@Test func `a log variance that is not a number stays so`() {
  #expect(latents(logVariances: [.nan, 0]).klDivergence(0).isNaN)
}

@Test func `the encoder gives the bounded log variance that the objective samples with`() throws {
  let fixture = try Fixture("activation-selu")
  let trainer = try fixture.trainer()
  let weights = ParameterStore.floats(trainer.store.weights)
  let bias = try #require(trainer.store.layout.views.first { $0.name == "encoder.log_variance.bias" })
  for i in bias.range { weights[i] = 500 }
  let (mean, logVariance) = fixture.vae(of: trainer).encode(fixture["x"])
  #expect(logVariance.allSatisfy { $0 == Reparameterization.largestLogVariance })
  let z = Latents.posterior(mean: mean, logVariance: logVariance, latent: fixture.model.latent, seed: 1)
  #expect(z.allSatisfy { $0.isFinite })
}
