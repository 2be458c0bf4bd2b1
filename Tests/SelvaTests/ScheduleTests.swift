import Testing

@testable import Selva

/// Numbers worked out by hand from the definitions.
@Suite struct ScheduleTests {
  private func settings(_ change: (inout TrainingSettings) -> Void) -> TrainingSettings {
    var settings = TrainingSettings()
    (settings.epochs, settings.learningRate, settings.warmupEpochs) = (10, 0.4, 0)
    change(&settings)
    return settings
  }

  @Test(arguments: [
    (0.0, 1.0), (2.5, 0.8535533905932737), (5, 0.5), (7.5, 0.14644660940672627), (10, 0), (12, 0),
  ])
  func cosineFallsByHalfAWave(progress: Double, share: Double) {
    let settings = settings { $0.learningRateShape = .cosine }
    #expect(abs(settings.learningRate(at: progress) - 0.4 * share) < 1e-15)
  }

  @Test func constantStays() {
    let settings = settings { $0.learningRateShape = .constant }
    for progress in [0, 0.1, 5, 10, 20] { #expect(settings.learningRate(at: progress) == 0.4) }
  }

  /// 3,280 epochs are passes: 1, 3, 9, … 2,187 of them at 10^(−i/7).
  @Test func burdaGoesDownInEightStages() {
    let settings = settings {
      $0.learningRateShape = .burda
      $0.epochs = 3280
    }
    let ends = [1.0, 4, 13, 40, 121, 364, 1093, 3280]
    let shares = [
      1, 0.7196856730011519, 0.5179474679231212, 0.3727593720314942, 0.2682695795279726,
      0.1930697728883250, 0.1389495494373138, 0.1,
    ]
    for (stage, (end, share)) in zip(ends, shares).enumerated() {
      let start = stage == 0 ? 0 : ends[stage - 1]
      for progress in [start, end - 1e-6] {
        #expect(abs(settings.learningRate(at: progress) - 0.4 * share) < 1e-12, "pass \(progress)")
      }
    }
    #expect(abs(settings.learningRate(at: 4000) - 0.04) < 1e-12)
    let short = self.settings { $0.learningRateShape = .burda }
    // 5 of 10 epochs are 1,640 passes: the last stage; 0.1 are 32.8: the fourth.
    #expect(abs(short.learningRate(at: 5) - 0.04) < 1e-12)
    #expect(abs(short.learningRate(at: 0.1) - 0.4 * shares[3]) < 1e-12)
  }

  @Test func theWarmUpRisesInAStraightLine() {
    let settings = settings {
      $0.learningRateShape = .constant
      $0.warmupEpochs = 4
    }
    for (progress, rate) in [(0.0, 0.0), (1, 0.1), (3, 0.3), (4, 0.4), (9, 0.4)] {
      #expect(abs(settings.learningRate(at: progress) - rate) < 1e-15)
    }
    let both = self.settings {
      $0.learningRateShape = .cosine
      $0.warmupEpochs = 10
    }
    #expect(abs(both.learningRate(at: 5) - 0.4 * 0.5 * 0.5) < 1e-15)
  }

  @Test func betaIsConstantOrRisesOnceOrAgainAndAgain() {
    func beta(_ shape: BetaShape, _ progress: Double) -> Double {
      settings {
        ($0.beta, $0.betaShape, $0.betaEpochs) = (3, shape, 4)
      }.beta(at: progress)
    }
    for progress in [0.0, 1, 40] { #expect(beta(.constant, progress) == 3) }
    for (progress, expected) in [(0.0, 0.0), (1, 0.75), (2, 1.5), (4, 3), (5, 3), (40, 3)] {
      #expect(beta(.linear, progress) == expected)
    }
    // Up in the first half of each cycle of 4 epochs, level in the second.
    for (progress, expected) in [
      (0.0, 0.0), (0.5, 0.75), (1, 1.5), (2, 3), (3.9, 3), (4, 0), (5, 1.5), (6.5, 3),
    ] {
      #expect(abs(beta(.cyclical, progress) - expected) < 1e-12)
    }
  }
}
