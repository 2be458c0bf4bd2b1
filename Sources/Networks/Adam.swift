import CKernels
import Compute

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Adam (Kingma & Ba 2015, algorithm 1) and AdamW (Loshchilov & Hutter 2019, algorithm 2), bias-corrected.
package struct Adam: Sendable {
  /// What stays the same from step to step.
  package struct Settings: Sendable {
    package var beta1: Double
    package var beta2: Double
    package var epsilon: Double
    /// Decoupled; 0 is Adam.
    package var weightDecay: Double
    /// Decay per step of the running average of the weights.
    package var averageDecay: Double

    package init(beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double, averageDecay: Double) {
      self.beta1 = beta1
      self.beta2 = beta2
      self.epsilon = epsilon
      self.weightDecay = weightDecay
      self.averageDecay = averageDecay
    }
  }

  private var step = selva_adam_step()

  /// - Parameters:
  ///   - number: steps done, this one included.
  ///   - gradientScale: from clipping.
  package init(_ settings: Settings, number: Int, learningRate: Double, gradientScale: Double = 1) {
    step.beta1 = Float(settings.beta1)
    step.beta2 = Float(settings.beta2)
    step.epsilon = Float(settings.epsilon)
    step.gradient_scale = Float(gradientScale)
    step.step_size = Float(learningRate / (1 - pow(settings.beta1, Double(number))))
    step.inverse_root_correction = Float(1 / (1 - pow(settings.beta2, Double(number))).squareRoot())
    step.decay = Float(1 - learningRate * settings.weightDecay)
    // Young averages forget faster, or the beginning would stay in them.
    step.average_decay = Float(min(settings.averageDecay, Double(number) / Double(number + 9)))
  }

  /// What the step multiplies with.
  package var factors: [Float] {
    [
      step.beta1, step.beta2, step.epsilon, step.gradient_scale, step.step_size, step.inverse_root_correction,
      step.decay, step.average_decay,
    ]
  }

  /// Moves the parameters in `range` of the buffer.
  ///
  /// - Parameter gradient: of these; nil: it lies in the store's buffer.
  package func update(
    _ store: ParameterStore, _ range: Range<Int>, gradient: UnsafeMutablePointer<Float>? = nil
  ) {
    func at(_ storage: Storage) -> UnsafeMutablePointer<Float> {
      storage.base.assumingMemoryBound(to: Float.self) + range.lowerBound
    }
    withUnsafePointer(to: step) {
      selva_adam(
        $0, at(store.weights), at(store.firstMoment), at(store.secondMoment),
        gradient ?? at(store.gradients), range.count,
        store.halves.map { $0.base.assumingMemoryBound(to: UInt16.self) + range.lowerBound },
        store.average.map(at))
    }
  }
}
