import Compute
import Networks

/// Sums over images, in nats.
package struct LossSums: Codable, Sendable, Equatable {
  package init() {}

  /// What is minimized: reconstruction + β·KL, or the importance-weighted bound.
  package var objective = 0.0
  package var reconstruction = 0.0
  package var kl = 0.0
  package var images = 0

  package static func += (a: inout LossSums, b: LossSums) {
    a.objective += b.objective
    a.reconstruction += b.reconstruction
    a.kl += b.kl
    a.images += b.images
  }
}

/// Memory of a step's objective, made once.
struct Scratch: @unchecked Sendable {  // for the reason given at `Storage`
  /// w̃ of each row of samples, and ∂/∂spread of its likelihood; for the importance-weighted bounds.
  let normalizedWeights: UnsafeMutablePointer<Double>
  let weightSlopes: UnsafeMutablePointer<ChannelDoubles>
  /// Weight of each component's KL divergence in the objective, `[workers, latent]`, the same for all workers.
  let costs: UnsafeMutablePointer<Double>
  /// KL divergence of each component summed over a worker's images, `[workers, latentStride]`.
  let componentKL: UnsafeMutablePointer<Double>
  /// From one worker's sums to the next: two cache lines apart at least, since every image adds to all of them.
  let latentStride: Int
  /// log p(z) of each row of samples, and what −log p(z) weighs in the objective.
  let logPrior: Doubles
  let priorWeights: Matrix
  private let storage: Storage

  init(rows: Int, latent: Int, workers: Int) {
    latentStride = Scratch.latentStride(latent)
    storage = Storage(byteCount: 8 * (5 * rows + workers * (latent + latentStride)))
    weightSlopes = storage.base.assumingMemoryBound(to: ChannelDoubles.self)
    normalizedWeights = (storage.base + 32 * rows).assumingMemoryBound(to: Double.self)
    costs = normalizedWeights + rows
    componentKL = costs + workers * latent
    logPrior = Doubles(rows)
    priorWeights = Matrix(rows: rows, columns: 1)
  }

  static func byteCount(rows: Double, latent: Int, workers: Int) -> Double {
    52 * rows + 8 * Double(workers) * Double(latent + latentStride(latent))
  }

  private static func latentStride(_ latent: Int) -> Int { (latent + 31) / 16 * 16 }
}
