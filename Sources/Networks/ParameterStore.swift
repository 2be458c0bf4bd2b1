import CKernels
import Compute

/// The parameter buffer with everything that moves with it: gradient, Adam's moments, the bfloat16 copy, the
/// running average. All have one layout, so each is one loop over one buffer.
package final class ParameterStore: Sendable {
  package let layout: ParameterLayout
  package let weights: Storage
  package let gradients: Storage
  package let firstMoment: Storage
  package let secondMoment: Storage
  /// Nil for products in float32.
  package let halves: Storage?
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

  package var parameters: Parameters { parameters(scratch: nil) }

  package func parameters(scratch: GradientScratch?) -> Parameters {
    Parameters(layout: layout, weights: weights, halves: halves, gradients: gradients, scratch: scratch)
  }

  /// The buffers as float32, `layout.count` each.
  package static func floats(_ storage: Storage) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(
      start: storage.base.assumingMemoryBound(to: Float.self), count: storage.byteCount / 4)
  }

  /// Every parameter as its view asks; each view has random numbers of its own. `weightsChosen` has to follow.
  package func initialize(seed: UInt64) {
    let all = ParameterStore.floats(weights)
    all.update(repeating: 0)
    for (index, view) in layout.views.enumerated() {
      let weights = all.baseAddress! + view.offset
      switch view.initialization {
      case .zeros: break
      case .identity: for i in 0..<view.shape[0] { weights[i * (view.shape[0] + 1)] = 1 }
      case .orthogonal(let gain):
        RandomStream(seed: seed, .initialization, image: index).normals(into: weights, count: view.count)
        makeOrthogonal(weights, view.shape[0])
        selva_scale(weights, Float(gain), view.count)
      case .normal(let gain, let fanIn):
        RandomStream(seed: seed, .initialization, image: index).normals(into: weights, count: view.count)
        selva_scale(weights, Float(gain / fanIn.squareRoot()), view.count)
      }
    }
  }

  /// After the weights were chosen to begin with.
  package func weightsChosen() {
    if let average {
      _ = ParameterStore.floats(average).update(fromContentsOf: ParameterStore.floats(weights))
    }
    weightsChanged()
  }

  /// After the weights were set from outside.
  package func weightsChanged() { weightsChanged(in: 0..<layout.count) }

  /// After those in `range` of the buffer were.
  package func weightsChanged(in range: Range<Int>) {
    guard let halves else { return }
    selva_to_bf16(
      ParameterStore.floats(weights).baseAddress! + range.lowerBound,
      halves.base.assumingMemoryBound(to: UInt16.self) + range.lowerBound, range.count)
  }

  /// Keeps a gradient that lies elsewhere.
  package func keepGradient(_ range: Range<Int>, _ values: UnsafeMutablePointer<Float>?) {
    guard let values else { return }
    let place = gradients.base.assumingMemoryBound(to: Float.self) + range.lowerBound
    if place != values { place.update(from: values, count: range.count) }
  }

  /// Of the gradient in `range` of the buffer.
  package func sumOfSquares(_ range: Range<Int>) -> Double {
    selva_sum_of_squares(
      gradients.base.assumingMemoryBound(to: Float.self) + range.lowerBound, range.count)
  }

  /// Of all its buffers.
  package static func byteCount(
    _ layout: ParameterLayout, elementType: ElementType, keepsAverage: Bool
  ) -> Double {
    Matrix.byteCount(1, layout.count) * (keepsAverage ? 5 : 4)
      + (elementType == .bfloat16 ? Matrix.byteCount(1, layout.count, elementType) : 0)
  }
}
