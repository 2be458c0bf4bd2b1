import Compute

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Latent vectors by chance.
public enum Latents {
  /// Draws from the prior N(0, temperature²·I), `[count, latent]`; row i depends on `seed` and i alone.
  public static func prior(count: Int, latent: Int, seed: UInt64, temperature: Float = 1) -> [Float] {
    (0 ..< count).flatMap { row in
      RandomStream(seed: seed, .latents, image: row).normals(latent).map { $0 * temperature }
    }
  }

  /// Draws from q(z | x), one a row: μ + exp(½ log σ²)·ε, `[count, latent]`.
  public static func posterior(mean: [Float], logVariance: [Float], latent: Int, seed: UInt64) -> [Float] {
    precondition(
      mean.count == logVariance.count && mean.count % latent == 0,
      "\(mean.count) means and \(logVariance.count) log variances for \(latent) components")
    var z = mean
    for row in 0 ..< mean.count / latent {
      let epsilon = RandomStream(seed: seed, .encoding, image: row).normals(latent)
      for i in 0 ..< latent { z[row * latent + i] += exp(0.5 * logVariance[row * latent + i]) * epsilon[i] }
    }
    return z
  }
}
