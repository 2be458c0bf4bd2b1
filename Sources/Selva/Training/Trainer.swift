import Compute
import Files
import IDX
import Networks
import Ranks
import Synchronization

/// Takes training steps: owns the parameters, the optimizer's state and the workers.
package final class Trainer {
  package let model: ModelSettings
  package let training: TrainingSettings
  package let layout: ModelLayout
  package let store: ParameterStore
  package let group: WorkerGroup
  /// The processes that share every batch; to be set before the first step.
  package var ranks: any RankGroup = SoleRank()
  /// Steps taken.
  package var stepCount = 0
  /// Whether the encoder's first layer leaves out pixels that are 0; nil: where that is faster. To be set before the first
  /// step.
  package var leavesOutZeros: Bool?
  private let source: BatchSource
  private var steps: [BatchSize: Job] = [:]
  private lazy var scratch =
    training.keepsGradients(ranks: ranks.count) ? nil : GradientScratch(workers: group.count)
  private lazy var hasMostlyZeros = source.hasMostlyZeros
  private lazy var rankedUpdate = ranks.count == 1 ? nil : makeRankedUpdate()

  package init(
    model: ModelSettings, training: TrainingSettings, images: ImageSet, inputMean: [Float],
    inputStandardDeviation: [Float], group: WorkerGroup
  ) {
    self.model = model
    self.training = training
    self.group = group
    source = BatchSource(
      images, binarization: training.binarization, inputMean: inputMean,
      inputStandardDeviation: inputStandardDeviation, labels: model.labels)
    layout = ModelLayout(model)
    store = ParameterStore(
      layout.parameters, elementType: training.precision.elementType,
      keepsAverage: training.averageDecay > 0)
  }

  /// Parameters as a run begins with them, from the images at `indices`.
  package func initialize(_ statistics: DataStatistics, indices: [Int32]) {
    let draw = ImageDraw(source.images, indices: indices, seed: training.seed)
    store.initialize(model, statistics: statistics, seed: training.seed) { draw($0) }
  }

  /// The model as it stands.
  ///
  /// - Parameter averaged: with the running average of the weights, where there is one.
  func snapshot(_ statistics: (mean: [Float], standardDeviation: [Float]), averaged: Bool = true) -> VAE {
    let weights = averaged ? store.average ?? store.weights : store.weights
    return VAE(
      settings: model, inputMean: statistics.mean, inputStandardDeviation: statistics.standardDeviation,
      values: UnsafeBufferPointer(ParameterStore.floats(weights)))
  }

  /// One step on `images` (indices into the training set), of which this process takes its share: loss, gradient,
  /// update. `epsilon` replaces the random ε, `[images · samples, latent]`.
  ///
  /// - Returns: the sums of this process's images; nil where the images' file was changed before they were read. A
  ///   process by itself has its parameters then as they were.
  package func step(
    _ images: ArraySlice<Int32>, epoch: Int, learningRate: Double, beta: Double, epsilon: [Float]? = nil
  ) -> LossSums? {
    let mine = images[Worker.share(of: images.indices, index: ranks.rank, count: ranks.count)]
    // A rank without an image reckons with the first, and leaves out what it finds.
    let job = job(max(1, mine.count), of: images.count)
    job.step.givenEpsilon = epsilon
    job.begin(
      mine.isEmpty ? images.prefix(1) : mine, epoch: epoch, beta: beta, number: stepCount + 1,
      learningRate: learningRate, isIdle: mine.isEmpty)
    group.run(job.phases)
    guard job.isIntact else { return nil }
    stepCount += 1
    return job.step.sums
  }

  /// Loss and gradient (left in `store.gradients`) without an update.
  package func gradient(
    _ images: ArraySlice<Int32>, epoch: Int = 0, beta: Double, epsilon: [Float]? = nil
  ) -> LossSums {
    precondition(ranks.count == 1, "\(ranks.count) ranks take steps, and nothing less")
    let job = job(images.count)
    job.step.givenEpsilon = epsilon
    job.begin(images, epoch: epoch, beta: beta, number: 0, learningRate: 0)
    group.run(job.phases)
    return job.step.sums
  }

  /// Full batches and the epoch's last one differ in size; each size has its own memory.
  package func job(_ count: Int, of whole: Int? = nil) -> Job {
    let whole = whole ?? count
    let size = BatchSize(own: count, whole: whole)
    if let job = steps[size] { return job }
    let job = Job(
      makeStep(size, leavesOutZeros: leavesOutZeros(count)), store: store, training: training,
      workers: group.count, ranked: rankedUpdate)
    steps[size] = job
    return job
  }

  /// A step that multiplies whole matrices, whatever is in them.
  package func denseStep(_ count: Int) -> TrainingStep {
    makeStep(BatchSize(own: count, whole: count), leavesOutZeros: false)
  }

  private func makeStep(_ size: BatchSize, leavesOutZeros: Bool) -> TrainingStep {
    TrainingStep(
      parameters, training: training, source: source, batch: size.own, workers: group.count,
      wholeBatch: size.whole, ranks: ranks, leavesOutZeros: leavesOutZeros)
  }

  private func leavesOutZeros(_ rows: Int) -> Bool {
    leavesOutZeros
      ?? (TrainingStep.mayLeaveOutZeros(layout, training: training, batch: rows) && hasMostlyZeros)
  }

  private var parameters: ModelParameters {
    ModelParameters(
      settings: model, layout: layout, all: store.parameters(scratch: scratch),
      frozen: Set(training.frozen ?? []),
      dropoutRate: training.dropout)
  }

  private func makeRankedUpdate() -> RankedUpdate {
    let parts = ModelPart.allCases.filter { parameters[$0].learns }.map { ($0, layout.range(of: $0)) }
    return RankedUpdate(
      store, training, parts: parts.filter { !$0.1.isEmpty }, ranks: ranks, workers: group.count)
  }

  /// Brings what only one rank keeps up to date to all of them, for what looks at the whole store.
  ///
  /// - Returns: the first rank whose weights are not those of rank 0; nil where they are the same everywhere.
  package func collect() -> Int? {
    rankedUpdate?.collect()
    return rankedUpdate?.firstDifferentRank()
  }
}

