#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What `Evaluator` found: nats per image, averaged over the set.
public struct Evaluation: Codable, Sendable, Equatable {
  /// −ELBO = reconstruction + KL divergence, z sampled.
  public var loss: Double
  /// −log p(x | z).
  public var reconstruction: Double
  /// KL(q(z | x) ‖ p(z)): in closed form where the prior is N(0, I), else log q(z | x) − log p(z) of the z drawn.
  public var kl: Double
  /// Images.
  public var count: Int
  /// Of `loss`, over images, in nats.
  public var lossStandardError: Double
  /// `loss` in bits for each value of an image: of 256 levels, or under a Bernoulli likelihood of 0 and 1.
  public var bitsPerDimension: Double
  /// Components whose posterior mean has a variance over the set of more than 0.01 (Burda et al. 2016, section 5.2).
  public var activeUnits: Int
  /// KL divergence of each component in nats, `[latent]`; nil where the prior does not take them one by one.
  public var klPerComponent: [Double]?
  /// −log p(x), estimated with `importanceSamples` samples (Burda et al. 2016); nil where it was not asked for.
  public var nll: Double?
  /// Of `nll`, over images, in nats; nil where `nll` is.
  public var nllStandardError: Double?
  /// Draws of z for each image behind `nll`; nil where `nll` is.
  public var importanceSamples: Int?

  /// The bound of as many samples as were asked for: `nll`, or else −ELBO.
  package var objective: Double { nll ?? loss }

  private enum CodingKeys: String, CodingKey {
    case loss, reconstruction, kl, count
    case lossStandardError = "loss_standard_error"
    case bitsPerDimension = "bits_per_dimension"
    case activeUnits = "active_units"
    case klPerComponent = "kl_per_component"
    case nll
    case nllStandardError = "nll_standard_error"
    case importanceSamples = "importance_samples"
  }
}

/// What `Evaluator` found of each image that was done, in nats, `[count]`.
public struct ImageLosses: Sendable, Equatable {
  /// Which of the images that were asked for, from 0 and ascending: all, unless the evaluation was stopped.
  public let places: [Int]
  /// −ELBO.
  public let losses: [Double]
  /// −log p(x), estimated; empty where it was not asked for.
  public let nlls: [Double]

  /// Of the `count` images with the largest −ELBO, the worst first, where they are in `losses`.
  public func worst(_ count: Int) -> [Int] {
    Array(losses.indices.sorted { (losses[$1], $0) < (losses[$0], $1) }.prefix(count))
  }
}

/// Mean and its standard error, over images.
struct MeanAndError {
  let mean: Double
  let standardError: Double

  init(_ values: some Collection<Double>) {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    self.mean = mean
    standardError = count > 1 ? (squares / (count - 1) / count).squareRoot() : 0
  }
}
