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
    public let epochs: Int
    public let images: Int
    public let imagesInEpoch: Int
    /// Nats per image, averaged over the epoch so far.
    public let loss: Double
    public let reconstruction: Double
    public let kl: Double
    public let imagesPerSecond: Double
    /// To the end of the last epoch, at this speed.
    public let secondsLeft: Double
  }

  /// How a run ended.
  public enum Outcome: Sendable, Equatable {
    case finished
    /// By patience.
    case stoppedEarly
    /// By `shouldStop`; the checkpoint is written.
    case interrupted
  }
}
