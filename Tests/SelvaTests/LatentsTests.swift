import Compute
import Testing

@testable import Selva

/// Numbers made by References/latents.py, with its own Philox and Box-Muller.
@Suite struct LatentsTests {
  private static let seed: UInt64 = 5_000_000_007

  private func expectClose(
    _ found: [Float], _ expected: [Float], _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(found.count == expected.count, sourceLocation: location)
    for (a, b) in zip(found, expected) { #expect(abs(a - b) < 2e-6, sourceLocation: location) }
  }

  private static let prior: [Float] = [
    -1.99892321, 0.775137783, 1.03437294, -0.68893422, 0.597159197, -0.40618998, 0.00800777403, 0.106675593,
    -0.318149817, -0.0401826523, -0.724793852, -0.85905098, -1.74640138, 0.235021926, 1.03259813,
  ]

  @Test func thePriorIsTheReplays() {
    expectClose(Latents.normal(count: 3, latent: 5, seed: Self.seed), Self.prior)
    // Rows do not depend on how many there are.
    #expect(
      Array(Latents.normal(count: 9, latent: 5, seed: Self.seed)[..<15])
        == Latents.normal(count: 3, latent: 5, seed: Self.seed))
  }

  @Test(arguments: [0, 0.5, 3] as [Float]) func temperatureIsTheDeviation(temperature: Float) {
    expectClose(
      Latents.normal(count: 3, latent: 5, seed: Self.seed, temperature: temperature),
      Self.prior.map { $0 * temperature })
  }

  @Test func thePosteriorIsTheReplays() {
    let (mean, logVariance): ([Float], [Float]) = ([1, -2, 0.5, 0, 3, -1], [0, -2, 1, -4, 0.5, 2])
    expectClose(
      Latents.posterior(
        mean: mean, logVariance: logVariance, latent: 3, seed: Self.seed, images: [4, 70_000]),
      [-0.00554550058, -2.05148807, -0.00391588079, -0.0316504874, 3.37882623, 2.65231316])
    expectClose(
      Latents.posterior(mean: mean, logVariance: logVariance, latent: 3, seed: Self.seed),
      [2.45654866, -2.07182878, -0.0975257925, 0.0821474403, 0.234850233, 0.680181826])
  }

  /// Draws of one distribution over and over have its mean and deviation; five standard errors.
  @Test func drawsFollowTheirDistribution() {
    let count = 20_000
    let z = Latents.posterior(
      mean: [Float](repeating: 3, count: count), logVariance: [Float](repeating: -1.2, count: count),
      latent: 1,
      seed: 1)
    let mean = z.reduce(0.0) { $0 + Double($1) } / Double(count)
    let variance = z.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(count)
    let expected = 0.30119421191220214  // e^−1.2
    #expect(abs(mean - 3) < 5 * (expected / Double(count)).squareRoot())
    #expect(abs(variance - expected) < 5 * expected * (2 / Double(count)).squareRoot())
  }
}
