extension TrainingState {
  /// What no run comes to, in words for a person; nil where nothing is amiss.
  ///
  /// The counts are added to and multiplied with each other, so they stay far from what an `Int` holds.
  var fault: String? {
    let images = 0...Int(Int32.max)
    // All are worked out, so none may take another for granted.
    let checks: [(Bool, String)] = [
      (
        images.contains(trainingImages) && images.contains(validationImages),
        "\(trainingImages) images learned from and \(validationImages) held out"
      ),
      ((0...Self.mostEpochs).contains(epoch), "\(epoch) epochs done"),
      (
        position >= 0 && position <= trainingImages,
        "\(position) of \(trainingImages) images seen in an epoch"
      ),
      ((0...Self.mostSteps).contains(stepCount), "\(stepCount) steps taken"),
      (stepCount > 0 || (epoch == 0 && position == 0), "no step taken in \(epoch) epochs"),
      (sums.images == position, "sums of \(sums.images) images where \(position) were seen"),
      (
        sums.objective.isFinite && sums.reconstruction.isFinite && sums.kl.isFinite,
        "sums of losses that are not finite"
      ),
      (seconds >= 0 && seconds.isFinite, "\(seconds) seconds spent in an epoch"),
      (bestLoss?.isFinite ?? true, "a best loss of \(bestLoss ?? 0)"),
      (startLoss?.isFinite ?? true, "a loss of \(startLoss ?? 0) to start from"),
      (
        epochsWithoutImprovement >= 0 && epochsWithoutImprovement <= epoch,
        "\(epochsWithoutImprovement) of \(epoch) epochs without a better loss"
      ),
    ]
    return checks.first { !$0.0 }?.1
  }

  private static let mostEpochs = 1 << 31
  private static let mostSteps = 1 << 53
}
