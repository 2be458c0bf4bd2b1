/// Latent vectors for a grid of samples. Of a model with labels, each row has one label, and the same vectors stand
/// down each column, so that a column is one hand and a row one digit.
public struct SampleSheet: Sendable {
  /// `[rows · columns, latent]`.
  public let latents: [Float]
  /// One a vector; nil where the model has no labels.
  public let labels: [Int]?
  /// What to write before each row; none where the model has no labels.
  public let rowLabels: [String]

  /// Draws from the model's prior.
  ///
  /// - Parameters:
  ///   - model: whose prior it is.
  ///   - rows: of a model with labels, as many as there are `labels`, but for one alone.
  ///   - columns: vectors of a row.
  ///   - seed: of the draws.
  ///   - temperature: what their standard deviation is multiplied with.
  ///   - labels: of a model with labels, a row for each; of one alone, `rows` rows, each vector drawn for itself.
  ///     nil: all that it knows.
  public init(
    _ model: VAE, rows: Int, columns: Int, seed: UInt64, temperature: Float = 1, labels: [Int]? = nil
  ) {
    let prior = model.makePrior()
    guard !model.settings.labels.isEmpty, labels?.count != 1 else {
      latents = prior.sample(count: rows * columns, seed: seed, temperature: temperature)
      self.labels = labels.map { [Int](repeating: $0[0], count: rows * columns) }
      rowLabels = []
      return
    }
    let chosen = labels ?? model.settings.labels
    let row = prior.sample(count: columns, seed: seed, temperature: temperature)
    latents = chosen.flatMap { _ in row }
    self.labels = chosen.flatMap { label in [Int](repeating: label, count: columns) }
    rowLabels = chosen.map { String($0) }
  }
}
