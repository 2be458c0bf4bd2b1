import CKernels
import Compute
import IDX

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a model takes from its training data before the first step.
public struct DataStatistics: Sendable, Equatable {
  /// Mean of each pixel in [0, 1], `[pixels]`.
  public let pixelMeans: [Float]
  /// Root of the pixels' mean variance, each about its own mean.
  public let standardDeviation: Double

  /// - Parameter indices: which images to look at; nil: all.
  public init(_ images: ImageSet, indices: [Int32]? = nil) {
    let count = images.pixelCount
    var sums = [Double](repeating: 0, count: count)
    var squares = 0.0
    let chosen = indices ?? [Int32](0..<Int32(images.count))
    switch images.pixels {
    case .bytes(let bytes):
      var whole = [UInt64](repeating: 0, count: count)
      var wholeSquares: UInt64 = 0
      for index in chosen {
        let row = bytes + Int(index) * count
        for i in 0..<count {
          let value = UInt64(row[i])
          whole[i] &+= value
          wholeSquares &+= value &* value
        }
      }
      for i in 0..<count { sums[i] = Double(whole[i]) / 255 }
      squares = Double(wholeSquares) / (255 * 255)
    case .floats(let floats):
      for index in chosen {
        let row = floats + Int(index) * count
        for i in 0..<count {
          sums[i] += Double(row[i])
          squares += Double(row[i]) * Double(row[i])
        }
      }
    }
    let images = Double(chosen.count)
    pixelMeans = sums.map { Float($0 / images) }
    let squaredMeans = sums.reduce(0) { $0 + ($1 / images) * ($1 / images) }
    standardDeviation = max(0, (squares / images - squaredMeans) / Double(count)).squareRoot()
  }

  /// For standardizing inputs, `[pixels]` each. A pixel that is always dark has to come out as 0: with one mean for
  /// all it would be a constant input, whose weights are never told from the bias and wander until the first image
  /// that lights it up throws the encoder out. The deviation is one for all, since a pixel that is nearly always
  /// dark would be blown up by its own. Of a few images that are all alike it would be nearly 0, and any other image
  /// would throw the encoder out; so it is never under `leastDeviation`, and no input above 1 / `leastDeviation`.
  package var inputMean: [Float] { pixelMeans }
  package var inputStandardDeviation: [Float] {
    [Float](
      repeating: max(DataStatistics.leastDeviation, Float(standardDeviation)), count: pixelMeans.count)
  }

  /// Five grey levels of 255; ordinary sets have fifty and more.
  static let leastDeviation: Float = 0.02
}

extension ParameterStore {
  /// Loud heads and outputs begin with noise in z and in the logits that costs more than the mean image; the first
  /// thing learned is then to ignore z, from which some components (with ReLU, at times all) never return.
  private static let quietGain = 0.1

  /// Weights N(0, gain²/fan_in), where the gain is that of the activation which the layer feeds. The heads and the
  /// output feed none and start small, with `quietGain`. Biases 0, but for the output's: the training mean of each
  /// pixel, as a logit where the likelihood reads logits, clipped to [0.001, 0.999].
  package func initialize(_ model: ModelSettings, statistics: DataStatistics, seed: UInt64) {
    let all = ParameterStore.floats(weights)
    all.update(repeating: 0)
    for (index, view) in layout.views.enumerated() where view.shape.count == 2 {
      let gain = view.name.contains(".layers.") ? model.activation.gain : ParameterStore.quietGain
      let deviation = Float(gain / Double(view.shape[1]).squareRoot())
      let weights = all.baseAddress! + view.offset
      RandomStream(seed: seed, .initialization, image: index).normals(into: weights, count: view.count)
      selva_scale(weights, deviation, view.count)
    }
    for view in layout.views where view.name == "decoder.output.bias" {
      for (i, mean) in statistics.pixelMeans.enumerated() {
        all[view.offset + i] = model.likelihood.outputBias(mean: mean)
      }
    }
    if let offset = layout.logVariance { all[offset] = model.gaussianLogVariance(learned: nil) }
    weightsChosen()
  }

  /// The weights of a model of the same shape.
  package func initialize(_ model: VAE) {
    precondition(
      layout.count == model.layout.count,
      "a model of \(model.layout.count) parameters for a store of \(layout.count)")
    _ = ParameterStore.floats(weights).update(fromContentsOf: ParameterStore.floats(model.weights))
    weightsChosen()
  }

  private func weightsChosen() {
    if let average {
      _ = ParameterStore.floats(average).update(fromContentsOf: ParameterStore.floats(weights))
    }
    weightsChanged()
  }
}

extension Likelihood {
  fileprivate func outputBias(mean: Float) -> Float {
    switch self {
    case .bernoulli, .continuousBernoulli:
      let clipped = min(max(mean, 0.001), 0.999)
      return log(clipped / (1 - clipped))
    case .gaussian, .gaussianLearned: return mean
    }
  }
}
