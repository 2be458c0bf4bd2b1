import Compute
import IDX
import Networks
import Ranks

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Evaluates a model over images: the ELBO with its parts, and an estimate of −log p(x) by importance sampling.
///
/// Deterministic by seed, whatever the number of workers. Memory does not grow with the number of samples.
public struct Evaluator: Sendable {
  /// The model that is judged.
  public var model: VAE
  /// How pixels become the likelihood's targets; `stochastic` draws each image once, by `seed`.
  public var binarization: Binarization
  /// Of the draws of z and of pixels. A draw depends on the seed and on the image's number alone.
  public var seed: UInt64
  /// Samples for `nll`; nil: no `nll`.
  public var importanceSamples: Int?
  /// What products are computed in. What bfloat16 changes, ``precisionError(_:of:indices:group:)`` tells.
  public var precision = Precision.float32
  /// The label that every image counts as having, one of the model's; nil: each its own.
  public var label: Int?
  /// Told the number of images done after every image of an estimate of `nll`, by any worker.
  public var progress: (@Sendable (Int) -> Void)?
  /// Asked after every image of an estimate of `nll`, by any worker: where it says so, the images that are not done yet
  /// are left out.
  public var shouldStop: (@Sendable () -> Bool)?
  /// The processes that share the images; what is returned is the same on all.
  package var ranks: any RankGroup = SoleRank()

  /// An evaluation by these settings; nothing is reckoned yet.
  ///
  /// - Parameters:
  ///   - model: the model that is judged.
  ///   - binarization: as the model was trained with, for a figure that says something.
  ///   - seed: of the draws of z and of pixels.
  ///   - importanceSamples: draws of z an image for −log p(x), at least 1; nil: the ELBO alone.
  public init(
    _ model: VAE, binarization: Binarization = .none, seed: UInt64 = 0, importanceSamples: Int? = nil
  ) {
    self.model = model
    self.binarization = binarization
    self.seed = seed
    self.importanceSamples = importanceSamples
  }

  /// The ELBO and what else was asked for, averaged over images, in nats.
  ///
  /// - Parameters:
  ///   - images: of the model's size, with labels where the model has them.
  ///   - indices: which of them, at least one; nil: all.
  ///   - group: the workers that share the images; the figures do not depend on their number.
  public func evaluate(_ images: ImageSet, indices: [Int32]? = nil, group: WorkerGroup) -> Evaluation {
    evaluateEach(images, indices: indices, group: group).evaluation
  }

  /// The same, with what was found of each image, in the order of `indices`. An evaluation that was stopped is one of the
  /// images that were done by then, at least one for each worker.
  public func evaluateEach(
    _ images: ImageSet, indices: [Int32]? = nil, group: WorkerGroup
  ) -> (evaluation: Evaluation, images: ImageLosses) {
    let indices = indices ?? [Int32](0..<Int32(images.count))
    precondition(!indices.isEmpty, "an evaluation over no images")
    let source = BatchSource(
      images, binarization: binarization, inputMean: model.inputMean,
      inputStandardDeviation: model.inputStandardDeviation,
      labels: label == nil ? model.settings.labels : [])
    let results = PerImage(count: indices.count, latent: model.settings.latent)
    let shares = ranks.shares(of: indices.indices)
    let mine = shares[ranks.rank]
    // Smaller where each image takes long, so that no worker is left with much to do alone.
    let parts = group.count * (importanceSamples == nil ? 1 : 8)
    let blocks = ImageBlocks(
      mine, of: indices.count,
      size: min(model.layout.rowsAtOnce(model.settings), max(1, (mine.count + parts - 1) / parts)))
    let parameters = model.modelParameters(in: precision.elementType)
    group.run { [self] worker in
      guard var block = blocks.take() else { return }
      let lane = EvaluationLane(self, parameters, source: source, results: results)
      while lane.run(indices, block, of: blocks), let next = blocks.take() { block = next }
    }
    if ranks.count > 1 {
      results.share(shares, among: ranks)
      blocks.share(shares, among: ranks)
    }
    return summary(results, places: blocks.places)
  }

