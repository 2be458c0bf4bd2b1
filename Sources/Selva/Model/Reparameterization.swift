import CKernels
import Compute

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// z = μ + exp(½ log σ²)·ε (Kingma & Welling 2014, section 2.4), with the KL divergence and the densities of z
/// that the objectives need. The heads' rows are `[mean | logVariance]`, each `latent` wide.
package struct Reparameterization: Sendable {
  let latent: Int
  /// Samples of each image; sample j of image i is row `i · samples + j`.
  let samples: Int
  /// `[images, 2 · latent]`, float32.
  let heads: Matrix
  /// exp(½ log σ²), `[images, latent]`.
  let sigma: Matrix
  /// `[images · samples, latent]`, float32.
  let epsilon: Matrix
  let z: Matrix
  /// z in the element type of the products; `z` itself where that is float32.
  let operand: Matrix

  /// The largest log σ² that is taken at its word. Late in long runs one image among millions can ask for more than
  /// e⁸⁸, which float32 cannot hold; under this bound loss and gradient stay finite and, with the gradient's norm
  /// clipped, such an image does no harm. The gradient passes as if there were no bound, so it still pulls back.
  package static let largestLogVariance: Float = 40

  /// What is not a number stays so, which the order of the two in `min` sees to.
  static func bounded(_ logVariance: Float) -> Float { min(logVariance, largestLogVariance) }

  init(heads: Matrix, samples: Int, type: ElementType) {
    self.heads = heads
    self.samples = samples
    latent = heads.columns / 2
    sigma = Matrix(rows: heads.rows, columns: latent)
    epsilon = Matrix(rows: heads.rows * samples, columns: latent)
    z = Matrix(rows: heads.rows * samples, columns: latent)
    operand = type == .float32 ? z : Matrix(rows: heads.rows * samples, columns: latent, type: type)
  }

  func mean(_ image: Int) -> UnsafeMutablePointer<Float> { heads.row(image) }
  func logVariance(_ image: Int) -> UnsafeMutablePointer<Float> { heads.row(image) + latent }

  /// Samples of one image, from the ε that lies in `epsilon`.
  func forward(_ image: Int) {
    let (mean, logVariance, sigma) = (mean(image), logVariance(image), sigma.row(image))
    for i in 0..<latent { logVariance[i] = Self.bounded(logVariance[i]) }
    selva_exp(logVariance, 0.5, sigma, latent)
    for row in image * samples..<(image + 1) * samples {
      let (epsilon, z) = (epsilon.row(row), z.row(row))
      for i in 0..<latent { z[i] = mean[i] + sigma[i] * epsilon[i] }
      if operand.type == .bfloat16 { operand.set(row: row, from: z) }
    }
  }

  /// KL(q(z | x) ‖ N(0, I)) of component i of one image, in nats: −½(1 + log σ² − μ² − σ²).
  func klDivergence(_ image: Int, component i: Int) -> Double {
    let (mean, logVariance, sigma) = (mean(image)[i], logVariance(image)[i], sigma.row(image)[i])
    return -0.5 * (1 + Double(logVariance) - Double(mean * mean) - Double(sigma * sigma))
  }

  /// KL(q(z | x) ‖ N(0, I)) of one image, in nats.
  func klDivergence(_ image: Int) -> Double {
    (0..<latent).reduce(0) { $0 + klDivergence(image, component: $1) }
  }

  /// log q(z | x) of one row, in nats: −½ Σ (log σ² + ε² + log 2π).
  func logPosterior(_ row: Int) -> Double {
    let (logVariance, epsilon) = (logVariance(row / samples), epsilon.row(row))
    var total = Double(latent) * logTwoPi
    for i in 0..<latent { total += Double(logVariance[i] + epsilon[i] * epsilon[i]) }
    return -0.5 * total
  }
}
