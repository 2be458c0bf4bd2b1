import CKernels

extension Likelihood {
  /// −log p(x | z) of one image, in nats, and its gradient.
  ///
  /// - Parameters:
  ///   - prediction: the decoder's output, `[pixels]`: logits, or means for the Gaussian.
  ///   - target: x, `[pixels]`.
  ///   - logVariance: of the Gaussian.
  ///   - gradient, halfGradient: where given, receives `scale` · ∂/∂prediction, in float32 or bfloat16.
  ///   - logVarianceGradient: raised by `scale` · ∂/∂logVariance of the Gaussian.
  func negativeLogLikelihood(
    _ prediction: UnsafePointer<Float>, _ target: UnsafePointer<Float>, count: Int, logVariance: Float,
    scale: Float = 0, gradient: UnsafeMutablePointer<Float>? = nil,
    halfGradient: UnsafeMutablePointer<UInt16>? = nil, logVarianceGradient: inout Double
  ) -> Double {
    switch self {
    case .bernoulli: return selva_bernoulli(prediction, target, gradient, halfGradient, scale, count)
    case .continuousBernoulli:
      return selva_continuous_bernoulli(prediction, target, gradient, halfGradient, scale, count)
    case .gaussian, .gaussianLearned:
      var squareError = 0.0
      let nats = selva_gaussian(
        prediction, target, logVariance, gradient, halfGradient, scale, count, &squareError)
      // ½Σ(log σ² + (x − m)²/σ²) by log σ²; nats holds both parts, so the square error gives the second.
      let precision = 2 * (nats - 0.5 * Double(count) * (Double(logVariance) + 1.8378770664093453))
      logVarianceGradient += Double(scale) * 0.5 * (Double(count) - precision)
      return nats
    }
  }

  /// Pixels in [0, 1] to show, from the decoder's output.
  func pixels(_ prediction: UnsafePointer<Float>, into pixels: UnsafeMutablePointer<Float>, count: Int) {
    switch self {
    case .bernoulli, .continuousBernoulli: selva_sigmoid(prediction, pixels, count)
    case .gaussian, .gaussianLearned:
      for i in 0..<count { pixels[i] = min(1, max(0, prediction[i])) }
    }
  }
}
