import Compute
import IDX
import Testing

@testable import Networks
@testable import Selva

private struct Change: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let training: @Sendable (inout TrainingSettings) -> Void
  let model: @Sendable (inout ModelSettings) -> Void

  init(
    _ name: String, training: @escaping @Sendable (inout TrainingSettings) -> Void = { _ in },
    model: @escaping @Sendable (inout ModelSettings) -> Void = { _ in }
  ) {
    (testDescription, self.training, self.model) = (name, training, model)
  }
}

private let changes = [
  Change("plain"),
  Change("dropout", training: { $0.dropout = 0.2 }),
  Change("labels", model: { $0.labels = [0, 1, 2] }),
  Change("gelu, clipped", training: { $0.clipNorm = 1e9 }, model: { $0.activation = .gelu }),
  Change("no hidden layer", model: { ($0.hidden, $0.decoderHidden) = ([], []) }),
  Change("binarized", training: { $0.binarization = .stochastic }),
  Change(
    "mixture, four samples", training: { ($0.objective, $0.importanceSamples) = (.iwae, 4) },
    model: { $0.prior = .mixture(components: 3) }),
]

/// A first layer that leaves zeros out makes what one does that multiplies them.
@Suite struct SparseLayerTests {
  private func settings(_ change: (inout TrainingSettings) -> Void = { _ in }) -> TrainingSettings {
    var training = TrainingSettings()
    (training.precision, training.seed) = (.float32, 6)
    change(&training)
    return training
  }

  private func trainer(
    _ images: ImageSet, _ training: TrainingSettings, workers: Int, leavesOutZeros: Bool? = nil,
    _ change: (inout ModelSettings) -> Void = { _ in }
  ) -> Trainer {
    var model = ModelSettings(
      height: images.height, width: images.width, channels: images.channels, hidden: [150], latent: 2)
    change(&model)
    let statistics = DataStatistics(images)
    let trainer = Trainer(
      model: model, training: training, images: images, inputMean: statistics.inputMean,
      inputStandardDeviation: statistics.inputStandardDeviation, group: WorkerGroup(count: workers))
    trainer.leavesOutZeros = leavesOutZeros
    trainer.store.initialize(trainer.model, statistics: statistics, seed: 6) { images.image($0) }
    // Biases begin as zeros, which would hide them.
    for (i, value) in RandomStream(seed: 3, .latents).normals(trainer.store.layout.count).enumerated() {
      ParameterStore.floats(trainer.store.weights)[i] += 0.02 * value
    }
    return trainer
  }

  private func gradient(_ trainer: Trainer) -> [Float] {
    _ = trainer.gradient([Int32](0..<40)[...], epoch: 1, beta: 1)
    return Array(ParameterStore.floats(trainer.store.gradients))
  }

  @Test(arguments: changes, [1, 2, 3])
  private func gradientsAreThoseOfWholeProducts(_ change: Change, workers: Int) {
    let images = noiseImages(40, height: 17, width: 23, labels: (0..<40).map { UInt8($0 % 3) })
    let (whole, sparse, alone) = (
      gradient(
        trainer(images, settings(change.training), workers: workers, leavesOutZeros: false, change.model)),
      gradient(
        trainer(images, settings(change.training), workers: workers, leavesOutZeros: true, change.model)),
      gradient(trainer(images, settings(change.training), workers: 1, leavesOutZeros: true, change.model))
    )
    let layout = trainer(images, settings(change.training), workers: 1, change.model).store.layout
    for view in layout.views {
      let size = whole[view.range].reduce(1e-3) { max($0, abs($1)) }
      let difference = zip(whole[view.range], sparse[view.range]).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(difference < 2e-5 * size, "\(view.name)")
    }
    #expect(!whole.elementsEqual(sparse))
    let first = layout.views[0].range
    if Product.hasBFloat16 {
      #expect(sparse.elementsEqual(alone))
    } else {
      #expect(zip(sparse[first], alone[first]).allSatisfy { abs($0 - $1) < 1e-3 })
    }
  }

  /// Batch after batch, each with lists of its own, and weights that move.
  @Test(arguments: [1, 2]) func trainingFollowsThatWithWholeProducts(workers: Int) {
    let images = noiseImages(80, height: 10, width: 15)
    let losses = [false, true].map { leavesOut in
      let trainer = trainer(images, settings(), workers: workers, leavesOutZeros: leavesOut)
      return (0..<10).map { step -> Double in
        let batch = (0..<33).map { Int32((step * 33 + $0 * 7) % 80) }
        return trainer.step(batch[...], epoch: step, learningRate: 1e-3, beta: 1)?.objective ?? .nan
      }
    }
    for (whole, sparse) in zip(losses[0], losses[1]) { #expect(abs(whole - sparse) < 1e-4 * whole) }
    #expect(abs(losses[1][9] - losses[1][0]) > 10)
  }

  /// `lit` of 20 pixels.
  private func images(lit: Int = 5, side: Int = 10, floats: Bool = false, channels: Int = 1) -> ImageSet {
    let bytes = (0..<50 * side * side * channels).map { UInt8($0 % 20 < lit ? 200 : 0) }
    return floats
      ? ImageSet(values: bytes.map { Float($0) / 255 }, height: side, width: side, channels: channels)
      : ImageSet(bytes: bytes, height: side, width: side, channels: channels)
  }

  private func leavesOut(
    _ images: ImageSet, batch: Int = 32, _ change: (inout TrainingSettings) -> Void = { _ in },
    model: (inout ModelSettings) -> Void = { $0.hidden = [128] }
  ) -> Bool {
    trainer(images, settings(change), workers: 1, model).job(batch).step.pass.encoder.network.layers[0]
      is SparseLayer
  }

  @Test func zerosAreLeftOutWhereThatIsFaster() {
    #expect(leavesOut(images()) && leavesOut(images(floats: true)))
    #expect(!leavesOut(images(lit: 6)) && !leavesOut(images(lit: 6, floats: true)))
    #expect(!leavesOut(images(), batch: 31))
    #expect(!leavesOut(images(), model: { $0.hidden = [127] }))
    #expect(leavesOut(images(side: 64)) && !leavesOut(images(lit: 4, side: 65)))
    #expect(leavesOut(images(), { $0.precision = .bfloat16 }) == !Product.hasBFloat16)
    #expect(!leavesOut(images(), model: { ($0.hidden, $0.prior) = ([128], .vamp(components: 3)) }))
    let stages = NetworkShape.convolution(Convolution(channels: [2]))
    #expect(!leavesOut(images(), model: { ($0.hidden, $0.network) = ([128], stages) }))
    #expect(leavesOut(images(channels: 3)))
  }

  @Test func theCeilingIsThatOfWholeProducts() {
    func operations(_ images: ImageSet) -> Int {
      let benchmark = StepBenchmark(
        model: ModelSettings(height: 10, width: 10, hidden: [128], latent: 2), training: settings())
      return benchmark.timer(images, threads: 1, batch: 32).operations
    }
    #expect(operations(images()) == operations(images(lit: 10)))
    // Forward and back through 100-128-4 and 2-128-100, but no gradient of the pixels.
    #expect(operations(images()) == 2 * 32 * (3 * (128 * 4 + 2 * 128 + 128 * 100) + 2 * 100 * 128))
  }
}
