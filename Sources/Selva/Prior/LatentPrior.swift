import Compute
import Networks

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The prior of one model: its density, draws from it, and a space in which it is about N(0, I). One call at a time.
///
/// The base space of N(0, I) is the latent space itself, and that of a flow is what its couplings map to; in both the
/// prior is N(0, I) exactly. A mixture has its base space by mean and standard deviation alone.
public final class LatentPrior {
  private let latent: Int
  private let kind: Kind
  /// In the latent space, `[latent]`: where the base space's origin lies. Of a mixture, its mean.
  public let center: [Float]
  /// Of a mixture, its standard deviation in each component; else 1.
  private let deviation: [Float]

  private enum Kind {
    case normal
    case mixture(Mixture)
    case flow(Flow)
  }

  init(_ model: VAE) {
    let parameters = model.modelParameters.all
    latent = model.settings.latent
    (kind, center, deviation) =
      switch model.layout.prior {
      case let plan as MixturePlan: LatentPrior.parts(plan.mixture(parameters))
      case let plan as VampPlan: LatentPrior.parts(plan.mixture(model))
      case let plan as FlowPlan: LatentPrior.parts(plan, parameters)
      default:
        (
          .normal, [Float](repeating: 0, count: model.settings.latent),
          [Float](repeating: 1, count: model.settings.latent)
        )
      }
  }

  private static func parts(_ mixture: Mixture) -> (Kind, [Float], [Float]) {
    mixture.prepare(0..<mixture.count)
    let (mean, deviation) = mixture.moments
    return (.mixture(mixture), mean, deviation)
  }

  private static func parts(_ plan: FlowPlan, _ parameters: Parameters) -> (Kind, [Float], [Float]) {
    let flow = Flow(plan, parameters, rows: RowSplit(rowsAtOnce), learns: false)
    flow.state.floats.update(repeating: 0, count: rowsAtOnce * plan.latent)
    flow.inverse(0)
    let origin = Array(UnsafeBufferPointer(start: flow.state.row(0), count: plan.latent))
    return (.flow(flow), origin, [Float](repeating: 1, count: plan.latent))
  }

  /// log p(z) of each vector, in nats, `[count]`.
  ///
  /// - Parameter latents: `[count, latent]`.
  public func logDensity(_ latents: [Float]) -> [Double] {
    let count = rowCount(latents)
    let densities = Doubles(rowsAtOnce)
    let z = Matrix(rows: rowsAtOnce, columns: latent)
    let pass = evaluation(z, densities)
    var result: [Double] = []
    result.reserveCapacity(count)
    blocks(of: latents) { start, rows, values in
      z.floats.update(from: values, count: rows * latent)
      pass(rows)
      for row in 0..<rows { result.append(densities[row]) }
    }
    return result
  }

  /// Fills `densities` with log p of the first rows of `z`.
  func evaluation(_ z: Matrix, _ densities: Doubles) -> (_ rows: Int) -> Void {
    let latent = latent
    switch kind {
    case .normal:
      return { rows in
        for row in 0..<rows { densities[row] = StandardNormalPass.logDensity(z.row(row), count: latent) }
      }
    case .mixture(let mixture):
      let shares = Matrix(rows: 1, columns: mixture.count)
      return { rows in
        for row in 0..<rows { densities[row] = mixture.logDensity(z.row(row), shares: shares.floats) }
      }
    case .flow(let flow):
      // The flow's own rows, in blocks: a row's density must not depend on how many came with it.
      let part = Doubles(rowsAtOnce)
      return { rows in
        for start in stride(from: 0, to: rows, by: rowsAtOnce) {
          let used = min(rowsAtOnce, rows - start)
          flow.state.floats.update(from: z.row(start), count: used * latent)
          for row in 0..<rowsAtOnce { part[row] = 0 }
          flow.forward(0, logDeterminant: part)
          for row in 0..<used {
            densities[start + row] =
              part[row] + StandardNormalPass.logDensity(flow.state.row(row), count: latent)
          }
        }
      }
    }
  }

  /// Draws, `[count, latent]`; row i depends on `seed` and i alone.
  ///
  /// - Parameters:
  ///   - count: how many.
  ///   - seed: of the draws.
  ///   - temperature: what the standard deviation is multiplied with: that of the base space, or that of each component
  ///     of a mixture. 1 draws from the prior itself, less gives what is more typical.
  public func sample(count: Int, seed: UInt64, temperature: Float = 1) -> [Float] {
    let noise = Latents.normal(count: count, latent: latent, seed: seed, temperature: temperature)
    guard case .mixture(let mixture) = kind else { return fromBase(noise) }
    let bounds = mixture.cumulativeWeights
    return (0..<count).flatMap { row in
      let word = RandomStream(seed: seed, .component, image: row).bits(1)[0]
      let k = bounds.firstIndex { Double(word) * 0x1p-32 < $0 } ?? mixture.count - 1
      return (0..<latent).map { i in
        mixture.means.row(k)[i] + exp(0.5 * mixture.logVariances.row(k)[i]) * noise[row * latent + i]
      }
    }
  }

