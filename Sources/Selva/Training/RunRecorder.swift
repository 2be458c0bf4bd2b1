import ImageGrid

/// Grids of pictures of one model, as a run draws them.
public struct RunGrids: Sendable {
  /// Draws from the prior, by the run's seed.
  public let samples: Raster
  /// Validation images, each beside its reconstruction.
  public let reconstructions: Raster
}

/// Keeps a run in a form of its own, beside what the run itself leaves in its directory. What it throws ends the run
/// with the checkpoint that stands, as a picture does that cannot be written; a run that is resumed from there records
/// the same epochs again.
public protocol RunRecorder: AnyObject {
  /// What the run's settings call it.
  var name: String { get }
  /// After each epoch.
  ///
  /// - Parameters:
  ///   - row: the epoch's figures, in nats per image.
  ///   - beta: weight of the KL divergence at the epoch's end.
  func record(_ row: EpochMetrics, beta: Double) throws
  /// After the epochs whose samples the run draws, and of the best model in the end.
  ///
  /// - Parameters:
  ///   - pictures: drawn by the model of that epoch, or by the best one.
  ///   - epoch: from 1.
  ///   - isBest: whether the best model drew them, in the end.
  func record(_ pictures: RunGrids, epoch: Int, isBest: Bool) throws
  /// Of the best model in the end.
  ///
  /// - Parameters:
  ///   - model: the best by validation loss.
  ///   - data: what the run has learned from.
  func record(_ model: VAE, on data: TrainingData) throws
}

extension TrainingRun {
  /// Told of every epoch; nil: nobody is.
  public var recorder: (any RunRecorder)? {
    get { pictures.recorder }
    set { pictures.recorder = newValue }
  }
}
