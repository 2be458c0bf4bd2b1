import CKernels
import Compute

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The objectives: losses of one image from the decoder's output, and the gradients that start backward.
extension TrainingStep {
  private var latent: Int { latents.latent }

  /// −ELBO averaged over the samples, with KL in closed form where the prior has one (Kingma & Welling 2014,
  /// equation 10), else as log q(z | x) − log p(z) (equation 2 there).
  func evidenceBound(_ image: Int, _ part: inout Partial, _ componentKL: UnsafeMutablePointer<Double>) {
    let scale = 1 / Float(wholeBatch * samples)
    let rows = image * samples..<(image + 1) * samples
    var reconstruction = 0.0
    for row in rows { reconstruction += likelihood(row, scale: scale, &part.spreadGradient) }
    reconstruction /= Double(samples)
    let kl: Double
    if isClosedForm {
      kl = closedForm(image, componentKL)
    } else {
      kl = sampledKL(rows)
      for row in rows { scratch.priorWeights.row(row)[0] = Float(beta) * scale }
    }
    part.sums.reconstruction += reconstruction
    part.sums.kl += kl
    part.sums.objective += reconstruction + beta * kl
  }

  private func closedForm(_ image: Int, _ componentKL: UnsafeMutablePointer<Double>) -> Double {
    var kl = 0.0
    for i in 0..<latent {
      let component = latents.klDivergence(image, component: i)
      componentKL[i] += component
      kl += component
    }
    return kl
  }

  /// The mean of log q(z | x) − log p(z) over an image's rows.
  private func sampledKL(_ rows: Range<Int>) -> Double {
    rows.reduce(0) { $0 + latents.logPosterior($1) - scratch.logPrior[$1] } / Double(rows.count)
  }

  /// −log 1/k Σ w_i with w_i = p(x, z_i) / q(z_i | x), by log-sum-exp; rows of the output's gradient are weighted
  /// by the normalized weights (Burda et al. 2016, equation 14). `latents.epsilon` is not touched.
  func importanceWeightedBound(_ image: Int, _ part: inout Partial) {
    let rows = image * samples..<(image + 1) * samples
    withUnsafeTemporaryAllocation(of: Double.self, capacity: samples) { weights in
      var reconstruction = 0.0
      var slopes = ChannelDoubles()
      for (sample, row) in rows.enumerated() {
        var slope = ChannelDoubles()
        let nats = likelihood(row, scale: 1, &slope)
        reconstruction += nats
        weights[sample] = scratch.logPrior[row] - latents.logPosterior(row) - nats
        // Kept until the weights are known.
        scratch.weightSlopes[row] = slope
      }
      let largest = weights.max() ?? 0
      var total = 0.0
      for sample in 0..<samples {
        weights[sample] = exp(weights[sample] - largest)
        total += weights[sample]
      }
      for (sample, row) in rows.enumerated() {
        let weight = weights[sample] / total
        scratch.normalizedWeights[row] = weight
        scratch.priorWeights.row(row)[0] = Float(weight / Double(wholeBatch))
        slopes += weight / Double(wholeBatch) * scratch.weightSlopes[row]
        scaleOutputGradient(row, by: Float(weight / Double(wholeBatch)))
      }
      part.spreadGradient += slopes
      part.sums.objective += log(Double(samples)) - log(total) - largest
      part.sums.reconstruction += reconstruction / Double(samples)
      part.sums.kl += hasClosedForm ? latents.klDivergence(image) : sampledKL(rows)
    }
  }

  /// ∂objective/∂(mean, log variance) of one image, from ∂/∂z of likelihood and prior (`latentGradient`) and the
  /// posterior's own part.
  func headsGradient(_ image: Int, costs: UnsafePointer<Double>) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * latent) { gradient in
      gradient.initialize(repeating: 0)
      switch training.objective {
      case .elbo where isClosedForm: closedFormHeads(image, costs: costs, gradient)
      case .elbo, .iwae: sampledHeads(image, gradient)
      case .dreg: doublyReparameterizedHeads(image, gradient)
      }
      headsGradient?.set(row: image, from: gradient.baseAddress!)
    }
  }

  private func closedFormHeads(
    _ image: Int, costs: UnsafePointer<Double>, _ gradient: UnsafeMutableBufferPointer<Float>
  ) {
    let (latent, mean, sigma) = (latent, latents.mean(image), latents.sigma.row(image))
    for row in image * samples..<(image + 1) * samples {
      let (dz, epsilon) = (latentGradient.row(row), latents.epsilon.row(row))
      for i in 0..<latent {
        gradient[i] += dz[i]
        gradient[latent + i] += dz[i] * epsilon[i] * sigma[i] * 0.5
      }
    }
    for i in 0..<latent {
      let cost = Float(costs[i]) / Float(wholeBatch)
      gradient[i] += cost * mean[i]
      gradient[latent + i] += cost * 0.5 * (sigma[i] * sigma[i] - 1)
    }
  }

  /// The total derivative: log q(z | x) depends on the parameters only through −½ log σ², once z is written as
  /// μ + σε.
  private func sampledHeads(_ image: Int, _ gradient: UnsafeMutableBufferPointer<Float>) {
    let (latent, sigma) = (latent, latents.sigma.row(image))
    for row in image * samples..<(image + 1) * samples {
      let (dz, epsilon) = (latentGradient.row(row), latents.epsilon.row(row))
      let weight = scratch.priorWeights.row(row)[0]
      for i in 0..<latent {
        gradient[i] += dz[i]
        gradient[latent + i] += dz[i] * epsilon[i] * sigma[i] * 0.5 - 0.5 * weight
      }
    }
  }

  /// Σ w̃² ∂log w/∂z ∂z/∂φ (Tucker et al. 2019, equation 8): the parameters of q reach log w through z alone.
  private func doublyReparameterizedHeads(_ image: Int, _ gradient: UnsafeMutableBufferPointer<Float>) {
    let (latent, sigma) = (latent, latents.sigma.row(image))
    for row in image * samples..<(image + 1) * samples {
      let (dz, epsilon) = (latentGradient.row(row), latents.epsilon.row(row))
      let weight = Float(scratch.normalizedWeights[row])
      for i in 0..<latent {
        let slope = weight * (dz[i] - weight / Float(wholeBatch) * (epsilon[i] / sigma[i]))
        gradient[i] += slope
        gradient[latent + i] += slope * epsilon[i] * sigma[i] * 0.5
      }
    }
  }

  /// −log p(x | z) of one row of samples; its gradient, times `scale`, goes to the decoder where anything goes back
  /// through it.
  private func likelihood(_ row: Int, scale: Float, _ slope: inout ChannelDoubles) -> Double {
    model.settings.likelihood.negativeLogLikelihood(
      decoderOutput.row(row), pass.targets.row(row / samples), count: model.settings.pixelCount,
      channels: model.settings.channels, spread: model.spread, scale: scale,
      gradient: decoderGradient?.type == .float32 ? decoderGradient?.row(row) : nil,
      halfGradient: decoderGradient?.type == .bfloat16 ? decoderGradient?.halfRow(row) : nil,
      spreadGradient: &slope)
  }

  private func scaleOutputGradient(_ row: Int, by factor: Float) {
    guard let gradient = decoderGradient else { return }
    switch gradient.type {
    case .float32: selva_scale(gradient.row(row), factor, gradient.columns)
    case .bfloat16: selva_scale_bf16(gradient.halfRow(row), factor, gradient.columns)
    }
  }
}