  /// From the base space to the latent space, `[count, latent]` both: the inverse of ``toBase(_:)``.
  public func fromBase(_ base: [Float]) -> [Float] {
    switch kind {
    case .normal: return base
    case .mixture: return base.indices.map { center[$0 % latent] + deviation[$0 % latent] * base[$0] }
    case .flow(let flow): return through(flow, base) { flow.inverse(0) }
    }
  }

  /// From the latent space to the base space, `[count, latent]` both.
  public func toBase(_ latents: [Float]) -> [Float] {
    switch kind {
    case .normal: return latents
    case .mixture:
      return latents.indices.map { (latents[$0] - center[$0 % latent]) / deviation[$0 % latent] }
    case .flow(let flow):
      let unused = Doubles(rowsAtOnce)
      return through(flow, latents) { flow.forward(0, logDeterminant: unused) }
    }
  }

  /// Of a mixture, its components' means and standard deviations, `[components, latent]`, and the sums of their weights up
  /// to each; nil where the prior is no mixture.
  package var components: (means: [Float], deviations: [Float], cumulativeWeights: [Double])? {
    guard case .mixture(let mixture) = kind else { return nil }
    return (
      mixture.means.values, mixture.logVariances.values.map { exp(0.5 * $0) }, mixture.cumulativeWeights
    )
  }

  /// The weights of a mixture's components, which sum to 1, in the order of the file; nil where the prior is no mixture.
  public var componentWeights: [Double]? {
    guard case .mixture(let mixture) = kind else { return nil }
    return mixture.weights
  }

  private func through(_ flow: Flow, _ values: [Float], _ map: () -> Void) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(values.count)
    blocks(of: values) { _, rows, part in
      flow.state.floats.update(from: part, count: rows * latent)
      map()
      result += UnsafeBufferPointer(start: flow.state.floats, count: rows * latent)
    }
    return result
  }

  private func rowCount(_ values: [Float]) -> Int {
    precondition(values.count % latent == 0, "\(values.count) values are no whole vectors of \(latent)")
    return values.count / latent
  }

  private func blocks(of values: [Float], _ body: (Int, Int, UnsafePointer<Float>) -> Void) {
    let count = rowCount(values)
    values.withUnsafeBufferPointer { all in
      for start in stride(from: 0, to: count, by: rowsAtOnce) {
        body(start, min(rowsAtOnce, count - start), all.baseAddress! + start * latent)
      }
    }
  }
}

extension Mixture {
  /// Softmax of the logits.
  var weights: [Double] {
    let logTotal = logTotal
    return UnsafeBufferPointer(start: logits.floats, count: count).map { exp(Double($0) - logTotal) }
  }

  var cumulativeWeights: [Double] {
    var total = 0.0
    return weights.map {
      total += $0
      return total
    }
  }

  /// Mean and standard deviation of each latent component.
  var moments: (mean: [Float], deviation: [Float]) {
    let (weights, latent) = (weights, means.columns)
    let moments = (0..<latent).map { i -> (Float, Float) in
      let mean = weights.indices.reduce(0) { $0 + weights[$1] * Double(means.row($1)[i]) }
      let variance = weights.indices.reduce(0.0) { sum, k in
        let distance = Double(means.row(k)[i]) - mean
        return sum + weights[k] * (distance * distance + exp(Double(logVariances.row(k)[i])))
      }
      return (Float(mean), Float(variance.squareRoot()))
    }
    return (moments.map(\.0), moments.map(\.1))
  }
}

extension VampPlan {
  /// The mixture that a trained model's pseudo-inputs come to. They are encoded without a label.
  func mixture(_ model: VAE) -> Mixture {
    let parameters = model.modelParameters.all
    let (means, logVariances) = ImageEncoder(model).encodeWithoutLabels(images(parameters))
    return Mixture(
      means: Matrix(rows: components, columns: model.settings.latent, values: means),
      logVariances: Matrix(rows: components, columns: model.settings.latent, values: logVariances),
      logits: parameters.matrix(logits, rows: 1, columns: components))
  }
}

extension VAE {
  /// The model's prior, ready for density, draws and maps; makes its memory, so keep it for many calls.
  public func makePrior() -> LatentPrior { LatentPrior(self) }

  /// The pseudo-inputs of a VampPrior, `[components, pixels]` in [0, 1]; nil where there are none.
  public var pseudoInputs: [Float]? { (layout.prior as? VampPlan)?.images(modelParameters.all) }
}