  /// - Parameter places: those of the images that are done.
  private func summary(_ results: PerImage, places: [Int]) -> (Evaluation, ImageLosses) {
    let (latent, count) = (model.settings.latent, places.count)
    func mean(_ values: UnsafeMutableBufferPointer<Double>) -> MeanAndError {
      MeanAndError(places.lazy.map { values[$0] })
    }
    let components =
      model.layout.prior.hasClosedForm
      ? (0..<latent).map { i in
        MeanAndError(places.lazy.map { results.components[$0 * latent + i] }).mean
      }
      : nil
    let losses = places.map { results.reconstruction[$0] + results.kl[$0] }
    let loss = MeanAndError(losses)
    let active = (0..<latent).filter { i in
      let error = MeanAndError(places.lazy.map { Double(results.mean[$0 * latent + i]) }).standardError
      return error * error * Double(count) > 0.01
    }
    let nlls = importanceSamples == nil ? [] : places.map { results.nll[$0] }
    let nll = nlls.isEmpty ? nil : MeanAndError(nlls)
    let evaluation = Evaluation(
      loss: loss.mean, reconstruction: mean(results.reconstruction).mean, kl: mean(results.kl).mean,
      count: count,
      lossStandardError: loss.standardError,
      bitsPerDimension: loss.mean / (Double(model.settings.pixelCount) * log(2))
        + model.settings.likelihood.bitsOfLevel,
      activeUnits: active.count, klPerComponent: components, nll: nll?.mean,
      nllStandardError: nll?.standardError, importanceSamples: importanceSamples)
    return (evaluation, ImageLosses(places: places, losses: losses, nlls: nlls))
  }
}

/// One worker's memory and networks.
final class EvaluationLane {
  /// Samples of one image decoded together: 256 at most, and no more than four times the images that are.
  static func rowsOfSamples(_ importanceSamples: Int?, _ layout: ModelLayout, _ model: ModelSettings) -> Int {
    let (samples, most) = (importanceSamples ?? 1, 4 * layout.rowsAtOnce(model))
    let rounds = (samples + most - 1) / most
    return (samples + rounds - 1) / rounds
  }

  private let evaluator: Evaluator
  private let model: ModelParameters
  private let source: BatchSource
  private let results: PerImage
  /// Encoded together.
  private let images: Int
  private let pass: ForwardPass
  private let label: Int32?
  /// log p of the first rows of `pass.latents.z`, and of `sampleInput`.
  private let logPrior: Doubles
  private let density: (Int) -> Void
  private let sampleRows: Int
  private let sampleInput: Matrix
  /// `sampleInput` in the element type of the products; itself where that is float32.
  private let sampleOperand: Matrix
  private let sampleTags = RowTags(count: 1, seed: 0)
  private let sampleDecoder: DecoderPass?
  private let sampleDensity: (Int) -> Void

  fileprivate init(
    _ evaluator: Evaluator, _ model: ModelParameters, source: BatchSource, results: PerImage
  ) {
    self.evaluator = evaluator
    self.model = model
    self.source = source
    self.results = results
    label = evaluator.label.flatMap { model.settings.kind(of: $0) }
    precondition(evaluator.label == nil || label != nil, "a label that the model does not have")
    images = model.layout.rowsAtOnce(model.settings)
    pass = ForwardPass(model, rows: RowSplit(images))
    let rows = EvaluationLane.rowsOfSamples(evaluator.importanceSamples, model.layout, model.settings)
    sampleRows = rows
    let sampleInput = Matrix(rows: rows, columns: model.settings.latent)
    self.sampleInput = sampleInput
    let type = model.all.elementType
    let sampleOperand =
      type == .float32 ? sampleInput : Matrix(rows: rows, columns: model.settings.latent, type: type)
    self.sampleOperand = sampleOperand
    sampleDecoder = evaluator.importanceSamples.map { [sampleTags] _ in
      DecoderPass(model, input: sampleOperand, rows: RowSplit(rows), tags: sampleTags, rowsPerTag: rows)
    }
    let prior = evaluator.model.makePrior()
    logPrior = Doubles(max(rows, images))
    density = prior.evaluation(pass.latents.z, logPrior)
    sampleDensity = prior.evaluation(sampleInput, logPrior)
  }

  /// A lane as a worker makes it, for one image.
  static func single(_ evaluator: Evaluator, image: ImageSet) -> EvaluationLane {
    let model = evaluator.model
    let source = BatchSource(
      image, binarization: .none, inputMean: model.inputMean,
      inputStandardDeviation: model.inputStandardDeviation, labels: model.settings.labels)
    return EvaluationLane(
      evaluator, model.modelParameters(in: evaluator.precision.elementType), source: source,
      results: PerImage(count: 1, latent: model.settings.latent))
  }

