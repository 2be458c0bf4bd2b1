import Compute
import IDX
import Networks

/// Mean and variance of what every hidden layer puts out, over images and units: a network is self-normalizing
/// where these stay near 0 and 1 from layer to layer (Klambauer et al. 2017).
public struct ActivationStatistics: Codable, Sendable, Equatable {
  /// One hidden layer of the encoder or of the decoder.
  public struct Layer: Codable, Sendable, Equatable {
    /// As in the model file, without `.weight`: `encoder.layers.0`.
    public let name: String
    /// Values that the layer puts out for an image, or for a step of it where it has steps.
    public let units: Int
    /// Over all images and units of the layer.
    public let mean: Double
    /// About `mean`, over the same values (divisor: their number).
    public let variance: Double
    /// At each step, over all images and units; nil where the layer has no steps.
    public let steps: [Step]?
  }

  /// One step of a recurrent layer.
  public struct Step: Codable, Sendable, Equatable {
    /// Over all images and units, at this step.
    public let mean: Double
    /// About `mean`, over the same values (divisor: their number).
    public let variance: Double
  }

  /// Encoder first, each from its input on.
  public let layers: [Layer]
  /// Images.
  public let count: Int

  /// Images that go through together.
  private static let rows = 64

  /// Sends images through the encoder, a draw of z for each, and those through the decoder.
  ///
  /// - Parameters:
  ///   - model: measured as it is; `VAE.atInitialization` gives it as it began.
  ///   - images: of the model's size, with labels where the model has them.
  ///   - indices: which of them, at least one; nil: all.
  ///   - binarization: of the pixels that the encoder reads.
  ///   - seed: of the draws of z, which is what the decoder reads, and of stochastic binarization.
  public init(
    _ model: VAE, images: ImageSet, indices: [Int32]? = nil, binarization: Binarization = .none,
    seed: UInt64 = 0
  ) {
    let indices = indices ?? [Int32](0..<Int32(images.count))
    precondition(!indices.isEmpty, "statistics over no images")
    let pass = ActivationPass(model, images: images, binarization: binarization, seed: seed, rows: Self.rows)
    for start in stride(from: 0, to: indices.count, by: Self.rows) {
      pass.add(indices[start..<min(indices.count, start + Self.rows)])
    }
    layers = pass.layers
    count = indices.count
  }
}

extension VAE {
  /// The same model with new weights, as a run on `images` would begin with them: LeCun normal, or with the gain that
  /// suits another activation (`Activation.gain`).
  ///
  /// - Parameters:
  ///   - images: of the model's size; the decoder's output begins at their mean.
  ///   - seed: of the weights.
  public func atInitialization(_ images: ImageSet, seed: UInt64) -> VAE {
    let store = ParameterStore(layout.parameters, elementType: .float32, keepsAverage: false)
    let draw = ImageDraw(images, indices: [Int32](0..<Int32(images.count)), seed: seed)
    store.initialize(settings, statistics: DataStatistics(images), seed: seed) { draw($0) }
    return VAE(
      settings: settings, inputMean: inputMean, inputStandardDeviation: inputStandardDeviation,
      values: UnsafeBufferPointer(ParameterStore.floats(store.weights)))
  }
}

/// Encoder and decoder over one block of images at a time, with a running sum for every hidden layer.
private final class ActivationPass {
  private let source: BatchSource
  private let seed: UInt64
  private let pass: ForwardPass
  private var hidden: [HiddenSums]

  init(_ model: VAE, images: ImageSet, binarization: Binarization, seed: UInt64, rows: Int) {
    self.seed = seed
    source = BatchSource(
      images, binarization: binarization, inputMean: model.inputMean,
      inputStandardDeviation: model.inputStandardDeviation, labels: model.settings.labels)
    pass = ForwardPass(model.modelParameters, rows: RowSplit(rows))
    hidden = [(model.layout.encoder, pass.encoder.network), (model.layout.decoder, pass.decoder.network)]
      .flatMap { plan, network in
        zip(plan.layers, network.layers).dropLast().map { plan, layer in
          HiddenSums(name: plan.name, output: layer.activated, steps: plan.activatedSteps)
        }
      }
  }

  func add(_ images: ArraySlice<Int32>) {
    for (row, image) in images.enumerated() {
      pass.read(
        Int(image), of: source, into: row,
        stream: RandomStream(seed: seed, .evaluationBinarization, image: Int(image)))
    }
    pass.encoder.network.forward(0)
    for (row, image) in images.enumerated() {
      RandomStream(seed: seed, .activations, image: Int(image))
        .normals(into: pass.latents.epsilon.row(row), count: pass.latents.latent)
      pass.latents.forward(row)
    }
    pass.decoder.network.forward(0)
    for index in hidden.indices { hidden[index].add(rows: images.count) }
  }

  var layers: [ActivationStatistics.Layer] { hidden.map(\.layer) }
}

/// Sums over what one layer puts out, step by step.
private struct HiddenSums {
  private let name: String
  private let output: Matrix
  /// Rows of the output for each step.
  private let rowsOfStep: Int
  private var parts: [Sums]

  init(name: String, output: Matrix, steps: Int) {
    self.name = name
    self.output = output
    rowsOfStep = output.rows / steps
    parts = .init(repeating: Sums(), count: steps)
  }

  mutating func add(rows: Int) {
    for step in parts.indices {
      for row in step * rowsOfStep..<step * rowsOfStep + rows {
        parts[step].add(UnsafeBufferPointer(start: output.row(row), count: output.columns))
      }
    }
  }

  var layer: ActivationStatistics.Layer {
    let all = parts.reduce(into: Sums()) { $0.add($1) }
    return ActivationStatistics.Layer(
      name: name, units: output.columns, mean: all.mean, variance: all.variance,
      steps: parts.count == 1
        ? nil : parts.map { ActivationStatistics.Step(mean: $0.mean, variance: $0.variance) })
  }
}

private struct Sums {
  private var count = 0.0
  private var sum = 0.0
  private var squares = 0.0

  mutating func add(_ values: UnsafeBufferPointer<Float>) {
    for value in values {
      sum += Double(value)
      squares += Double(value) * Double(value)
    }
    count += Double(values.count)
  }

  mutating func add(_ other: Sums) {
    count += other.count
    sum += other.sum
    squares += other.squares
  }

  var mean: Double { sum / count }
  var variance: Double { max(0, squares / count - mean * mean) }
}
