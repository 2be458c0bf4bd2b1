import IDX
import Networks

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// p(x | z): what the decoder's output means.
public enum Likelihood: String, Codable, Sendable, CaseIterable {
  /// Pixels are Bernoulli with the output as logits. Grey pixels in [0, 1] are taken as probabilities
  /// (a cross entropy rather than a density, as is customary).
  case bernoulli
  /// The Bernoulli's density on [0, 1] with its normalizing constant (Loaiza-Ganem & Cunningham 2019).
  case continuousBernoulli = "continuous-bernoulli"
  /// Normal about the output; one σ for all pixels, fixed.
  case gaussian
  /// Normal about the output; one σ for all pixels of a channel, learned.
  case gaussianLearned = "gaussian-learned"
  /// Logistic about the output, on the 256 levels of 8 bits (Salimans et al. 2017, equations 1 and 2 with one component);
  /// one scale for all pixels of a channel, learned. A probability; the others but `bernoulli` are densities on [0, 1].
  case discretizedLogistic = "discretized-logistic"
}

/// What a model is, apart from its weights. Stored with every model file.
public struct ModelSettings: Codable, Sendable, Equatable {
  /// Rows of pixels. All values of an image, height · width · channels, are 2²⁴ at most.
  public var height: Int
  /// Pixels in a row.
  public var width: Int
  /// 1 grey, 3 red, green and blue, which lie together in each pixel.
  public var channels: Int
  /// What lies between the image and the dense layers; the decoder mirrors it.
  public var network: NetworkShape
  /// Units of the encoder's hidden dense layers (1 to 2²⁰ each, 100 layers at most), from the image on, from the last convolution
  /// or from the last recurrent state.
  public var hidden: [Int]
  /// Units of the decoder's hidden dense layers, from the latent vector on.
  public var decoderHidden: [Int]
  /// Components of the latent vector, 1 to 65,536.
  public var latent: Int
  /// The function after every hidden layer of the encoder and the decoder.
  public var activation: Activation
  /// What the decoder's output says of the pixels.
  public var likelihood: Likelihood
  /// Standard deviation of the Gaussian or logistic likelihood in pixel units (0 to 1); where it is learned, its beginning.
  /// From 0.0001 to 1000.
  public var sigma: Double
  /// What latent vectors are drawn from.
  public var prior: Prior
  /// Units of the hidden layers of a flow's couplings.
  public var priorHidden: [Int]
  /// The function after every hidden layer of a flow's couplings. A smooth one suits scales and shifts: with SiLU in place
  /// of SELU there, the bound on MNIST is better by half a nat and more.
  public var priorActivation: Activation
  /// The labels that the model knows, ascending: p(x | z, y) and q(z | x, y); none: p(x | z) and q(z | x).
  public var labels: [Int]

  /// Settings as they are given; ``fault`` says whether a model can have them.
  ///
  /// - Parameters:
  ///   - height: rows of pixels.
  ///   - width: pixels in a row.
  ///   - channels: 1 grey, 3 red, green and blue.
  ///   - network: what lies between the image and the dense layers.
  ///   - hidden: units of the encoder's dense layers.
  ///   - decoderHidden: units of the decoder's; nil: the encoder's in reverse.
  ///   - latent: components of the latent vector.
  ///   - activation: the function after every hidden layer.
  ///   - likelihood: what the decoder's output says of the pixels.
  ///   - sigma: standard deviation of a Gaussian or logistic likelihood, in pixel units.
  ///   - prior: what latent vectors are drawn from.
  ///   - priorHidden: units of the hidden layers of a flow's couplings.
  ///   - priorActivation: the function after every hidden layer of a flow's couplings.
  ///   - labels: the labels that the model is told, ascending, each from 0 to 255.
  public init(
    height: Int, width: Int, channels: Int = 1, network: NetworkShape = .dense,
    hidden: [Int] = [500, 500, 500],
    decoderHidden: [Int]? = nil, latent: Int = 20,
    activation: Activation = .selu, likelihood: Likelihood = .bernoulli, sigma: Double = 0.1,
    prior: Prior = .normal, priorHidden: [Int] = [256, 256], priorActivation: Activation = .silu,
    labels: [Int] = []
  ) {
    self.height = height
    self.width = width
    self.channels = channels
    self.network = network
    self.hidden = hidden
    self.decoderHidden = decoderHidden ?? hidden.reversed()
    self.latent = latent
    self.activation = activation
    self.likelihood = likelihood
    self.sigma = sigma
    self.prior = prior
    self.priorHidden = priorHidden
    self.priorActivation = priorActivation
    self.labels = labels
  }

  /// log σ² of the Gaussian likelihood where it is fixed or begins; log s of the logistic that has this σ.
  var initialSpread: Float {
    likelihood == .discretizedLogistic
      ? Float(log(sigma * 3.0.squareRoot() / .pi)) : Float(2 * log(sigma))
  }

  /// How large the model's images are.
  public var shape: ImageShape { ImageShape(height: height, width: width, channels: channels) }

  /// Values of an image, height · width · channels; as many as an `Int` can say where the product is beyond it, so that
  /// sizes from a file can be judged.
  public var pixelCount: Int {
    let (area, isTooLarge) = height.multipliedReportingOverflow(by: width)
    let (count, isStillTooLarge) = area.multipliedReportingOverflow(by: channels)
    return isTooLarge || isStillTooLarge ? .max : count
  }

  /// What is wrong with these settings, in words for a person; nil when nothing is.
  public var fault: String? {
    if channels != 1 && channels != 3 { return "images of \(channels) channels (1 or 3)" }
    if height < 1 || width < 1 || pixelCount > ModelSettings.mostPixels {
      return "images of \(shape) pixels (1 to \(ModelSettings.mostPixels) in all)"
    }
    let (widths, latents, sigmas) = (
      ModelSettings.widths, ModelSettings.range(of: \.latent), ModelSettings.range(of: \.sigma)
    )
    if let width = (hidden + decoderHidden + priorHidden).first(where: { !widths.contains($0) }) {
      return "a hidden layer of \(width) units (\(widths.text))"
    }
    if let layers = [hidden, decoderHidden, priorHidden].map(\.count).first(where: {
      $0 > ModelSettings.mostLayers
    }) {
      return "\(layers) hidden layers (at most \(ModelSettings.mostLayers))"
    }
    if !latents.contains(latent) { return "\(latent) latent components (\(latents.text))" }
    if !sigmas.contains(sigma) { return "a sigma of \(sigma) (\(sigmas.text))" }
    if let fault = prior.fault { return fault }
    switch network {
    case .dense: break
    case .convolution(let convolution): if let fault = convolution.fault { return fault }
    case .recurrent(let recurrent): if let fault = recurrent.fault { return fault }
    }
    if case .flow = prior, latent < 2 { return "a flow over 1 latent component (2 at least)" }
    if labels != Set(labels).sorted() || labels.contains(where: { !(0...255).contains($0) }) {
      return "labels \(labels) (from 0 to 255, ascending, each once)"
    }
    return nil
  }
}
