import CKernels
import Compute
import Networks

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Gaussians with learned means, variances and weights: p(z) = Σ w_k N(z; μ_k, σ_k²), w = softmax(logits).
struct MixturePlan: PriorPlan {
  private let components: Int
  private let latent: Int
  private let means: Int
  private let logVariances: Int
  private let logits: Int

  /// Means begin as draws from N(0, I), variances at 1.
  init(_ components: Int, latent: Int, in layout: inout ParameterLayout) {
    self.components = components
    self.latent = latent
    layout.align()
    means =
      layout.add(
        "prior.means", [components, latent], .normal(gain: 1, fanIn: 1)
      ).offset
    layout.align()
    logVariances = layout.add("prior.log_variances", [components, latent]).offset
    layout.align()
    logits = layout.add("prior.logits", [components]).offset
  }

  var sharesComponents: Bool { true }

  func mixture(_ parameters: Parameters) -> Mixture {
    Mixture(
      means: parameters.matrix(means, rows: components, columns: latent),
      logVariances: parameters.matrix(logVariances, rows: components, columns: latent),
      logits: parameters.matrix(logits, rows: 1, columns: components))
  }

  func bind(_ binding: PriorBinding) -> any PriorPass {
    let parameters = binding.parameters
    let places = parameters.gradients.map { _ in
      MixturePass.Places(means: means, logVariances: logVariances, logits: logits)
    }
    return MixturePass(mixture(parameters), binding, places: places)
  }

  func byteCount(rows: Int, latent: Int) -> Double {
    Mixture.byteCount(components, latent: latent) + Matrix.byteCount(rows, components)
  }
}

/// Components with what their densities are reckoned from.
struct Mixture: Sendable {
  /// `[components, latent]`.
  let means: Matrix
  let logVariances: Matrix
  /// `[1, components]`.
  let logits: Matrix
  /// 1/σ², `[components, latent]`.
  private let precisions: Matrix
  /// log w_k − ½ Σ (log σ² + log 2π), `[1, components]`.
  private let constants: Matrix
  /// w_k, as `prepare` found them.
  let proportions: Doubles

  init(means: Matrix, logVariances: Matrix, logits: Matrix) {
    self.means = means
    self.logVariances = logVariances
    self.logits = logits
    precisions = Matrix(rows: means.rows, columns: means.columns)
    constants = Matrix(rows: 1, columns: means.rows)
    proportions = Doubles(means.rows)
  }

  var count: Int { means.rows }
  private var latent: Int { means.columns }

  static func byteCount(_ components: Int, latent: Int) -> Double {
    Matrix.byteCount(components, latent + 1) + 8 * Double(components)
  }

  /// log Σ exp(logits).
  var logTotal: Double {
    let logits = UnsafeBufferPointer(start: logits.floats, count: count)
    let largest = Double(logits.max() ?? 0)
    return largest + log(logits.reduce(0) { $0 + exp(Double($1) - largest) })
  }

  /// After the components have changed.
  func prepare(_ components: Range<Int>) {
    let logTotal = logTotal
    for k in components {
      let logVariance = logVariances.row(k)
      selva_exp(logVariance, -1, precisions.row(k), latent)
      var sum = 0.0
      for i in 0..<latent { sum += Double(logVariance[i]) + logTwoPi }
      let logProportion = Double(logits.floats[k]) - logTotal
      constants.floats[k] = Float(logProportion - 0.5 * sum)
      proportions[k] = exp(logProportion)
    }
  }

  /// log p(z) in nats; `shares` receives each component's part of p(z), which add up to 1.
  func logDensity(_ z: UnsafePointer<Float>, shares: UnsafeMutablePointer<Float>) -> Double {
    selva_mixture_distances(
      z, means.floats, means.stride, precisions.floats, count, latent, shares)
    return selva_mixture_shares(constants.floats, shares, count)
  }

  /// Adds Σ_k weights_k · (z − μ_k)/σ_k² to `gradient`.
  func pull(
    _ z: UnsafePointer<Float>, weights: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>
  ) {
    selva_mixture_pull(z, means.floats, means.stride, precisions.floats, weights, count, latent, gradient)
  }

