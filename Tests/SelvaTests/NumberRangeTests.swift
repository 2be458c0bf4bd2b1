import Foundation
import Testing

@testable import Networks
@testable import Selva

@Suite struct NumberRangeTests {
  @Test func takesFiniteNumbersBetweenItsEnds() {
    let range = NumberRange(0.5...8, or: 0)
    for value in [0, 0.5, 1, 8] { #expect(range.contains(value), "\(value)") }
    for value in [0.25, 8.1, -1, .nan, .infinity, -.infinity] { #expect(!range.contains(value), "\(value)") }
    #expect(range.text == "0, or 0.5 to 8")
    #expect(range.fault("--norm", 9) == "--norm must be a number (0, or 0.5 to 8), not 9")
    #expect(range.fault("--norm", 8) == nil)
    #expect(NumberRange(1...3).fault("--steps", 4) == "--steps must be a whole number (1 to 3), not 4")
  }

  /// A setting that is added without a range is found here.
  @Test func everyNumberOfTheSettingsHasOne() {
    let numbers = Mirror(reflecting: TrainingSettings()).children.filter {
      $0.value is Int || $0.value is Double || $0.value is UInt64
    }
    #expect(numbers.count == [BoundedNumber<TrainingSettings>].training.count)
    #expect(
      Set([BoundedNumber<TrainingSettings>].training.map { $0.path as AnyKeyPath }).count == numbers.count)
    #expect(TrainingSettings().fault == nil)
    #expect(ModelSettings(height: 28, width: 28).fault == nil)
  }

  @Test(
    arguments: [
      ("--epochs", \TrainingSettings.epochs, [0, -5, 1_000_001, .max]),
      ("--batch-size", \.batchSize, [0, 1_000_001]),
      ("--importance-samples", \.importanceSamples, [0, 1_000_001]),
      ("--threads", \.threads, [-1, 1025]), ("--patience", \.patience, [-1, .max]),
      ("--sample-every", \.sampleEvery, [-1, .max]),
    ] as [(String, WritableKeyPath<TrainingSettings, Int> & Sendable, [Int])])
  func settingsFromFilesAreJudgedAsOptionsAre(
    _ option: String, _ path: WritableKeyPath<TrainingSettings, Int> & Sendable, _ wrong: [Int]
  ) {
    for value in wrong {
      var settings = TrainingSettings()
      settings[keyPath: path] = value
      #expect(settings.fault == TrainingSettings.range(of: path).fault(option, value))
      #expect(settings.fault?.hasPrefix("\(option) must be a whole number (") == true)
    }
  }

  @Test(
    arguments: [
      ("--learning-rate", \TrainingSettings.learningRate, [0, 1e-300, 1001]),
      ("--warmup-epochs", \.warmupEpochs, [-1]), ("--beta1", \.beta1, [-0.1, 1]),
      ("--beta2", \.beta2, [-0.1, 1]),
      ("--epsilon", \.epsilon, [0, .leastNonzeroMagnitude, 2]),
      ("--weight-decay", \.weightDecay, [-1, 1001]),
      ("--clip-norm", \.clipNorm, [-1, 1e-300, 1e300]), ("--beta", \.beta, [-1, 1e300]),
      ("--beta-epochs", \.betaEpochs, [0, .leastNonzeroMagnitude]), ("--free-bits", \.freeBits, [-1, 1e300]),
      ("--dropout", \.dropout, [-0.1, 1]), ("--average-decay", \.averageDecay, [-0.1, 1]),
      ("--validation-fraction", \.validationFraction, [0, 1]),
    ] as [(String, WritableKeyPath<TrainingSettings, Double> & Sendable, [Double])])
  func onlyFiniteNumbersInRange(
    _ option: String, _ path: WritableKeyPath<TrainingSettings, Double> & Sendable, _ wrong: [Double]
  ) {
    for value in wrong + [.nan, .infinity, -.infinity] {
      var settings = TrainingSettings()
      settings[keyPath: path] = value
      #expect(settings.fault == TrainingSettings.range(of: path).fault(option, value), "\(value)")
      #expect(settings.fault != nil, "\(value)")
    }
  }

  @Test func sizesOfAModelAreBoundedWithoutOverflow() {
    func fault(_ change: (inout ModelSettings) -> Void) -> String? {
      var settings = ModelSettings(height: 28, width: 28)
      change(&settings)
      return settings.fault
    }
    #expect(fault { $0.height = .max } == "images of \(Int.max) x 28 pixels (1 to 16777216 in all)")
    #expect(fault { ($0.height, $0.width) = (.min, .min) } != nil)
    #expect(fault { ($0.height, $0.width) = (4096, 4096) } == nil)
    #expect(fault { ($0.height, $0.width) = (4096, 4097) } != nil)
    #expect(fault { $0.hidden = [5, 0] } == "a hidden layer of 0 units (1 to 1048576)")
    #expect(fault { $0.decoderHidden = [1 << 21] } == "a hidden layer of 2097152 units (1 to 1048576)")
    #expect(fault { $0.hidden = .init(repeating: 2, count: 101) } == "101 hidden layers (at most 100)")
    #expect(fault { $0.hidden = .init(repeating: 2, count: 100) } == nil)
    #expect(fault { $0.latent = 0 } == "0 latent components (1 to 65536)")
    for sigma in [0, 1e-300, .infinity, .nan, -1] {
      #expect(fault { $0.sigma = sigma } == "a sigma of \(sigma) (0.0001 to 1000)")
    }
  }

  /// At the ends of all ranges, through the whole of a run.
  @Test func schedulesAndTheOptimizerStayFinite() {
    for (rate, momentum) in [(1e-30, 0), (1000, 0.999999)] {
      for warmup in [0, 1_000_000.0] {
        for period in [0.001, 1_000_000] {
          for epochs in [1, 1_000_000] {
            var settings = TrainingSettings()
            (settings.learningRate, settings.beta1, settings.beta2) = (rate, momentum, momentum)
            (settings.warmupEpochs, settings.betaEpochs, settings.epochs) = (warmup, period, epochs)
            (settings.weightDecay, settings.epsilon, settings.beta) = (1000, 1e-30, 1_000_000)
            #expect(settings.fault == nil)
            for progress in [1e-9, 0.5, 1, Double(epochs)] { checkFinite(settings, progress) }
          }
        }
      }
    }
  }

  private func checkFinite(_ settings: TrainingSettings, _ progress: Double) {
    var settings = settings
    for shape in LearningRateShape.allCases {
      settings.learningRateShape = shape
      let rate = settings.learningRate(at: progress)
      #expect(rate.isFinite && rate >= 0)
      for number in [1, 1_000_000_000] {
        let factors = Adam(settings.adam, number: number, learningRate: rate).factors
        #expect(!factors.contains { !$0.isFinite }, "\(factors)")
      }
    }
    for shape in BetaShape.allCases {
      settings.betaShape = shape
      let beta = settings.beta(at: progress)
      #expect(beta.isFinite && beta >= 0 && Float(beta).isFinite)
    }
  }
}
