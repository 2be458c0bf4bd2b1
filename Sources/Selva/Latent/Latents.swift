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
  /// Draws from N(0, temperature²·I), `[count, latent]`; row i depends on `seed` and i alone.
  ///
  /// This is the prior of a model with `Prior.normal`; ``LatentPrior/sample(count:seed:temperature:)`` draws from any.
  public static func normal(count: Int, latent: Int, seed: UInt64, temperature: Float = 1) -> [Float] {
    (0..<count).flatMap { row in
      RandomStream(seed: seed, .latents, image: row).normals(latent).map { $0 * temperature }
    }
  }

  /// Draws from q(z | x), one a row: μ + exp(½ log σ²)·ε, `[count, latent]`.
  ///
  /// - Parameters:
  ///   - mean: μ, `[count, latent]`.
  ///   - logVariance: log σ², `[count, latent]`.
  ///   - latent: components of a vector.
  ///   - seed: of the draws.
  ///   - images: the number of each row's image; nil: 0, 1, … The draw for an image depends on `seed` and its number
  ///     alone, so it is the same whichever others are drawn with it.
  public static func posterior(
    mean: [Float], logVariance: [Float], latent: Int, seed: UInt64, images: [Int]? = nil
  ) -> [Float] {
    precondition(
      mean.count == logVariance.count && mean.count % latent == 0,
      "\(mean.count) means and \(logVariance.count) log variances for \(latent) components")
    precondition(
      images.map { $0.count == mean.count / latent } ?? true,
      "\(images?.count ?? 0) images for \(mean.count / latent) rows")
    var z = mean
    for row in 0..<mean.count / latent {
      let epsilon = RandomStream(seed: seed, .encoding, image: images?[row] ?? row).normals(latent)
      for i in 0..<latent { z[row * latent + i] += exp(0.5 * logVariance[row * latent + i]) * epsilon[i] }
    }
    return z
  }
}
