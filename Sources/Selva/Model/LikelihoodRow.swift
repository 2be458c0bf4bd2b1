import CKernels

/// A number for each channel of an image, of which there are 3 at most.
typealias ChannelFloats = SIMD4<Float>
typealias ChannelDoubles = SIMD4<Double>

extension Likelihood {
  /// The name of the learned spread among the decoder's parameters; nil where none is learned.
  var spreadName: String? {
    switch self {
    case .gaussianLearned: "log_variance"
    case .discretizedLogistic: "log_scale"
    case .bernoulli, .continuousBernoulli, .gaussian: nil
    }
  }

  /// Bits that −log₂ p(x) of one value lacks to be that of one of 256 levels: a density on [0, 1] becomes the probability
  /// of a level by that level's width, 2⁻⁸.
  var bitsOfLevel: Double {
    switch self {
    case .bernoulli, .discretizedLogistic: 0
    case .continuousBernoulli, .gaussian, .gaussianLearned: 8
    }
  }

  /// −log p(x | z) of one image, in nats, and its gradient.
  ///
  /// - Parameters:
  ///   - prediction: the decoder's output, `[pixels]`: logits, or means for the Gaussian and the logistic.
  ///   - target: x, `[pixels]`.
  ///   - channels: values of a pixel, which lie together.
  ///   - spread: log σ² of the Gaussian, log s of the logistic.
  ///   - gradient, halfGradient: where given, receives `scale` · ∂/∂prediction, in float32 or bfloat16.
  ///   - spreadGradient: raised by `scale` · ∂/∂spread.
  func negativeLogLikelihood(
    _ prediction: UnsafePointer<Float>, _ target: UnsafePointer<Float>, count: Int, channels: Int,
    spread: ChannelFloats, scale: Float = 0, gradient: UnsafeMutablePointer<Float>? = nil,
    halfGradient: UnsafeMutablePointer<UInt16>? = nil, spreadGradient: inout ChannelDoubles
  ) -> Double {
    switch self {
    case .bernoulli: return selva_bernoulli(prediction, target, gradient, halfGradient, scale, count)
    case .continuousBernoulli:
      return selva_continuous_bernoulli(prediction, target, gradient, halfGradient, scale, count)
    case .gaussianLearned where channels > 1, .discretizedLogistic:
      let kernel = self == .gaussianLearned ? selva_gaussian_channels : selva_discretized_logistic
      var slopes = ChannelDoubles()
      let nats = withUnsafeBytes(of: spread) { spread in
        withUnsafeMutableBytes(of: &slopes) { slopes in
          kernel(
            prediction, target, spread.assumingMemoryBound(to: Float.self).baseAddress!, channels, gradient,
            halfGradient, scale, count, slopes.assumingMemoryBound(to: Double.self).baseAddress!)
        }
      }
      spreadGradient += Double(scale) * slopes
      return nats
    case .gaussian, .gaussianLearned:
      var squareError = 0.0
      let nats = selva_gaussian(
        prediction, target, spread[0], gradient, halfGradient, scale, count, &squareError)
      // ½Σ(log σ² + (x − m)²/σ²) by log σ²; nats holds both parts, so the square error gives the second.
      let precision = 2 * (nats - 0.5 * Double(count) * (Double(spread[0]) + 1.8378770664093453))
      spreadGradient[0] += Double(scale) * 0.5 * (Double(count) - precision)
      return nats
    }
  }

  /// Pixels in [0, 1] to show, from the decoder's output.
  func pixels(_ prediction: UnsafePointer<Float>, into pixels: UnsafeMutablePointer<Float>, count: Int) {
    switch self {
    case .bernoulli, .continuousBernoulli: selva_sigmoid(prediction, pixels, count)
    case .gaussian, .gaussianLearned, .discretizedLogistic:
      for i in 0..<count { pixels[i] = min(1, max(0, prediction[i])) }
    }
  }
}
