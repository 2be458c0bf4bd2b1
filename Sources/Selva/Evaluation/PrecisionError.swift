import Compute
import IDX

/// What products in bfloat16 changed of a figure, by images that were evaluated in float32 too with the same draws.
public struct PrecisionError: Codable, Sendable, Equatable {
  /// The figure in bfloat16 less that in float32, in nats per image: of `nll`, or of the loss where that was not asked
  /// for.
  public let mean: Double
  /// Of `mean`, over images, in nats.
  public let standardError: Double
  /// Images that were evaluated twice.
  public let count: Int

  private enum CodingKeys: String, CodingKey {
    case mean, count
    case standardError = "standard_error"
  }
}

extension Evaluator {
  /// One image of so many is evaluated twice, but at least `fewestTwice` images.
  private static let onceOf = 50
  private static let fewestTwice = 50

  /// What `precision` has changed; nil where products were in float32.
  ///
  /// - Parameters:
  ///   - losses: what `evaluateEach` found.
  ///   - images: as `evaluateEach` had them.
  ///   - indices: as `evaluateEach` had them.
  ///   - group: the workers that share the images; the figures do not depend on their number.
  public func precisionError(
    _ losses: ImageLosses, of images: ImageSet, indices: [Int32]? = nil, group: WorkerGroup
  ) -> PrecisionError? {
    guard precision.elementType != .float32 else { return nil }
    let found = importanceSamples == nil ? losses.losses : losses.nlls
    let step = max(1, min(Evaluator.onceOf, found.count / Evaluator.fewestTwice))
    let chosen = Array(stride(from: 0, to: found.count, by: step))
    var single = self
    single.precision = .float32
    single.progress = nil
    single.shouldStop = nil
    let places = chosen.map { losses.places[$0] }
    let (_, other) = single.evaluateEach(
      images, indices: places.map { indices?[$0] ?? Int32($0) }, group: group)
    let reference = importanceSamples == nil ? other.losses : other.nlls
    let difference = MeanAndError(zip(chosen, reference).map { found[$0] - $1 })
    return PrecisionError(
      mean: difference.mean, standardError: difference.standardError, count: chosen.count)
  }
}
