import Compute
import Networks
import Ranks

/// Everything that one batch size needs for loss and gradient: memory, products, and the objective between them.
///
/// Workers split the images; `addImageGradients` takes a worker's images to the gradient of every layer's output,
/// then, when all have met, `parameterGradients` makes the worker's share of the parameters' gradient.
///
/// `@unchecked Sendable`: the inputs of a step are set before workers start, each worker writes its own rows and
/// its own sums, and phases order the rest.
package final class TrainingStep: @unchecked Sendable {
  /// The images of this step, as indices into the source: exactly `batch` of them.
  package private(set) var images: [Int32] = []
  /// Whether other ranks have all images of the step, and what is found here counts for nothing.
  private(set) var isIdle = false
  private var epoch = 0
  /// Weight of the KL divergence in this step.
  private(set) var beta = 1.0
  /// ε to use in place of random numbers, `[batch · samples, latent]`: for tests against given values.
  package var givenEpsilon: [Float]?

  package let batch: Int
  /// Images of the step on all ranks.
  let wholeBatch: Int
  let samples: Int
  let pass: ForwardPass
  let prior: any PriorPass
  let hasClosedForm: Bool
  let latentGradient: Matrix
  let source: BatchSource
  let model: ModelParameters
  let training: TrainingSettings
  let scratch: Scratch
  /// What goes back: through the encoder, and through the decoder or z.
  private let encoderGoesBack: Bool
  private let decoderGoesBack: Bool
  /// What the objective reads, and where its gradients go (nil where nothing goes back): held here, since every row
  /// asks for them, and each way there that is not constant counts a reference that all workers share.
  let latents: Reparameterization
  let decoderOutput: Matrix
  let decoderGradient: Matrix?
  let headsGradient: Matrix?
  private let sharesComponents: Bool
  private let partial: UnsafeMutablePointer<Partial>
  private let workers: Int
  private let ranks: any RankGroup
  /// KL divergence of each component, summed over all images of the step; for free bits.
  private let wholeKL: Gathering

  /// One worker's sums, as long as two cache lines, so that no two workers write to one line.
  struct Partial {
    var sums = LossSums()
    var spreadGradient = ChannelDoubles()
    private let distance = SIMD8<Double>()
  }

  /// - Parameters:
  ///   - batch: images of this process.
  ///   - wholeBatch: images of all `ranks`; nil: there are no others.
  ///   - leavesOutZeros: whether the encoder's first layer, which is dense, does.
  package init(
    _ model: ModelParameters, training: TrainingSettings, source: BatchSource, batch: Int, workers: Int,
    wholeBatch: Int? = nil, ranks: any RankGroup = SoleRank(), leavesOutZeros: Bool = false
  ) {
    let (samples, settings, plan) = (training.importanceSamples, model.settings, model.layout.prior)
    let rows = RowSplit(batch, workers: workers)
    let encodedRows = plan.encodedRows
    self.model = model
    self.training = training
    self.source = source
    self.batch = batch
    self.wholeBatch = wholeBatch ?? batch
    self.samples = samples
    self.ranks = ranks
    wholeKL = Gathering(ranks, width: settings.latent)
    self.workers = workers
    encoderGoesBack = model[.encoder].learns || encodedRows > 0
    decoderGoesBack = model[.decoder].learns || model[.encoder].learns
    hasClosedForm = plan.hasClosedForm
    sharesComponents = plan.sharesComponents
    latentGradient = Matrix(rows: batch * samples, columns: settings.latent)
    scratch = Scratch(rows: batch * samples, latent: settings.latent, workers: workers)
    let encodedGradient =
      encodedRows == 0 ? nil : Matrix(rows: encodedRows, columns: settings.pixelCount)
    let pass = ForwardPass(
      model, rows: rows, samples: samples, seed: training.seed, encodedRows: encodedRows,
      encodedGradient: encodedGradient,
      latentGradient: model[.encoder].learns ? latentGradient : nil, workersMeet: true,
      sparse: leavesOutZeros
        ? SparseInput(
          rows: batch, factor: source.standardization.factor, shift: source.standardization.shift) : nil)
    self.pass = pass
    latents = pass.latents
    decoderOutput = pass.decoder.output
    decoderGradient = decoderGoesBack ? pass.decoder.network.outputGradient : nil
    headsGradient = encoderGoesBack ? pass.encoder.network.outputGradient : nil
    prior = plan.bind(
      PriorBinding(
        parameters: model[.prior], z: pass.latents.z, rows: rows.repeated(samples),
        logDensity: scratch.logPrior, weights: scratch.priorWeights, gradient: latentGradient,
        encoded: encodedGradient.map {
          EncodedRows(pass, firstRow: batch, source: source, inputsGradient: $0)
        }))
    partial = .allocate(capacity: workers)
    partial.initialize(repeating: Partial(), count: workers)
  }

  deinit { partial.deallocate() }

  /// Before the workers start.
  package func prepare(_ indices: ArraySlice<Int32>, epoch: Int, beta: Double, isIdle: Bool = false) {
    precondition(indices.count == batch, "\(indices.count) images for a batch of \(batch)")
    self.isIdle = isIdle
    images.removeAll(keepingCapacity: true)
    images.append(contentsOf: indices)
    self.epoch = epoch
    self.beta = beta
    pass.tags.epoch = epoch
    scratch.costs.update(repeating: beta, count: workers * model.settings.latent)
    scratch.componentKL.update(repeating: 0, count: workers * scratch.latentStride)
  }

  /// The step's sums over all workers, in a fixed order.
  package var sums: LossSums {
    var total = LossSums()
    if isIdle { return total }
    for worker in 0..<workers { total += partial[worker].sums }
    return total
  }

  private func rows(_ worker: Worker) -> Range<Int> { pass.rows.blocks[worker.index][0] }

  /// Loss of the images, and its gradient with respect to every layer's output.
  package func addImageGradients(to phases: inout PhaseList) {
    addDecoderGradients(to: &phases)
    addRemainingGradients(to: &phases)
  }

  /// The first part of `addImageGradients`: once it is done, the decoder's parameters can have their gradients.
  func addDecoderGradients(to phases: inout PhaseList) {
    phases.add(makeBatch)
    addForward(to: &phases)
    phases.add(loss)
    phases.add(backwardThroughDecoder)
  }

  /// Targets and inputs of the worker's images.
  package func makeBatch(_ worker: Worker) {
    for row in rows(worker) {
      let image = Int(images[row])
      pass.read(
        image, of: source, into: row,
        stream: RandomStream(seed: training.seed, .binarization, epoch: epoch, image: image))
    }
    prior.fillEncodedRows(worker.index)
  }

  /// From the inputs to the decoder's output and the prior's density.
  func addForward(to phases: inout PhaseList) {
    pass.encoder.network.addForward(to: &phases)
    phases.add { [self] worker in
      for row in rows(worker) { sample(row) }
      prior.prepare(worker.index)
    }
    if sharesComponents { phases.meet() }
    phases.add { [self] worker in
      if !isClosedForm { prior.forward(worker.index) }
      pass.decoder.network.forward(worker.index)
    }
  }

  /// Whether the objective takes KL(q ‖ p) in closed form, and has no use for log p(z) of single samples.
  var isClosedForm: Bool { hasClosedForm && training.objective == .elbo }

  /// The objective, and its gradient with respect to the decoder's output.
  package func loss(_ worker: Worker) {
    var part = Partial()
    let componentKL = scratch.componentKL + worker.index * scratch.latentStride
    for row in rows(worker) {
      switch training.objective {
      case .elbo: evidenceBound(row, &part, componentKL)
      case .iwae, .dreg: importanceWeightedBound(row, &part)
      }
    }
    part.sums.images = rows(worker).count
    partial[worker.index] = part
  }

  /// From the decoder's output back to the first layer.
  func addBackward(to phases: inout PhaseList) {
    phases.add(backwardThroughDecoder)
    addRemainingGradients(to: &phases)
  }

  private func backwardThroughDecoder(_ worker: Worker) {
    if decoderGoesBack { pass.decoder.network.backward(worker.index) }
  }

  /// What follows the decoder's part of the way back.
  func addRemainingGradients(to phases: inout PhaseList) {
    if !isClosedForm { phases.add { [prior] in prior.backward($0.index) } }
    if training.freeBits > 0 { addFreeComponents(to: &phases) }
    if sharesComponents { phases.meet() }
    guard encoderGoesBack else { return }
    phases.add { [self] worker in
      let costs = costs(worker)
      if model[.encoder].learns { for row in rows(worker) { headsGradient(row, costs: costs) } }
      prior.encodedGradient(worker.index)
      pass.encoder.network.backward(worker.index)
    }
  }

  /// What each component's KL divergence weighs, for the worker's images.
  private func costs(_ worker: Worker) -> UnsafeMutablePointer<Double> {
    scratch.costs + worker.index * model.settings.latent
  }

  /// The matrix products of a step and nothing else: what a step would take if all the rest were free.
  package func addProducts(to phases: inout PhaseList) {
    let networks = networks
    phases.add { worker in for network in networks { network.rowProducts(worker.index) } }
    phases.meet()
    phases.add { worker in for network in networks { network.parameterProducts(worker.index) } }
  }

  private var networks: [Network] { [pass.encoder.network, pass.decoder.network] + prior.networks }

  /// Multiplications and additions of one step's products.
  package var operations: Int { networks.reduce(0) { $0 + $1.operations } }

  /// The gradient of the worker's share of the parameters, each part of which `finished` uses as soon as it is made.
  package func parameterGradients(_ worker: Worker, finished: GradientUse) {
    decoderParameterGradients(worker, finished: finished)
    remainingParameterGradients(worker) {
      restrain($0)
      finished($0, $1)
    }
  }

  /// Once the gradients in a range of the parameter buffer are those of the whole batch.
  func restrain(_ range: Range<Int>) { prior.restrain(range) }

  func decoderParameterGradients(_ worker: Worker, finished: GradientUse) {
    pass.decoder.network.parameterGradient(worker.index, finished: finished)
    guard worker.index == 0, let spread = model.layout.spread,
      let gradient = model[.decoder].gradient(spread.offset, rows: 1, columns: spread.count)
    else { return }
    for channel in 0..<spread.count {
      gradient.floats[channel] = Float((0..<workers).reduce(0) { $0 + partial[$1].spreadGradient[channel] })
    }
    finished(spread.range, nil)
  }

  func remainingParameterGradients(_ worker: Worker, finished: GradientUse) {
    pass.encoder.network.parameterGradient(worker.index, finished: finished)
    prior.parameterGradient(worker.index, finished: finished)
  }

  private func sample(_ row: Int) {
    for sample in 0..<samples {
      let epsilon = latents.epsilon.row(row * samples + sample)
      if let givenEpsilon {
        for i in 0..<latents.latent {
          epsilon[i] = givenEpsilon[(row * samples + sample) * latents.latent + i]
        }
      } else {
        RandomStream(
          seed: training.seed, .training, epoch: epoch, image: Int(images[row]), sample: sample
        ).normals(into: epsilon, count: latents.latent)
      }
    }
    latents.forward(row)
  }

  /// Lets components under the free bits cost nothing (Kingma et al. 2016, equation 15: the mean KL divergence of
  /// a component over the batch counts as λ at least). Looks at the whole batch.
  private func addFreeComponents(to phases: inout PhaseList) {
    phases.meet()
    phases.add { [self] worker in
      guard worker.index == 0 else { return }
      wholeKL.gather(
        (0..<model.settings.latent).lazy.map { [scratch, workers, isIdle] i in
          isIdle ? 0 : (0..<workers).reduce(0) { $0 + scratch.componentKL[$1 * scratch.latentStride + i] }
        })
    }
    phases.meet()
    phases.add(freeComponents)
  }

  private func freeComponents(_ worker: Worker) {
    let costs = costs(worker)
    var free = 0.0
    for i in 0..<model.settings.latent {
      let mean = wholeKL.sum(i) / Double(wholeBatch)
      costs[i] = mean > training.freeBits ? beta : 0
      free += max(0, training.freeBits - mean)
    }
    // Of this process's images, its share.
    if worker.index == 0 { partial[0].sums.objective += beta * free * Double(batch) }
  }
}
