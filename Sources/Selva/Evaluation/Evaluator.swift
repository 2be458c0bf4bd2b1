import Compute
import IDX

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
  public var model: VAE
  public var binarization: Binarization
  public var seed: UInt64
  /// Samples for `nll`; nil: no `nll`.
  public var importanceSamples: Int?
  /// Told the number of images done, now and then, from any worker.
  public var progress: (@Sendable (Int) -> Void)?

  public init(
    _ model: VAE, binarization: Binarization = .none, seed: UInt64 = 0, importanceSamples: Int? = nil
  ) {
    self.model = model
    self.binarization = binarization
    self.seed = seed
    self.importanceSamples = importanceSamples
  }

  /// - Parameters:
  ///   - images: of the model's size.
  ///   - indices: which of them; nil: all.
  public func evaluate(_ images: ImageSet, indices: [Int32]? = nil, group: WorkerGroup) -> Evaluation {
    let indices = indices ?? [Int32](0..<Int32(images.count))
    precondition(!indices.isEmpty, "an evaluation over no images")
    let source = BatchSource(
      images, binarization: binarization, inputMean: model.inputMean,
      inputStandardDeviation: model.inputStandardDeviation)
    let results = PerImage(count: indices.count, latent: model.settings.latent)
    group.run { [self] worker in
      let share = worker.share(of: indices.count)
      guard !share.isEmpty else { return }
      let lane = EvaluationLane(self, source: source, results: results)
      lane.run(indices, share)
    }
    return summary(results)
  }

  private func summary(_ results: PerImage) -> Evaluation {
    let (latent, count) = (model.settings.latent, results.count)
    let reconstruction = MeanAndError(results.reconstruction)
    let kl = (0..<latent).map { i in
      MeanAndError((0..<count).lazy.map { results.kl[$0 * latent + i] }).mean
    }
    let totals = (0..<count).map { image in
      (0..<latent).reduce(results.reconstruction[image]) { $0 + results.kl[image * latent + $1] }
    }
    let loss = MeanAndError(totals)
    let active = (0..<latent).filter { i in
      let error = MeanAndError((0..<count).lazy.map { Double(results.mean[$0 * latent + i]) }).standardError
      return error * error * Double(count) > 0.01
    }
    let nll = importanceSamples == nil ? nil : MeanAndError(results.nll)
    return Evaluation(
      loss: loss.mean, reconstruction: reconstruction.mean, kl: kl.reduce(0, +), count: count,
      lossStandardError: loss.standardError,
      bitsPerDimension: loss.mean / (Double(model.settings.pixelCount) * log(2)),
      activeUnits: active.count, klPerComponent: kl, nll: nll?.mean, nllStandardError: nll?.standardError,
      importanceSamples: importanceSamples)
  }
}

/// Results of each image, so that they are added up in one order whatever the split.
///
/// `@unchecked Sendable`: workers write disjoint images.
private final class PerImage: @unchecked Sendable {
  let count: Int
  let reconstruction: UnsafeMutableBufferPointer<Double>
  let nll: UnsafeMutableBufferPointer<Double>
  /// `[count, latent]`.
  let kl: UnsafeMutableBufferPointer<Double>
  let mean: UnsafeMutableBufferPointer<Float>

  init(count: Int, latent: Int) {
    self.count = count
    reconstruction = .allocate(capacity: count)
    nll = .allocate(capacity: count)
    kl = .allocate(capacity: count * latent)
    mean = .allocate(capacity: count * latent)
    reconstruction.initialize(repeating: 0)
    nll.initialize(repeating: 0)
    kl.initialize(repeating: 0)
    mean.initialize(repeating: 0)
  }

  deinit {
    reconstruction.deallocate()
    nll.deallocate()
    kl.deallocate()
    mean.deallocate()
  }
}

/// One worker's memory and networks.
final class EvaluationLane {
  /// Images encoded together, and samples decoded together at most.
  static let images = 64
  private static let samples = 256

  /// Samples of one image decoded together.
  static func rowsOfSamples(_ importanceSamples: Int?) -> Int {
    let samples = importanceSamples ?? 1
    let rounds = (samples + EvaluationLane.samples - 1) / EvaluationLane.samples
    return (samples + rounds - 1) / rounds
  }

  private let evaluator: Evaluator
  private let source: BatchSource
  private let results: PerImage
  private let targets: Matrix
  private let inputs: Matrix
  private let encoder: Network
  private let single: Reparameterization
  private let decoder: Network
  private let sampleRows: Int
  private let sampleInput: Matrix
  private let sampleDecoder: Network?