extension TrainingSettings {
  /// Whether gradients are looked at again: for their norm, or by other ranks.
  func keepsGradients(ranks: Int) -> Bool { clipNorm > 0 || ranks > 1 }
}

/// Images of a step, of this process and of all.
private struct BatchSize: Hashable {
  let own: Int
  let whole: Int
}

/// One step as the workers run it.
///
/// `@unchecked Sendable`: set by `begin` before the workers start, and only read by them but for `finished`, of
/// which each worker writes its own element, and for `isChanged`, which is atomic.
package final class Job: @unchecked Sendable {
  package let step: TrainingStep
  private let store: ParameterStore
  private let training: TrainingSettings
  private let finished: UnsafeMutableBufferPointer<Finished>
  /// Of the update; 0 leaves the parameters as they are.
  private var number = 0
  private var learningRate = 0.0
  /// Set by a worker that finds the images' file changed after it has read its own.
  private let isChanged = Atomic<Bool>(false)
  private(set) var phases = Phases { _ in }

  /// What a worker has made of a gradient that is clipped.
  private struct Finished {
    var ranges: [Range<Int>] = []
    var squares = 0.0
  }

  init(
    _ step: TrainingStep, store: ParameterStore, training: TrainingSettings, workers: Int,
    ranked: RankedUpdate?
  ) {
    self.step = step
    self.store = store
    self.training = training
    finished = .allocate(capacity: workers)
    finished.initialize(repeating: Finished())
    phases = Phases { add(to: &$0, ranked) }
  }

  deinit {
    finished.deinitialize()
    finished.deallocate()
  }

  /// - Parameter isIdle: whether nothing of what is found counts, as other ranks have all images of the step.
  package func begin(
    _ images: ArraySlice<Int32>, epoch: Int, beta: Double, number: Int, learningRate: Double,
    isIdle: Bool = false
  ) {
    self.number = number
    self.learningRate = learningRate
    isChanged.store(false, ordering: .relaxed)
    step.prepare(images, epoch: epoch, beta: beta, isIdle: isIdle)
  }

  private func add(to phases: inout PhaseList, _ ranked: RankedUpdate?) {
    let look: PhaseList.Body = { [unowned self] _ in
      if !step.source.images.isIntact { isChanged.store(true, ordering: .relaxed) }
    }
    if let ranked {
      // All ranks take every step to its end, and then see what became of the images of all.
      ranked.add(step, to: &phases) { [unowned self] in adam(gradientScale: $0) }
      return phases.add(look)
    }
    step.addImageGradients(to: &phases)
    phases.add(look)
    phases.meet()
    // No file is read from here on, so that all workers decide alike.
    phases.add { [unowned self] worker in
      guard isIntact else { return }
      if number == 0 {
        step.parameterGradients(worker) { store.keepGradient($0, $1) }
      } else if training.clipNorm == 0 {
        let adam = adam(gradientScale: 1)
        step.parameterGradients(worker) { adam.update(store, $0, gradient: $1) }
      } else {
        measure(worker)
      }
    }
    guard training.clipNorm > 0 else { return }
    phases.meet()
    phases.add { [unowned self] in if isIntact, number > 0 { clipAndUpdate($0) } }
  }

  /// Whether the step's images were what they should be.
  package var isIntact: Bool { !isChanged.load(ordering: .relaxed) && !MappedFile.isAnyCut }

  /// The gradient, and the sum of its squares.
  private func measure(_ worker: Worker) {
    var mine = Finished()
    step.parameterGradients(worker) { range, _ in mine.ranges.append(range) }
    mine.squares = mine.ranges.reduce(0) { $0 + store.sumOfSquares($1) }
    finished[worker.index] = mine
  }

  private func clipAndUpdate(_ worker: Worker) {
    let adam = adam(gradientScale: training.clipFactor(ofSquares: finished.reduce(0) { $0 + $1.squares }))
    for range in finished[worker.index].ranges { adam.update(store, range) }
  }

  private func adam(gradientScale: Double) -> Adam {
    Adam(training.adam, number: number, learningRate: learningRate, gradientScale: gradientScale)
  }
}