  /// Of −Σ weight · log p(z) over all rows by component k's mean and log variance.
  ///
  /// - Parameter weights: `[rows, components]`, each row's weight times its shares.
  func gradient(
    of k: Int, z: Matrix, weights: Matrix, mean: UnsafeMutablePointer<Float>,
    logVariance: UnsafeMutablePointer<Float>
  ) {
    selva_mixture_component(
      z.floats, z.stride, weights.floats + k, weights.stride, z.rows, means.row(k), precisions.row(k), latent,
      mean, logVariance)
  }
}

/// A mixture bound to the rows of a step. Rows are split for the density, components for their gradients, so that
/// nothing is summed over workers.
final class MixturePass: PriorPass {
  let mixture: Mixture
  let binding: PriorBinding
  /// Each component's part of p(z), and after `backward` times the row's weight, `[rows, components]`.
  private let shares: Matrix
  private let places: Places?

  /// Where the parameters lie.
  struct Places: Sendable {
    /// Nil where the components are not parameters themselves.
    var means: Int?
    var logVariances: Int?
    let logits: Int
  }

  init(_ mixture: Mixture, _ binding: PriorBinding, places: Places?) {
    self.mixture = mixture
    self.binding = binding
    self.places = places
    shares = Matrix(rows: binding.z.rows, columns: mixture.count)
  }

  func share(_ worker: Int) -> Range<Int> {
    Worker.share(of: mixture.count, index: worker, count: binding.rows.workers)
  }

  func prepare(_ worker: Int) { mixture.prepare(share(worker)) }

  func forward(_ worker: Int) {
    for row in binding.rows.blocks[worker].joined() {
      binding.logDensity[row] = mixture.logDensity(binding.z.row(row), shares: shares.row(row))
    }
  }

  func backward(_ worker: Int) {
    for row in binding.rows.blocks[worker].joined() {
      selva_scale(shares.row(row), binding.weights.row(row)[0], mixture.count)
      mixture.pull(binding.z.row(row), weights: shares.row(row), gradient: binding.gradient.row(row))
    }
  }

  /// Of one component, `[latent]` each.
  func gradient(
    of k: Int, mean: UnsafeMutablePointer<Float>, logVariance: UnsafeMutablePointer<Float>
  ) {
    mixture.gradient(of: k, z: binding.z, weights: shares, mean: mean, logVariance: logVariance)
  }

  func parameterGradient(_ worker: Int, finished: GradientUse) {
    guard let places else { return }
    let (mine, latent) = (share(worker), binding.z.columns)
    guard !mine.isEmpty else { return }
    logitsGradient(mine, at: places.logits)
    finished(places.logits + mine.lowerBound..<places.logits + mine.upperBound, nil)
    guard let means = places.means, let logVariances = places.logVariances,
      let meanGradient = binding.parameters.gradient(means, rows: mixture.count, columns: latent),
      let varianceGradient = binding.parameters.gradient(logVariances, rows: mixture.count, columns: latent)
    else { return }
    for k in mine { gradient(of: k, mean: meanGradient.row(k), logVariance: varianceGradient.row(k)) }
    for offset in [means, logVariances] {
      finished(offset + mine.lowerBound * latent..<offset + mine.upperBound * latent, nil)
    }
  }

  /// w_k · Σ weight − Σ weight · share_k. Logits themselves are not read: another worker may have updated its own.
  private func logitsGradient(_ components: Range<Int>, at offset: Int) {
    guard let gradient = binding.parameters.gradient(offset, rows: 1, columns: mixture.count) else { return }
    var weight = 0.0
    for row in 0..<shares.rows { weight += Double(binding.weights.row(row)[0]) }
    let sums = gradient.floats + components.lowerBound
    sums.update(repeating: 0, count: components.count)
    selva_column_sums(
      shares.floats + components.lowerBound, shares.rows, shares.stride, components.count, sums)
    for k in components {
      gradient.floats[k] = Float(mixture.proportions[k] * weight - Double(gradient.floats[k]))
    }
  }
}
