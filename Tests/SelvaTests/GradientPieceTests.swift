import Compute
import IDX
import Testing

@testable import Networks
@testable import Selva

/// Gradients of weights that are made a piece at a time, used and forgotten.
@Suite struct GradientPieceTests {
  private func trainer(
    hidden: Int, workers: Int, count: Int = 16, precision: Precision = .float32,
    clipNorm: Double = 0
  ) -> Trainer {
    let images = noiseImages(count, height: 28, width: 28)
    var training = TrainingSettings()
    (training.precision, training.clipNorm, training.seed) = (precision, clipNorm, 6)
    let statistics = DataStatistics(images)
    let trainer = Trainer(
      model: ModelSettings(height: 28, width: 28, hidden: [hidden], latent: 2), training: training,
      images: images, inputMean: statistics.inputMean,
      inputStandardDeviation: statistics.inputStandardDeviation, group: WorkerGroup(count: workers))
    trainer.store.initialize(trainer.model, statistics: statistics, seed: 6)
    return trainer
  }

  /// With a bound on their norm, all gradients are kept until it is known.
  @Test(arguments: [1, 2, 3], [Precision.float32, .bfloat16])
  func whatIsForgottenHasMovedTheWeightsAsWhatIsKept(workers: Int, precision: Precision) {
    let trainers = [0, 1e9].map {
      trainer(hidden: 300, workers: workers, precision: precision, clipNorm: $0)
    }
    for trainer in trainers {
      for epoch in 0..<3 { _ = trainer.step([0, 1, 2, 3, 4], epoch: epoch, learningRate: 1e-3, beta: 1) }
    }
    let weights = trainers.map { Array(ParameterStore.floats($0.store.weights)) }
    // Without AVX-512, how operands lie has a say in the last bits.
    let difference = zip(weights[0], weights[1]).map { abs($0 - $1) }.max() ?? .infinity
    #expect(difference <= (Product.hasBFloat16 ? 0 : 1e-4))
    // Of weights, the one keeps nothing, the other all.
    let views = trainers[0].store.layout.views.filter { $0.name.hasSuffix("weight") }
    #expect(views.count == 5)
    for view in views {
      let kept = trainers.map { ParameterStore.floats($0.store.gradients)[view.range].contains { $0 != 0 } }
      #expect(kept == [false, true], "\(view.name)")
    }
  }

  @Test(arguments: [(784, 80), (12, 992), (1, 992), (4096, 16), (4097, 992)])
  func aPieceFitsItsMemory(columns: Int, most: Int) {
    var layout = ParameterLayout()
    let offset = layout.add("weight", [1000, columns]).offset
    let store = ParameterStore(layout, elementType: .float32, keepsAverage: false)
    let parameters = store.parameters(scratch: GradientScratch(workers: 2))
    for (worker, share) in [0..<512, 512..<1000].enumerated() {
      let pieces = parameters.gradientPieces(
        offset, rows: 1000, columns: columns, share: share, worker: worker)
      #expect(pieces.flatMap { Array($0.rows) } == Array(share))
      #expect(pieces[0].rows.count == min(most, share.count))
      for (rows, values) in pieces { #expect(values.rows == rows.count && values.columns == columns) }
      // Longer rows than fit have their gradient where it is kept.
      let own = pieces[0].values.floats
      #expect(
        (own == ParameterStore.floats(store.gradients).baseAddress! + share.lowerBound * columns)
          == (columns > 4096))
    }
  }

  @Test func nothingIsMadeWhereNothingIsLearned() {
    var layout = ParameterLayout()
    let offset = layout.add("weight", [40, 3]).offset
    let store = ParameterStore(layout, elementType: .float32, keepsAverage: false)
    let parameters = store.parameters(scratch: GradientScratch(workers: 1))
    func pieces(_ parameters: Parameters, _ share: Range<Int>) -> [Range<Int>] {
      parameters.gradientPieces(offset, rows: 40, columns: 3, share: share, worker: 0).map(\.rows)
    }
    #expect(pieces(parameters, 0..<40) == [0..<32, 32..<40])
    #expect(pieces(parameters, 8..<8).isEmpty && pieces(parameters.frozen, 0..<40).isEmpty)
  }

  /// From 512 rows on, oneDNN adds up in an order that depends on how its operands lie.
  @Test(arguments: [Precision.float32, .bfloat16], [0, 1e9])
  func sumsOverManyRowsAreTheSameForAnyNumberOfWorkers(precision: Precision, clipNorm: Double) {
    let gradients = [1, 2, 3].map { workers in
      let trainer = trainer(
        hidden: 64, workers: workers, count: 512, precision: precision, clipNorm: clipNorm)
      _ = trainer.gradient([Int32](0..<512)[...], beta: 1)
      return Array(ParameterStore.floats(trainer.store.gradients))
    }
    for other in gradients.dropFirst() {
      let difference = zip(gradients[0], other).map { abs($0 - $1) }.max() ?? .infinity
      let size = gradients[0].map(abs).max() ?? 0
      #expect(size > 0)
      #expect(difference <= (Product.hasBFloat16 ? 0 : size * (precision == .float32 ? 1e-5 : 1e-2)))
    }
  }
}
