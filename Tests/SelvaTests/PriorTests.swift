import Compute
import Foundation
import Networks
import Testing

@testable import Selva

/// Priors as distributions, in two dimensions, where they can be added up.
@Suite struct PriorTests {
  static let priors: [Prior] = [
    .normal, .mixture(components: 3), .vamp(components: 4), .flow(couplings: 1), .flow(couplings: 4),
  ]

  /// A model whose prior is far from where it begins.
  static func model(_ prior: Prior, latent: Int = 2) -> VAE {
    let settings = ModelSettings(
      height: 3, width: 2, hidden: [5], latent: latent, prior: prior, priorHidden: [6])
    let store = ParameterStore(
      ModelLayout(settings).parameters, elementType: .float32, keepsAverage: false)
    let images = noiseImages(8, height: 3, width: 2)
    let statistics = DataStatistics(images)
    store.initialize(settings, statistics: statistics, seed: 3) { images.image($0) }
    let weights = ParameterStore.floats(store.weights)
    for view in store.layout.views where view.name.hasPrefix("prior.") {
      let noise = RandomStream(seed: 21, .latents, image: view.offset).normals(view.count)
      // A flow of many couplings soon carries mass out of any square.
      let size: Float = view.name.contains("couplings") ? 0.12 : 0.3
      for (i, value) in zip(view.range, noise) { weights[i] += size * value }
    }
    for view in store.layout.views where view.name.hasPrefix("encoder.mean") {
      for i in view.range { weights[i] *= 10 }
    }
    return VAE(
      settings: settings, inputMean: statistics.inputMean,
      inputStandardDeviation: statistics.inputStandardDeviation, values: UnsafeBufferPointer(weights))
  }

  /// Midpoints of a grid over the square of half side 9, and the area of a cell.
  private static let side = 300
  private static let reach: Float = 9
  private static let cell = 2 * reach / Float(side)
  private static let grid: [Float] = (0..<side).flatMap { x in
    (0..<side).flatMap { y in [x, y].map { (Float($0) + 0.5) * cell - reach } }
  }

  private func masses(_ prior: LatentPrior) -> [Double] {
    prior.logDensity(Self.grid).map { exp($0) * Double(Self.cell * Self.cell) }
  }

  @Test(arguments: priors) func densitiesAddUpToOne(_ prior: Prior) {
    let total = masses(Self.model(prior).makePrior()).reduce(0, +)
    #expect(abs(total - 1) < 5e-3, "\(total)")
  }

  /// The plane in 36 cells: as many draws in each as the density says, to five standard errors.
  @Test(arguments: priors) func drawsFollowTheDensity(_ prior: Prior) {
    let (latentPrior, count) = (Self.model(prior).makePrior(), 20_000)
    func box(_ x: Float, _ y: Float) -> Int {
      func part(_ value: Float) -> Int { min(5, max(0, Int(value.rounded(.down)) + 3)) }
      return part(x) * 6 + part(y)
    }
    var (expected, found) = ([Double](repeating: 0, count: 36), [Double](repeating: 0, count: 36))
    for (i, mass) in masses(latentPrior).enumerated() {
      expected[box(Self.grid[2 * i], Self.grid[2 * i + 1])] += mass
    }
    let draws = latentPrior.sample(count: count, seed: 5)
    for i in 0..<count { found[box(draws[2 * i], draws[2 * i + 1])] += 1 / Double(count) }
    for (found, expected) in zip(found, expected) {
      let error = (expected * (1 - min(1, expected)) / Double(count)).squareRoot()
      #expect(abs(found - expected) < 5 * error + 1e-3, "\(found), expected \(expected)")
    }
    #expect(expected.filter { $0 > 0.01 }.count > 5)
  }

  /// What was drawn for one row does not depend on the others.
  @Test(arguments: priors) func aDrawDependsOnSeedAndRowAlone(_ prior: Prior) {
    let prior = Self.model(prior).makePrior()
    let many = prior.sample(count: 150, seed: 8)
    #expect(Array(many[..<10]) == prior.sample(count: 5, seed: 8))
    #expect(many != prior.sample(count: 150, seed: 9))
  }

  /// A lower temperature brings draws nearer to where the density is high.
  @Test(arguments: priors) func temperatureNarrows(_ prior: Prior) {
    let prior = Self.model(prior).makePrior()
    func mean(_ temperature: Float) -> Double {
      prior.logDensity(prior.sample(count: 2000, seed: 1, temperature: temperature)).reduce(0, +) / 2000
    }
    #expect(mean(0.5) > mean(1) + 0.2 && mean(1) > mean(2) + 0.2)
  }

  @Test(arguments: priors) func theBaseSpaceLeadsThereAndBack(_ prior: Prior) {
    let prior = Self.model(prior, latent: 5).makePrior()
    let base = Latents.normal(count: 100, latent: 5, seed: 4)
    let z = prior.fromBase(base)
    for (there, back) in zip(base, prior.toBase(z)) { #expect(abs(there - back) < 1e-4) }
    let origin = prior.fromBase([Float](repeating: 0, count: 5))
    for (found, expected) in zip(origin, prior.center) { #expect(abs(found - expected) < 1e-6) }
  }

  /// Mean and deviation of a mixture by hand: weights ½ each, means ±2, deviations 1 and 3.
  @Test func aMixturesBaseSpaceIsItsMeanAndDeviation() {
    let mixture = Mixture(
      means: Matrix(rows: 2, columns: 1, values: [-2, 2]),
      logVariances: Matrix(rows: 2, columns: 1, values: [0, Float(log(9.0))]),
      logits: Matrix(rows: 1, columns: 2, values: [0.5, 0.5]))
    let (mean, deviation) = mixture.moments
    #expect(abs(mean[0]) < 1e-6 && abs(deviation[0] - 3) < 1e-6)
    for (found, expected) in zip(mixture.cumulativeWeights, [0.5, 1]) {
      #expect(abs(found - expected) < 1e-12)
    }
  }

  @Test func aPriorIsReadAsItIsWritten() {
    for prior in Self.priors { #expect(Prior(prior.text) == prior) }
    #expect(Prior("mixture") == .mixture(components: 500) && Prior("vamp") == .vamp(components: 500))
    #expect(Prior("flow") == .flow(couplings: 6))
    for text in [
      "", "normal:1", "flow:0", "flow:65", "mixture:x", "mixture:", "vamp:0", "vamp:65537", "flow:1:2",
    ] {
      #expect(Prior(text) == nil, "\(text)")
    }
  }
}
