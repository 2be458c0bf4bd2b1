import Compute
import IDX
import Networks

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension ParameterStore {
  /// Weights as their views ask, at random by `seed`. The decoder's output begins at the mean image, with
  /// convolutions at the mean pixel, with recurrent layers at the mean row; a learned σ where the settings say, a VampPrior's
  /// pseudo-inputs as images.
  ///
  /// - Parameter image: pixels of the k-th of the images that pseudo-inputs begin as; nil: the mean image.
  package func initialize(
    _ model: ModelSettings, statistics: DataStatistics, seed: UInt64, image: ((Int) -> [Float])? = nil
  ) {
    let layout = ModelLayout(model)
    initialize(seed: seed)
    let all = ParameterStore.floats(weights)
    if let view = self.layout["decoder.output.bias"] {
      // Of a pixel; of a channel over all pixels; or of a pixel of a row over all rows.
      let means = statistics.pixelMeans
      for i in 0..<view.count {
        let shared = stride(from: i, to: means.count, by: view.count).map { means[$0] }
        all[view.offset + i] = model.likelihood.outputBias(mean: shared.reduce(0, +) / Float(shared.count))
      }
    }
    if let spread = layout.spread { for i in spread.range { all[i] = model.initialSpread } }
    layout.prior.initialize(self, seed: seed, image: image ?? { _ in statistics.pixelMeans })
    weightsChosen()
  }

  /// The weights of a model of the same shape, part by part: what the model does not have stays as it is.
  package func take(_ model: VAE) {
    let (all, theirs) = (ParameterStore.floats(weights), ParameterStore.floats(model.weights))
    for view in layout.views {
      guard let other = model.layout.parameters[view.name], other.shape == view.shape else { continue }
      for i in 0..<view.count { all[view.offset + i] = theirs[other.offset + i] }
    }
    weightsChosen()
  }
}

/// The images that pseudo-inputs begin as: `indices` in random order, again and again if need be.
struct ImageDraw {
  private let images: ImageSet
  private let order: [Int32]

  init(_ images: ImageSet, indices: [Int32], seed: UInt64) {
    self.images = images
    order = RandomStream(seed: seed, .pseudoInputs).permutation(indices.count).map { indices[Int($0)] }
  }

  func callAsFunction(_ k: Int) -> [Float] { images.image(Int(order[k % order.count])) }
}

extension Likelihood {
  fileprivate func outputBias(mean: Float) -> Float {
    switch self {
    case .bernoulli, .continuousBernoulli:
      let clipped = min(max(mean, 0.001), 0.999)
      return log(clipped / (1 - clipped))
    case .gaussian, .gaussianLearned, .discretizedLogistic: return mean
    }
  }
}
