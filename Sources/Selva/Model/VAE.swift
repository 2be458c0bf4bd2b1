import Compute
import Networks

/// A variational autoencoder (Kingma & Welling 2014): settings and weights, immutable. Safe to use from several
/// threads at once.
///
/// Images are rows of `pixelCount` values in [0, 1], a pixel's channels together; latent vectors are rows of `latent`
/// values. Both are flat row-major arrays.
public final class VAE: Sendable {
  /// What the model is, apart from its weights.
  public let settings: ModelSettings
  /// Taken from each pixel before the encoder sees it, `[pixels]`: the mean of the training images.
  public let inputMean: [Float]
  /// What each pixel is divided by after that, `[pixels]`, above 0: one number for all in a model that was trained here.
  public let inputStandardDeviation: [Float]
  package let layout: ModelLayout
  package let weights: Storage

  /// - Parameter values: the parameter buffer, as long as the layout says.
  package convenience init(
    settings: ModelSettings, inputMean: [Float], inputStandardDeviation: [Float],
    values: UnsafeBufferPointer<Float>
  ) {
    let layout = ModelLayout(settings)
    let count = layout.parameters.count
    precondition(values.count == count, "\(values.count) parameters for a model of \(count)")
    let weights = Storage(byteCount: count * 4)
    _ = ParameterStore.floats(weights).update(fromContentsOf: values)
    self.init(
      settings: settings, inputMean: inputMean, inputStandardDeviation: inputStandardDeviation,
      layout: layout,
      weights: weights)
  }

  /// - Parameters:
  ///   - layout: that of `settings`.
  ///   - weights: as many values as the layout says, which nobody else changes from here on.
  init(
    settings: ModelSettings, inputMean: [Float], inputStandardDeviation: [Float], layout: ModelLayout,
    weights: Storage
  ) {
    precondition(
      inputMean.count == settings.pixelCount && inputStandardDeviation.count == settings.pixelCount,
      "statistics of \(inputMean.count) pixels for a model of \(settings.pixelCount)")
    self.settings = settings
    self.inputMean = inputMean
    self.inputStandardDeviation = inputStandardDeviation
    self.layout = layout
    self.weights = weights
  }

  /// A named parameter with its shape, as in the model file.
  public struct Parameter: Sendable, Equatable {
    /// Part and layer, as `encoder.layers.0.weight`.
    public let name: String
    /// `[out, in]` for weights of dense and recurrent layers, `[out, kernel, kernel, in]` for those of convolutions,
    /// `[out]` for biases.
    public let shape: [Int]
    /// Row-major; as many as the product of `shape`.
    public let values: [Float]
  }

  /// Every parameter, in the order of the model file.
  public var parameters: [Parameter] {
    let all = ParameterStore.floats(weights)
    return layout.parameters.views.map {
      Parameter(name: $0.name, shape: $0.shape, values: Array(all[$0.range]))
    }
  }

  package var modelParameters: ModelParameters { modelParameters(in: .float32) }

  /// For products in `type`; in bfloat16, with a copy of the weights.
  func modelParameters(in type: ElementType) -> ModelParameters {
    ModelParameters(
      settings: settings, layout: layout,
      all: Parameters(layout: layout.parameters, weights: weights).copied(to: type))
  }

  /// q(z | x) of each image: `mean` and `logVariance` (40 at most, as in training), `[count, latent]` each.
  ///
  /// - Parameters:
  ///   - images: `[count, pixels]`, values in [0, 1].
  ///   - labels: one an image, each of `settings.labels`, where the model has labels; else nil.
  public func encode(_ images: [Float], labels: [Int]? = nil) -> (mean: [Float], logVariance: [Float]) {
    makeEncoder().encode(images, labels: labels)
  }

  /// The pixels that each latent vector stands for, `[count, pixels]` in [0, 1].
  ///
  /// - Parameters:
  ///   - latents: `[count, latent]`.
  ///   - labels: one a vector, each of `settings.labels`, where the model has labels; else nil.
  public func decode(_ latents: [Float], labels: [Int]? = nil) -> [Float] {
    makeDecoder().decode(latents, labels: labels)
  }

  /// An encoder that keeps its memory and compiled products: for many calls from one thread at a time.
  public func makeEncoder() -> ImageEncoder { ImageEncoder(self) }

  /// A decoder that keeps its memory and compiled products: for many calls from one thread at a time.
  public func makeDecoder() -> LatentDecoder { LatentDecoder(self) }
}
