import Compute
import Networks

/// The encoder over a number of images: standardized pixels to `[mean | logVariance]`.
final class EncoderPass: Sendable {
  /// `[rows, pixels]` in the element type of the products; no rows where a sparse input is read in their place.
  let inputs: Matrix
  let network: Network

  /// - Parameters:
  ///   - rows: of images, and after them of what else the prior wants encoded.
  ///   - workersMeet: whether workers can wait for each other while they go forward.
  ///   - sparse: what is read in place of `inputs`.
  init(
    _ model: ModelParameters, rows: RowSplit, tags: RowTags, inputGradient: InputGradient? = nil,
    workersMeet: Bool = false, sparse: SparseInput? = nil
  ) {
    inputs = Matrix(
      rows: sparse == nil ? rows.count : 0, columns: model.settings.pixelCount, type: model.all.elementType)
    network = Network(
      model.layout.encoder,
      NetworkBinding(
        model[.encoder], rows: rows, tags: tags, dropoutRate: model.dropoutRate, workersMeet: workersMeet),
      input: inputs, inputGradient: inputGradient, sparse: sparse)
  }
}

/// The decoder over a number of latent vectors.
final class DecoderPass: Sendable {
  let network: Network

  /// - Parameters:
  ///   - input: `[rows, latent]` in the element type of the products.
  ///   - rowsPerTag: latent vectors for each tag.
  init(
    _ model: ModelParameters, input: Matrix, rows: RowSplit, tags: RowTags, rowsPerTag: Int = 1,
    inputGradient: Matrix? = nil
  ) {
    network = Network(
      model.layout.decoder,
      NetworkBinding(
        model[.decoder], rows: rows, tags: tags, rowsPerTag: rowsPerTag, dropoutRate: model.dropoutRate),
      input: input, inputGradient: inputGradient.map { InputGradient($0) },
      firstNumber: model.layout.encoder.layers.count)
  }

  /// The likelihood's parameters, float32 `[rows, pixels]`.
  var output: Matrix { network.output }
}

/// The forward pass of a model over a number of images, from pixels to the likelihood's parameters: everything that
/// shows images to a model goes through here. Training adds the way back.
final class ForwardPass: Sendable {
  let tags: RowTags
  /// The likelihood's x, float32 `[images, pixels]`.
  let targets: Matrix
  let encoder: EncoderPass
  let latents: Reparameterization
  let decoder: DecoderPass
  /// Of images.
  let rows: RowSplit
  /// The encoder's: held here too, since every row asks for them, and the way through the encoder counts a reference
  /// that all workers share.
  private let inputs: Matrix
  private let sparse: SparseInput?

  /// - Parameters:
  ///   - samples: latent vectors for each image.
  ///   - encodedRows: rows beside the images that go through the encoder.
  ///   - encodedGradient: where the gradient of those rows' inputs goes.
  ///   - latentGradient: where the gradient of z goes, `[images · samples, latent]`.
  ///   - workersMeet: whether workers can wait for each other within the encoder.
  ///   - sparse: what the encoder reads in place of `inputs`.
  init(
    _ model: ModelParameters, rows: RowSplit, samples: Int = 1, seed: UInt64 = 0, encodedRows: Int = 0,
    encodedGradient: Matrix? = nil, latentGradient: Matrix? = nil, workersMeet: Bool = false,
    sparse: SparseInput? = nil
  ) {
    self.rows = rows
    tags = RowTags(count: rows.count + encodedRows, seed: seed)
    targets = Matrix(rows: rows.count, columns: model.settings.pixelCount)
    encoder = EncoderPass(
      model, rows: encodedRows == 0 ? rows : rows.followed(by: encodedRows), tags: tags,
      inputGradient: encodedGradient.map { InputGradient($0, firstRow: rows.count) },
      workersMeet: workersMeet,
      sparse: sparse)
    self.sparse = sparse
    inputs = encoder.inputs
    latents = Reparameterization(
      heads: encoder.network.output.block(rows: 0..<rows.count), samples: samples,
      type: model.all.elementType)
    decoder = DecoderPass(
      model, input: latents.operand, rows: rows.repeated(samples), tags: tags, rowsPerTag: samples,
      inputGradient: latentGradient)
  }

  /// Reads image `image` of `source` into row `row`. `stream` serves stochastic binarization.
  func read(_ image: Int, of source: BatchSource, into row: Int, stream: RandomStream) {
    source.fill(targets.row(row), image: image, stream: stream)
    if let sparse {
      sparse.set(row, from: targets.row(row))
    } else {
      source.standardization(targets.row(row), row: row, of: inputs)
    }
    tags.numbers[row] = Int32(truncatingIfNeeded: image)
    tags.classes[row] = source.kind(of: image)
  }
}
