#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension TrainingSettings {
  /// The learning rate at `progress` epochs (fractional) from the start.
  public func learningRate(at progress: Double) -> Double {
    let warmup = warmupEpochs > 0 ? min(1, progress / warmupEpochs) : 1
    return learningRate * warmup * shapeFactor(at: progress)
  }

  private func shapeFactor(at progress: Double) -> Double {
    switch learningRateShape {
    case .constant: return 1
    case .cosine: return 0.5 * (1 + cos(.pi * min(1, progress / Double(epochs))))
    case .burda:
      // Stage i ends after (3^(i+1) − 1) / 2 of 3,280 passes.
      let pass = progress / Double(epochs) * 3280
      let stage = (0..<8).first { pass < (pow(3, Double($0 + 1)) - 1) / 2 } ?? 7
      return pow(10, -Double(stage) / 7)
    }
  }

  /// The weight of the KL divergence at `progress` epochs (fractional) from the start.
  public func beta(at progress: Double) -> Double {
    switch betaShape {
    case .constant: beta
    case .linear: beta * min(1, progress / betaEpochs)
    case .cyclical: beta * min(1, 2 * (progress / betaEpochs).truncatingRemainder(dividingBy: 1))
    }
  }
}
