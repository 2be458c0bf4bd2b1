import CKernels
import Compute

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The parameter buffer with everything that moves with it: gradient, Adam's moments, the bfloat16 copy, the
/// running average. All have one layout, so each is one loop over one buffer.
package final class ParameterStore: Sendable {
  package let layout: ParameterLayout
  package let weights: Storage
  package let gradients: Storage
  package let firstMoment: Storage
  package let secondMoment: Storage
  /// Nil for products in float32.
  let halves: Storage?
  /// Nil where no average is kept.
  package let average: Storage?

  package init(_ layout: ParameterLayout, elementType: ElementType, keepsAverage: Bool) {
    self.layout = layout
    let bytes = layout.count * 4
    weights = Storage(byteCount: bytes)
    gradients = Storage(byteCount: bytes)
    firstMoment = Storage(byteCount: bytes)
    secondMoment = Storage(byteCount: bytes)
    halves = elementType == .bfloat16 ? Storage(byteCount: layout.count * 2) : nil
    average = keepsAverage ? Storage(byteCount: bytes) : nil
  }

  package var networkParameters: NetworkParameters {
    NetworkParameters(layout: layout, weights: weights, halves: halves, gradients: gradients)
  }

  /// The buffers as float32, `layout.count` each.
  package static func floats(_ storage: Storage) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(
      start: storage.base.assumingMemoryBound(to: Float.self), count: storage.byteCount / 4)
  }

  /// After the weights were set from outside.
  package func weightsChanged() {
    guard let halves else { return }
    selva_to_bf16(
      ParameterStore.floats(weights).baseAddress!, halves.base.assumingMemoryBound(to: UInt16.self),
      layout.count)
  }
}

/// Adam (Kingma & Ba 2015, algorithm 1) and AdamW (Loshchilov & Hutter 2019, algorithm 2), bias-corrected.
package struct Adam: Sendable {
  private var step = selva_adam_step()

  /// - Parameters:
  ///   - number: steps done, this one included.
  ///   - gradientScale: from clipping.
  package init(_ settings: TrainingSettings, number: Int, learningRate: Double, gradientScale: Double = 1) {
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
  var factors: [Float] {
    [
      step.beta1, step.beta2, step.epsilon, step.gradient_scale, step.step_size, step.inverse_root_correction,
      step.decay, step.average_decay,
    ]
  }

  /// Moves the parameters in `range` of the buffer.
  package func update(_ store: ParameterStore, _ range: Range<Int>) {
    func at(_ storage: Storage) -> UnsafeMutablePointer<Float> {
      storage.base.assumingMemoryBound(to: Float.self) + range.lowerBound
    }
    withUnsafePointer(to: step) {
      selva_adam(
        $0, at(store.weights), at(store.firstMoment), at(store.secondMoment), at(store.gradients),
        range.count,
        store.halves.map { $0.base.assumingMemoryBound(to: UInt16.self) + range.lowerBound },
        store.average.map(at))
    }
  }
}

extension ParameterStore {
  /// Of the gradient in `range` of the buffer.
  func sumOfSquares(_ range: Range<Int>) -> Double {
    selva_sum_of_squares(
      gradients.base.assumingMemoryBound(to: Float.self) + range.lowerBound, range.count)
  }
}