  /// - Returns: whether to go on.
  fileprivate func run(_ indices: [Int32], _ block: Range<Int>, of blocks: ImageBlocks) -> Bool {
    encode(indices, block)
    if !model.layout.prior.hasClosedForm { density(block.count) }
    pass.decoder.network.forward(0)
    for (row, position) in block.enumerated() { bound(row, position) }
    for (row, position) in block.enumerated() {
      guard let samples = evaluator.importanceSamples else {
        blocks.finish(position)
        continue
      }
      results.nll[position] = negativeLogLikelihood(row, image: Int(indices[position]), samples: samples)
      let done = blocks.finish(position)
      evaluator.progress?(done)
      if evaluator.shouldStop?() == true { return false }
    }
    return true
  }

  private func encode(_ indices: [Int32], _ block: Range<Int>) {
    for (row, position) in block.enumerated() {
      let image = Int(indices[position])
      pass.read(
        image, of: source, into: row,
        stream: RandomStream(seed: evaluator.seed, .evaluationBinarization, image: image))
      if let label { pass.tags.classes[row] = label }
    }
    pass.encoder.network.forward(0)
    for (row, position) in block.enumerated() {
      RandomStream(seed: evaluator.seed, .evaluation, image: Int(indices[position]))
        .normals(into: pass.latents.epsilon.row(row), count: pass.latents.latent)
      pass.latents.forward(row)
    }
  }

  private func bound(_ row: Int, _ position: Int) {
    let latents = pass.latents
    results.reconstruction[position] = likelihood(pass.decoder.output, row, target: row)
    for i in 0..<latents.latent {
      results.components[position * latents.latent + i] = latents.klDivergence(row, component: i)
      results.mean[position * latents.latent + i] = latents.mean(row)[i]
    }
    results.kl[position] =
      model.layout.prior.hasClosedForm
      ? latents.klDivergence(row) : latents.logPosterior(row) - logPrior[row]
  }

  private func likelihood(_ output: Matrix, _ row: Int, target: Int) -> Double {
    var unused = ChannelDoubles()
    return model.settings.likelihood.negativeLogLikelihood(
      output.row(row), pass.targets.row(target), count: model.settings.pixelCount,
      channels: model.settings.channels, spread: model.spread, spreadGradient: &unused)
  }

  /// −log 1/k Σ p(x, z_i) / q(z_i | x), with a running log-sum-exp.
  private func negativeLogLikelihood(_ row: Int, image: Int, samples: Int) -> Double {
    guard let sampleDecoder else { return .nan }
    sampleTags.classes[0] = pass.tags.classes[row]
    var largest = -Double.infinity
    var total = 0.0
    withUnsafeTemporaryAllocation(of: Double.self, capacity: sampleRows) { logPosterior in
      for first in stride(from: 0, to: samples, by: sampleRows) {
        let rows = min(sampleRows, samples - first)
        for sample in 0..<rows {
          logPosterior[sample] = draw(sample, row: row, image: image, number: first + sample)
        }
        sampleDensity(rows)
        sampleDecoder.network.forward(0)
        for sample in 0..<rows {
          let weight =
            logPrior[sample] - logPosterior[sample]
            - likelihood(sampleDecoder.output, sample, target: row)
          if weight > largest {
            total = total * exp(largest - weight) + 1
            largest = weight
          } else {
            total += exp(weight - largest)
          }
        }
      }
    }
    return log(Double(samples)) - largest - log(total)
  }

  /// Draws sample `number` of an image into row `sample` of the decoder's input. Returns log q(z | x).
  private func draw(_ sample: Int, row: Int, image: Int, number: Int) -> Double {
    let latents = pass.latents
    let (mean, logVariance) = (latents.mean(row), latents.logVariance(row))
    let (sigma, z) = (latents.sigma.row(row), sampleInput.row(sample))
    RandomStream(seed: evaluator.seed, .importance, image: image, sample: number)
      .normals(into: z, count: latents.latent)
    var total = Double(latents.latent) * logTwoPi
    for i in 0..<latents.latent {
      total += Double(logVariance[i] + z[i] * z[i])
      z[i] = mean[i] + sigma[i] * z[i]
    }
    if sampleOperand.type == .bfloat16 { sampleOperand.set(row: sample, from: z) }
    return -0.5 * total
  }
}
