import Compute
import IDX

/// What a run learns from, and what it is validated on.
public struct TrainingData: Sendable {
  /// What the run learns from; the images at `trainingIndices`.
  public let training: ImageSet
  /// Indices into `training`.
  public let trainingIndices: [Int32]
  /// What the run is validated on; the images at `validationIndices`. `training` itself where a part of that is held out.
  public let validation: ImageSet
  /// Indices into `validation`.
  public let validationIndices: [Int32]

  /// What a run with `settings` learns from: where no set is held out, a part of `training` is, as large as they say and
  /// chosen by their seed.
  ///
  /// - Parameters:
  ///   - training: what to learn from.
  ///   - validation: a set of its own to hold out, of the same size; nil: a part of `training`, at least one image on
  ///     either side.
  ///   - settings: those of the run.
  /// - Throws: `TrainingError.sizesDiffer` or `.channelsDiffer` when the two sets differ in size,
  ///   `TrainingError.tooFewImages` when there is nothing to hold out.
  public init(training: ImageSet, validation: ImageSet? = nil, for settings: TrainingSettings) throws {
    try self.init(
      training: training, validation: validation, fraction: settings.validationFraction, seed: settings.seed)
  }

  /// - Parameters:
  ///   - validation: a set of its own to hold out; nil: a part of `training`.
  ///   - fraction: how large a part, chosen by `seed`; at least one image on either side.
  /// - Throws: `TrainingError` when the two sets differ in size, or there is nothing to hold out.
  package init(training: ImageSet, validation: ImageSet?, fraction: Double, seed: UInt64) throws {
    self.training = training
    if let validation {
      try validation.check(
        training.shape, fix: "give sets that are both grey or both in colour")
      self.validation = validation
      trainingIndices = [Int32](0..<Int32(training.count))
      validationIndices = [Int32](0..<Int32(validation.count))
      return
    }
    guard training.count >= 2 else {
      throw TrainingError.tooFewImages(path: training.path, count: training.count)
    }
    let held = min(training.count - 1, max(1, Int((Double(training.count) * fraction).rounded())))
    let order = RandomStream(seed: seed, .split).permutation(training.count)
    self.validation = training
    validationIndices = order[..<held].sorted()
    trainingIndices = order[held...].sorted()
  }
}
