extension TrainingRun {
  /// What a run reports as it goes.
  public enum Event: Sendable {
    /// After a step, at most some ten times a second.
    case progress(Progress)
    /// After an epoch; `isBest`: no epoch before had a lower validation loss.
    case epoch(EpochMetrics, isBest: Bool)
    /// After a checkpoint that `shouldSave` asked for.
    case saved
  }

  /// Where an epoch under way stands.
  public struct Progress: Sendable {
    /// Counted from 1.
    public let epoch: Int
    /// That the run is to have in all.
    public let epochs: Int
    /// Training images of this epoch that are done.
    public let images: Int
    /// Training images of an epoch.
    public let imagesInEpoch: Int
    /// −ELBO, or the importance-weighted bound where training minimizes that: nats per image, averaged over the epoch so
    /// far.
    public let loss: Double
    /// −log p(x | z) in nats per image, averaged likewise.
    public let reconstruction: Double
    /// KL(q(z | x) ‖ p(z)) in nats per image, averaged likewise.
    public let kl: Double
    /// Training images a second, over the epoch so far.
    public let imagesPerSecond: Double
    /// To the end of the last epoch, at this speed.
    public let secondsLeft: Double
  }

  /// How a run ended.
  public enum Outcome: Sendable, Equatable {
    /// All epochs are done.
    case finished
    /// By patience.
    case stoppedEarly
    /// By `shouldStop`; the checkpoint is written.
    case interrupted
  }
}

extension TrainingRun.Progress {
  init(_ state: TrainingState, _ training: TrainingSettings, imagesInEpoch: Int) {
    let images = Double(state.sums.images)
    let speed = images / max(state.seconds, 1e-9)
    let left = (training.epochs - state.epoch) * imagesInEpoch - state.position
    self.init(
      epoch: state.epoch + 1, epochs: training.epochs, images: state.position, imagesInEpoch: imagesInEpoch,
      loss: EpochMetrics.loss(state.sums, isBound: training.objective != .elbo),
      reconstruction: state.sums.reconstruction / images, kl: state.sums.kl / images, imagesPerSecond: speed,
      secondsLeft: Double(left) / speed)
  }
}
