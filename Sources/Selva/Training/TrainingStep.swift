import CKernels
import Compute

/// Sums over images, in nats.
package struct LossSums: Codable, Sendable, Equatable {
  package init() {}

  /// What is minimized: reconstruction + β·KL, or the importance-weighted bound.
  package var objective = 0.0
  package var reconstruction = 0.0
  package var kl = 0.0
  package var images = 0

  package static func += (a: inout LossSums, b: LossSums) {
    a.objective += b.objective
    a.reconstruction += b.reconstruction
    a.kl += b.kl
    a.images += b.images
  }
}

/// Everything that one batch size needs for loss and gradient: memory, products, and the objective between them.
///
/// Workers split the images; `imageGradients` takes a worker's images to the gradient of every layer's output,
/// then, after a barrier, `parameterGradients` makes the worker's share of the parameters' gradient.
///
/// `@unchecked Sendable`: the inputs of a step are set before workers start, each worker writes its own rows and
/// its own sums, and barriers order the rest.
package final class TrainingStep: @unchecked Sendable {
  /// The images of this step, as indices into the source: exactly `batch` of them.
  package private(set) var images: [Int32] = []
  private var epoch = 0
  /// Weight of the KL divergence in this step.
  private(set) var beta = 1.0
  /// ε to use in place of random numbers, `[batch · samples, latent]`: for tests against given values.
  package var givenEpsilon: [Float]?

  package let batch: Int
  let samples: Int
  let targets: Matrix
  let inputs: Matrix
  let encoder: Network
  let decoder: Network
  let latents: Reparameterization
  let latentGradient: Matrix
  let source: BatchSource
  let model: ModelSettings
  let training: TrainingSettings
  let scratch: Scratch
  private let parameters: NetworkParameters
  private let dropout: Dropout?
  private let rows: [Range<Int>]
  private var noise: (encoder: DropoutNoise, decoder: DropoutNoise)?
  private let partial: UnsafeMutablePointer<Partial>
  private let workers: Int

  /// One worker's sums, as long as two cache lines, so that no two workers write to one line.
  struct Partial {
    var sums = LossSums()
    var logVarianceGradient = 0.0
    private let distance: (Double, Double, Double, Double, Double, Double) = (0, 0, 0, 0, 0, 0)
    private let more: (Double, Double, Double, Double, Double) = (0, 0, 0, 0, 0)
  }

  package init(
    _ parameters: NetworkParameters, model: ModelSettings, training: TrainingSettings, source: BatchSource,
    batch: Int, workers: Int
  ) {
    let (samples, latent, type) = (training.importanceSamples, model.latent, parameters.elementType)
    self.parameters = parameters
    self.model = model
    self.training = training
    self.source = source
    self.batch = batch
    self.samples = samples
    rows = (0..<workers).map { Worker.share(of: batch, index: $0, count: workers) }
    dropout = training.dropout > 0 ? Dropout(rate: training.dropout, activation: model.activation) : nil
    targets = Matrix(rows: batch, columns: model.pixelCount)
    inputs = Matrix(rows: batch, columns: model.pixelCount, type: type)
    encoder = Network(
      parameters, parameters.layout.encoder, input: inputs, activation: model.activation, dropout: dropout,
      rows: rows)
    latents = Reparameterization(heads: encoder.output, samples: samples, type: type)
    latentGradient = Matrix(rows: batch * samples, columns: latent)
    decoder = Network(
      parameters, parameters.layout.decoder, input: latents.operand, activation: model.activation,
      dropout: dropout, rows: rows.map { $0.lowerBound * samples..<$0.upperBound * samples },
      inputGradient: latentGradient, firstNumber: parameters.layout.encoder.count)
    scratch = Scratch(rows: batch * samples, latent: latent, workers: workers)
    self.workers = workers
    partial = .allocate(capacity: workers)
    partial.initialize(repeating: Partial(), count: workers)
  }

  deinit { partial.deallocate() }

  /// Before the workers start.
  package func prepare(_ indices: ArraySlice<Int32>, epoch: Int, beta: Double) {
    precondition(indices.count == batch, "\(indices.count) images for a batch of \(batch)")
    images.removeAll(keepingCapacity: true)
    images.append(contentsOf: indices)
    self.epoch = epoch
    self.beta = beta
    scratch.costs.update(repeating: beta, count: workers * model.latent)
    scratch.componentKL.update(repeating: 0, count: workers * model.latent)
    guard dropout != nil else { return }
    noise = (
      DropoutNoise(seed: training.seed, epoch: epoch, images: images, samples: 1),
      DropoutNoise(seed: training.seed, epoch: epoch, images: images, samples: samples)
    )
  }

  /// log σ² of the Gaussian likelihood.
  var logVarianceValue: Float {
    model.gaussianLogVariance(learned: parameters.layout.logVariance.map { parameters.value($0) })
  }

  /// The step's sums over all workers, in a fixed order.
  package var sums: LossSums {
    var total = LossSums()
    for worker in 0..<workers { total += partial[worker].sums }
    return total
  }

  /// Loss of the worker's images, and its gradient with respect to every layer's output.
  package func imageGradients(_ worker: Worker) {
    makeBatch(worker)
    forward(worker)
    loss(worker)
    backward(worker)
  }

  /// Targets and inputs of the worker's images.
  package func makeBatch(_ worker: Worker) {
    for row in rows[worker.index] { fill(row) }
  }

  /// From the inputs to the decoder's output.
  package func forward(_ worker: Worker) {
    encoder.forward(worker.index, noise: noise?.encoder)
    for row in rows[worker.index] { sample(row) }
    decoder.forward(worker.index, noise: noise?.decoder)
  }

  /// The objective, and its gradient with respect to the decoder's output.
  package func loss(_ worker: Worker) {
    var part = Partial()
    let componentKL = scratch.componentKL + worker.index * model.latent
    for row in rows[worker.index] {
      switch training.objective {
      case .elbo: evidenceBound(row, &part, componentKL)
      case .iwae, .dreg: importanceWeightedBound(row, &part)
      }
    }
    part.sums.images = rows[worker.index].count
    partial[worker.index] = part
  }

  /// From the decoder's output back to the first layer.
  package func backward(_ worker: Worker) {
    decoder.backward(worker.index, noise: noise?.decoder)
    let costs = scratch.costs + worker.index * model.latent
    if training.freeBits > 0 { freeComponents(worker, costs) }
    for row in rows[worker.index] { headsGradient(row, costs: costs) }
    encoder.backward(worker.index, noise: noise?.encoder)
  }

  /// The matrix products of a step and nothing else: what a step would take if all the rest were free.
  package func productsOnly(_ worker: Worker) {
    for layer in encoder.layers + decoder.layers { layer.imageProducts(worker.index) }
    worker.barrier()
    for layer in encoder.layers + decoder.layers { layer.parameterProduct(worker.index) }
  }

  /// Multiplications and additions of one step's products.
  package var operations: Int { (encoder.layers + decoder.layers).reduce(0) { $0 + $1.operations } }

  /// The gradient of the worker's share of the parameters. `finished` is told each part of the parameter buffer
  /// as it is done, while it is still in the cache.
  package func parameterGradients(_ worker: Worker, finished: (Range<Int>) -> Void) {
    for (network, shapes) in [(decoder, parameters.layout.decoder), (encoder, parameters.layout.encoder)] {
      for (layer, shape) in zip(network.layers, shapes) {
        let outputs = layer.parameterGradient(worker.index)
        guard !outputs.isEmpty else { continue }
        finished(
          shape.weight + outputs.lowerBound * shape.inputs..<shape.weight + outputs.upperBound * shape.inputs)
        finished(shape.bias + outputs.lowerBound..<shape.bias + outputs.upperBound)
      }
    }
    if let offset = parameters.layout.logVariance, let gradients = parameters.gradients, worker.index == 0 {
      Matrix(gradients, offset: offset, rows: 1, columns: 1).floats[0] =
        Float((0..<workers).reduce(0) { $0 + partial[$1].logVarianceGradient })
      finished(offset..<offset + 1)
    }
  }

  private func fill(_ row: Int) {
    let image = Int(images[row])
    source.fill(
      row: row, targets: targets, inputs: inputs, image: image,
      stream: RandomStream(seed: training.seed, .binarization, epoch: epoch, image: image))
  }

  private func sample(_ row: Int) {
    for sample in 0..<samples {
      let epsilon = latents.epsilon.row(row * samples + sample)
      if let givenEpsilon {
        for i in 0..<model.latent { epsilon[i] = givenEpsilon[(row * samples + sample) * model.latent + i] }
      } else {
        RandomStream(
          seed: training.seed, .training, epoch: epoch, image: Int(images[row]), sample: sample
        ).normals(into: epsilon, count: model.latent)
      }
    }
    latents.forward(row)
  }

  /// Lets components under the free bits cost nothing (Kingma et al. 2016, equation 15: the mean KL divergence of
  /// a component over the batch counts as λ at least). Looks at the whole batch, hence the barriers.
  private func freeComponents(_ worker: Worker, _ costs: UnsafeMutablePointer<Double>) {
    worker.barrier()
    var free = 0.0
    for i in 0..<model.latent {
      let total = (0..<workers).reduce(0) { $0 + scratch.componentKL[$1 * model.latent + i] }
      let mean = total / Double(batch)
      costs[i] = mean > training.freeBits ? beta : 0
      free += max(0, training.freeBits - mean)
    }
    if worker.index == 0 { partial[0].sums.objective += beta * free * Double(batch) }
  }
}

/// Memory of a step's objective, made once.
struct Scratch: @unchecked Sendable {  // for the reason given at `Storage`
  /// w̃ of each row of samples, and ∂/∂log σ² of its likelihood; for the importance-weighted bounds.
  let normalizedWeights: UnsafeMutablePointer<Double>
  let weightSlopes: UnsafeMutablePointer<Double>
  /// Weight of each component's KL divergence in the objective, `[workers, latent]`, the same for all workers.
  let costs: UnsafeMutablePointer<Double>
  /// KL divergence of each component summed over a worker's images, `[workers, latent]`.
  let componentKL: UnsafeMutablePointer<Double>
  private let storage: Storage

  init(rows: Int, latent: Int, workers: Int) {
    storage = Storage(byteCount: 8 * (2 * rows + 2 * workers * latent))
    normalizedWeights = storage.base.assumingMemoryBound(to: Double.self)
    weightSlopes = normalizedWeights + rows
    costs = weightSlopes + rows
    componentKL = costs + workers * latent
  }
}
