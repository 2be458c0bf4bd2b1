import Compute
import IDX
import Networks

/// Measures training steps on this machine: how fast they are, what bounds them, and where the time goes.
package struct StepBenchmark: Sendable {
  package var model: ModelSettings
  package var training: TrainingSettings
  /// Seconds for each measurement.
  package var seconds: Double

  package init(model: ModelSettings, training: TrainingSettings, seconds: Double = 2) {
    self.model = model
    self.training = training
    self.seconds = seconds
  }

  /// One number of workers.
  package struct Result: Codable, Sendable {
    package var threads: Int
    package var imagesPerSecond: Double
    /// Images/s if a step were its matrix products through oneDNN, zeros included, and nothing else.
    package var ceilingImagesPerSecond: Double
    /// 10⁹ floating-point operations a second in those products.
    package var ceilingGigaflops: Double
    /// Of the ceiling.
    package var fraction: Double
    /// Milliseconds of one step by stage, each measured alone.
    package var stages: Stages

    private enum CodingKeys: String, CodingKey {
      case threads
      case imagesPerSecond = "images_per_second"
      case ceilingImagesPerSecond = "ceiling_images_per_second"
      case ceilingGigaflops = "ceiling_gigaflops"
      case fraction = "fraction_of_ceiling"
      case stages = "stage_milliseconds"
    }
  }

  package struct Stages: Codable, Sendable {
    package var batch: Double
    package var forward: Double
    package var loss: Double
    package var backward: Double
    package var optimizer: Double
  }

  /// Steps, products and stages are timed in turn, round after round, so that all see the same weather on a
  /// machine that others use too; medians over the rounds.
  package func run(_ images: ImageSet, threads: Int) -> Result {
    let batch = min(training.batchSize, images.count)
    let timer = timer(images, threads: threads, batch: batch)
    timer.warmUp()
    let each = timer.repetitions(for: seconds / Double(rounds) / 2)
    var steps: [Double] = []
    var products: [Double] = []
    var stages: [[Double]] = []
    for _ in 0..<rounds {
      steps.append(timer.step(each))
      products.append(timer.products(each))
      stages.append(timer.stages(max(1, each / 4)))
    }
    let step = median(steps)
    let product = median(products)
    let stage = (0..<5).map { index in median(stages.map { $0[index] }) * 1e3 }
    return Result(
      threads: threads, imagesPerSecond: Double(batch) / step,
      ceilingImagesPerSecond: Double(batch) / product,
      ceilingGigaflops: Double(timer.operations) / product * 1e-9, fraction: product / step,
      stages: Stages(
        batch: stage[0], forward: stage[1], loss: stage[2], backward: stage[3], optimizer: stage[4]))
  }

  let rounds = 9

  func timer(_ images: ImageSet, threads: Int, batch: Int) -> Rounds {
    let group = WorkerGroup(count: threads)
    let statistics = DataStatistics(images)
    let trainer = Trainer(
      model: model, training: training, images: images, inputMean: statistics.inputMean,
      inputStandardDeviation: statistics.inputStandardDeviation, group: group)
    trainer.initialize(statistics, indices: [Int32](0..<Int32(images.count)))
    return Rounds(trainer: trainer, group: group, batch: batch, imageCount: images.count)
  }

  func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}

/// Seconds of one step, of one step's products, of one step's stages.
final class Rounds {
  let trainer: Trainer
  private let group: WorkerGroup
  private let batch: Int
  private lazy var job = trainer.job(batch)
  private let order: [Int32]
  private var position = 0

  init(trainer: Trainer, group: WorkerGroup, batch: Int, imageCount: Int) {
    self.trainer = trainer
    self.group = group
    self.batch = batch
    order = RandomStream(seed: 1, .order).permutation(imageCount)
  }

  /// With what a step leaves in its matrices: how fast a processor multiplies may depend on it.
  private lazy var wholeProducts = {
    let step = trainer.denseStep(batch)
    step.prepare(order[..<batch], epoch: 0, beta: 1)
    group.run(Phases(step.addImageGradients))
    return step
  }()

  var operations: Int { wholeProducts.operations }

  func warmUp() {
    _ = step(3)
    _ = products(3)
  }

  func repetitions(for seconds: Double) -> Int { max(1, Int(seconds / step(5))) }

  func step(_ count: Int) -> Double {
    let clock = Stopwatch()
    for _ in 0..<count {
      if position + batch > order.count { position = 0 }
      _ = trainer.step(order[position..<position + batch], epoch: 0, learningRate: 1e-4, beta: 1)
      position += batch
    }
    return clock.seconds / Double(count)
  }

  func products(_ count: Int) -> Double {
    times(count, [Phases(wholeProducts.addProducts)])[0]
  }

  func stages(_ count: Int) -> [Double] {
    let step = job.step
    return times(
      count,
      [
        Phases { $0.add(step.makeBatch) }, Phases(step.addForward), Phases { $0.add(step.loss) },
        Phases {
          step.addBackward(to: &$0)
          $0.meet()
          $0.add { step.parameterGradients($0) { _, _ in } }
        }, optimizer,
      ])
  }

  /// What `RankedUpdate` does between exchanges.
  func parts(_ count: Int) -> [Double] {
    let step = job.step
    return times(
      count,
      [
        Phases {
          step.addDecoderGradients(to: &$0)
          $0.meet()
          $0.add { step.decoderParameterGradients($0) { _, _ in } }
        },
        Phases {
          step.addRemainingGradients(to: &$0)
          $0.meet()
          $0.add { step.remainingParameterGradients($0) { _, _ in } }
        }, optimizer,
      ])
  }

  private var optimizer: Phases {
    let (adam, store) = (Adam(trainer.training.adam, number: 1000, learningRate: 1e-4), trainer.store)
    return Phases { $0.add { worker in adam.update(store, worker.share(of: store.layout.count, grain: 16)) } }
  }

  private func times(_ count: Int, _ stages: [Phases]) -> [Double] {
    stages.map { stage in
      let clock = Stopwatch()
      for _ in 0..<count { group.run(stage) }
      return clock.seconds / Double(count)
    }
  }
}
