import Compute

/// A variational autoencoder (Kingma & Welling 2014): settings and weights, immutable. Safe to use from several
/// threads at once.
///
/// Images are rows of `pixelCount` values in [0, 1]; latent vectors are rows of `latent` values. Both are flat
/// row-major arrays.
public final class VAE: Sendable {
  public let settings: ModelSettings
  /// What the encoder's input is standardized with, `[pixels]` each.
  public let inputMean: [Float]
  public let inputStandardDeviation: [Float]
  package let layout: ParameterLayout
  package let weights: Storage

  /// - Parameter values: the parameter buffer, `layout.count` values.
  package convenience init(
    settings: ModelSettings, inputMean: [Float], inputStandardDeviation: [Float],
    values: UnsafeBufferPointer<Float>
  ) {
    let layout = ParameterLayout(settings)
    precondition(values.count == layout.count, "\(values.count) parameters for a model of \(layout.count)")
    let weights = Storage(byteCount: layout.count * 4)
    _ = ParameterStore.floats(weights).update(fromContentsOf: values)
    self.init(
      settings: settings, inputMean: inputMean, inputStandardDeviation: inputStandardDeviation,
      layout: layout,
      weights: weights)
  }

  /// - Parameters:
  ///   - layout: that of `settings`.
  ///   - weights: `layout.count` values, which nobody else changes from here on.
  init(
    settings: ModelSettings, inputMean: [Float], inputStandardDeviation: [Float], layout: ParameterLayout,
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
    public let name: String
    /// `[out, in]` for weights, `[out]` for biases.
    public let shape: [Int]
    public let values: [Float]
  }

  /// Every parameter, in the order of the model file.
  public var parameters: [Parameter] {
    let all = ParameterStore.floats(weights)
    return layout.views.map { Parameter(name: $0.name, shape: $0.shape, values: Array(all[$0.range])) }
  }

  /// log σ² of the Gaussian likelihood, in pixel units.
  package var gaussianLogVariance: Float {
    settings.gaussianLogVariance(learned: layout.logVariance.map { ParameterStore.floats(weights)[$0] })
  }

  package var networkParameters: NetworkParameters {
    NetworkParameters(layout: layout, weights: weights, halves: nil, gradients: nil)
  }

  /// q(z | x) of each image: `mean` and `logVariance` (40 at most, as in training), `[count, latent]` each.
  ///
  /// - Parameter images: `[count, pixels]`, values in [0, 1].
  public func encode(_ images: [Float]) -> (mean: [Float], logVariance: [Float]) {
    makeEncoder().encode(images)
  }

  /// The pixels that each latent vector stands for, `[count, pixels]` in [0, 1].
  ///
  /// - Parameter latents: `[count, latent]`.
  public func decode(_ latents: [Float]) -> [Float] { makeDecoder().decode(latents) }

  /// An encoder that keeps its memory and compiled products: for many calls from one thread at a time.
  public func makeEncoder() -> ImageEncoder { ImageEncoder(self) }

  /// A decoder that keeps its memory and compiled products: for many calls from one thread at a time.
  public func makeDecoder() -> LatentDecoder { LatentDecoder(self) }
}

/// Rows that go through a network together. Always this many, the last ones idle if need be: then a row's result
/// does not depend on how many rows came with it, to the last bit.
private let rowsAtOnce = 64

/// Encodes images with one model, one call at a time.
public final class ImageEncoder {
  private let model: VAE
  private let input: Matrix
  private let network: Network

  fileprivate init(_ model: VAE) {
    self.model = model
    input = Matrix(rows: rowsAtOnce, columns: model.settings.pixelCount)
    network = Network(
      model.networkParameters, model.layout.encoder, input: input, activation: model.settings.activation,
      rows: [0..<rowsAtOnce])
  }

  /// As `VAE.encode`.
  public func encode(_ images: [Float]) -> (mean: [Float], logVariance: [Float]) {
    let (pixels, latent) = (model.settings.pixelCount, model.settings.latent)
    precondition(images.count % pixels == 0, "\(images.count) values are no whole images of \(pixels) pixels")
    var mean: [Float] = []
    var logVariance: [Float] = []
    let count = images.count / pixels
    for start in stride(from: 0, to: count, by: rowsAtOnce) {
      let rows = min(rowsAtOnce, count - start)
      for row in 0..<rows {
        let target = input.row(row)
        for i in 0..<pixels {
          target[i] =
            (images[(start + row) * pixels + i] - model.inputMean[i]) / model.inputStandardDeviation[i]
        }
      }
      network.forward(0)
      for row in 0..<rows {
        let heads = network.output.row(row)
        mean.append(contentsOf: UnsafeBufferPointer(start: heads, count: latent))
        for i in latent..<2 * latent { logVariance.append(Reparameterization.bounded(heads[i])) }
      }
    }
    return (mean, logVariance)
  }
}

/// Decodes latent vectors with one model, one call at a time.
public final class LatentDecoder {
  private let model: VAE
  private let input: Matrix
  private let network: Network

  fileprivate init(_ model: VAE) {
    self.model = model
    input = Matrix(rows: rowsAtOnce, columns: model.settings.latent)
    network = Network(
      model.networkParameters, model.layout.decoder, input: input, activation: model.settings.activation,
      rows: [0..<rowsAtOnce])
  }

  /// As `VAE.decode`.
  public func decode(_ latents: [Float]) -> [Float] {
    let (pixels, latent) = (model.settings.pixelCount, model.settings.latent)
    precondition(latents.count % latent == 0, "\(latents.count) values are no whole vectors of \(latent)")
    let count = latents.count / latent
    return [Float](unsafeUninitializedCapacity: count * pixels) { result, initialized in
      for start in stride(from: 0, to: count, by: rowsAtOnce) {
        let rows = min(rowsAtOnce, count - start)
        latents.withUnsafeBufferPointer {
          input.floats.update(from: $0.baseAddress! + start * latent, count: rows * latent)
        }
        network.forward(0)
        for row in 0..<rows {
          model.settings.likelihood.pixels(
            network.output.row(row), into: result.baseAddress! + (start + row) * pixels, count: pixels)
        }
      }
      initialized = count * pixels
    }
  }
}
