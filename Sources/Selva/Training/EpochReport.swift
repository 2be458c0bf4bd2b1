/// What one epoch came to, from its sums.
extension EpochMetrics {
  /// −ELBO, or the importance-weighted bound, in nats per image.
  static func loss(_ sums: LossSums, isBound: Bool) -> Double {
    (isBound ? sums.objective : sums.reconstruction + sums.kl) / Double(sums.images)
  }

  init(epoch: Int, state: TrainingState, validation: Evaluation, isBound: Bool, learningRate: Double) {
    let images = Double(state.sums.images)
    self.init(
      epoch: epoch, trainLoss: EpochMetrics.loss(state.sums, isBound: isBound),
      trainReconstruction: state.sums.reconstruction / images, trainKL: state.sums.kl / images,
      validationLoss: validation.objective, validationReconstruction: validation.reconstruction,
      validationKL: validation.kl, learningRate: learningRate, seconds: state.seconds,
      imagesPerSecond: images / max(state.seconds, 1e-9))
  }
}