  fileprivate init(_ evaluator: Evaluator, source: BatchSource, results: PerImage) {
    let (model, rows) = (evaluator.model, EvaluationLane.images)
    let (layout, parameters) = (model.layout, model.networkParameters)
    let activation = model.settings.activation
    self.evaluator = evaluator
    self.source = source
    self.results = results
    targets = Matrix(rows: rows, columns: model.settings.pixelCount)
    inputs = Matrix(rows: rows, columns: model.settings.pixelCount)
    encoder = Network(parameters, layout.encoder, input: inputs, activation: activation, rows: [0..<rows])
    single = Reparameterization(heads: encoder.output, samples: 1, type: .float32)
    decoder = Network(parameters, layout.decoder, input: single.z, activation: activation, rows: [0..<rows])
    sampleRows = EvaluationLane.rowsOfSamples(evaluator.importanceSamples)
    sampleInput = Matrix(rows: sampleRows, columns: model.settings.latent)
    sampleDecoder = evaluator.importanceSamples.map { [sampleInput, sampleRows] _ in
      Network(parameters, layout.decoder, input: sampleInput, activation: activation, rows: [0..<sampleRows])
    }
  }

  /// A lane as a worker makes it, for one image.
  static func single(_ evaluator: Evaluator, image: ImageSet) -> EvaluationLane {
    let model = evaluator.model
    let source = BatchSource(
      image, binarization: .none, inputMean: model.inputMean,
      inputStandardDeviation: model.inputStandardDeviation)
    return EvaluationLane(
      evaluator, source: source, results: PerImage(count: 1, latent: model.settings.latent))
  }

  func run(_ indices: [Int32], _ share: Range<Int>) {
    for start in stride(from: share.lowerBound, to: share.upperBound, by: EvaluationLane.images) {
      let block = start..<min(share.upperBound, start + EvaluationLane.images)
      encode(indices, block)
      decoder.forward(0)
      for (row, position) in block.enumerated() { bound(row, position) }
      guard let samples = evaluator.importanceSamples else { continue }
      for (row, position) in block.enumerated() {
        results.nll[position] = negativeLogLikelihood(row, image: Int(indices[position]), samples: samples)
        evaluator.progress?(position - share.lowerBound + 1)
      }
    }
  }

  private func encode(_ indices: [Int32], _ block: Range<Int>) {
    for (row, position) in block.enumerated() {
      let image = Int(indices[position])
      source.fill(
        row: row, targets: targets, inputs: inputs, image: image,
        stream: RandomStream(seed: evaluator.seed, .evaluationBinarization, image: image))
    }
    encoder.forward(0)
    for (row, position) in block.enumerated() {
      RandomStream(seed: evaluator.seed, .evaluation, image: Int(indices[position]))
        .normals(into: single.epsilon.row(row), count: single.latent)
      single.forward(row)
    }
  }

  private func bound(_ row: Int, _ position: Int) {
    results.reconstruction[position] = likelihood(decoder.output, row, target: row)
    for i in 0..<single.latent {
      results.kl[position * single.latent + i] = single.klDivergence(row, component: i)
      results.mean[position * single.latent + i] = single.mean(row)[i]
    }
  }

  private func likelihood(_ output: Matrix, _ row: Int, target: Int) -> Double {
    let settings = evaluator.model.settings
    var unused = 0.0
    return settings.likelihood.negativeLogLikelihood(
      output.row(row), targets.row(target), count: settings.pixelCount,
      logVariance: evaluator.model.gaussianLogVariance, logVarianceGradient: &unused)
  }

  /// −log 1/k Σ p(x, z_i) / q(z_i | x), with a running log-sum-exp.
  private func negativeLogLikelihood(_ row: Int, image: Int, samples: Int) -> Double {
    guard let sampleDecoder else { return .nan }
    let (mean, logVariance, sigma) = (single.mean(row), single.logVariance(row), single.sigma.row(row))
    let latent = single.latent
    var largest = -Double.infinity
    var total = 0.0
    withUnsafeTemporaryAllocation(of: Double.self, capacity: sampleRows) { priorOverPosterior in
      for first in stride(from: 0, to: samples, by: sampleRows) {
        let rows = min(sampleRows, samples - first)
        for sample in 0..<rows {
          let z = sampleInput.row(sample)
          RandomStream(seed: evaluator.seed, .importance, image: image, sample: first + sample)
            .normals(into: z, count: latent)
          var ratio = 0.0
          for i in 0..<latent {
            let epsilon = z[i]
            z[i] = mean[i] + sigma[i] * epsilon
            ratio += Double(logVariance[i] + epsilon * epsilon - z[i] * z[i])
          }
          priorOverPosterior[sample] = ratio / 2
        }
        sampleDecoder.forward(0)
        for sample in 0..<rows {
          let weight = priorOverPosterior[sample] - likelihood(sampleDecoder.output, sample, target: row)
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
}
