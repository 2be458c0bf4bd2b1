import Compute
import Networks

/// A prior as the layout knows it.
protocol PriorPlan: Sendable {
  /// Whether KL(q(z | x) ‖ p(z)) is known in closed form; else it is taken by sampling, as log q(z | x) − log p(z).
  var hasClosedForm: Bool { get }
  /// Rows beside the images that go through the encoder.
  var encodedRows: Int { get }
  /// Whether workers have to wait for each other before the density and before its components' gradients.
  var sharesComponents: Bool { get }

  /// For training.
  func bind(_ binding: PriorBinding) -> any PriorPass

  /// Beginnings that the views of the layout do not say, from the images that are to be learned.
  ///
  /// - Parameter image: pixels of the image of a number from 0 on, as many as one likes.
  func initialize(_ store: ParameterStore, seed: UInt64, image: (Int) -> [Float])

  /// Bytes that `bind` makes.
  func byteCount(rows: Int, latent: Int) -> Double
}

extension PriorPlan {
  var hasClosedForm: Bool { false }
  var encodedRows: Int { 0 }
  var sharesComponents: Bool { false }
  func initialize(_ store: ParameterStore, seed: UInt64, image: (Int) -> [Float]) {}
}

/// What a prior is bound to in training.
struct PriorBinding: Sendable {
  let parameters: Parameters
  /// Latent vectors, float32 `[rows, latent]`.
  let z: Matrix
  let rows: RowSplit
  /// log p(z) of each row, in nats, which the prior fills.
  let logDensity: Doubles
  /// What −log p(z) of each row weighs in the objective, float32 `[rows, 1]`.
  let weights: Matrix
  /// ∂objective/∂z, `[rows, latent]`, to which the prior adds its part.
  let gradient: Matrix
  /// The rows that the prior had encoded; nil where it asks for none.
  let encoded: EncodedRows?
}

/// Rows beside the images that go through the encoder, from their pixels to what the encoder says of them.
struct EncodedRows: Sendable {
  /// Standardized pixels, in the element type of the products, which the prior fills.
  let inputs: Matrix
  /// `[rows, 2 · latent]`: mean and log variance.
  let heads: Matrix
  /// ∂objective/∂heads, in the element type of the products, which the prior fills.
  let headsGradient: Matrix
  /// ∂objective/∂inputs, float32.
  let inputsGradient: Matrix
  /// What pixels are standardized with.
  let standardization: Standardization
}

extension EncodedRows {
  /// Those that follow the images of a pass.
  init(_ pass: ForwardPass, firstRow: Int, source: BatchSource, inputsGradient: Matrix) {
    let rows = firstRow..<firstRow + inputsGradient.rows
    for (k, row) in rows.enumerated() { pass.tags.numbers[row] = Int32(-1 - k) }
    self.init(
      inputs: pass.encoder.inputs.block(rows: rows), heads: pass.encoder.network.output.block(rows: rows),
      headsGradient: pass.encoder.network.outputGradient.block(rows: rows), inputsGradient: inputsGradient,
      standardization: source.standardization)
  }
}

/// A prior bound to the rows of a step. The calls of a step come in this order, each on every worker.
protocol PriorPass: AnyObject, Sendable {
  /// Before the encoder: the worker's share of the rows to be encoded.
  func fillEncodedRows(_ worker: Int)
  /// After the encoder: the worker's share of the components.
  func prepare(_ worker: Int)
  /// log p(z) of the worker's rows.
  func forward(_ worker: Int)
  /// Adds weight · ∂(−log p)/∂z of the worker's rows.
  func backward(_ worker: Int)
  /// After all rows went backward: the gradient of the worker's share of the encoded rows' heads.
  func encodedGradient(_ worker: Int)
  /// As `Layer.parameterGradient`.
  func parameterGradient(_ worker: Int, finished: GradientUse)
  /// Leaves out what must not be followed of the gradients of parameters in `range` of the buffer, once these are those
  /// of the whole batch.
  func restrain(_ range: Range<Int>)
  /// Those that the prior consists of.
  var networks: [Network] { get }
}

extension PriorPass {
  var networks: [Network] { [] }
  func fillEncodedRows(_ worker: Int) {}
  func prepare(_ worker: Int) {}
  func encodedGradient(_ worker: Int) {}
  func parameterGradient(_ worker: Int, finished: GradientUse) {}
  func restrain(_ range: Range<Int>) {}
}

/// Doubles that workers share, each writing its own.
///
/// `@unchecked Sendable` for the reason given at `Storage`.
struct Doubles: @unchecked Sendable {
  private let storage: Storage
  let base: UnsafeMutablePointer<Double>

  init(_ count: Int) {
    storage = Storage(byteCount: 8 * count)
    base = storage.base.assumingMemoryBound(to: Double.self)
  }

  subscript(index: Int) -> Double {
    get { base[index] }
    nonmutating set { base[index] = newValue }
  }
}

/// log 2π.
let logTwoPi = 1.8378770664093453
