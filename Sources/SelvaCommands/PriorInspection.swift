import Files
import ImageGrid
import Selva

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What `inspect` tells of a model's prior.
struct PriorInspection: Encodable {
  /// `normal`, `mixture`, `vamp` or `flow`.
  let kind: String
  /// Of a mixture or a VampPrior, and how many of them do something.
  let components: Int?
  /// exp of the entropy of the weights: as many components of equal weight would be as uncertain.
  let perplexity: Double?
  /// Components whose weight is above a tenth of the mean weight.
  let componentsInUse: Int?
  /// Of a flow, with the widths of their hidden layers.
  let couplings: Int?
  let hidden: [Int]?
  /// Between them.
  let activation: Activation?

  private enum CodingKeys: String, CodingKey {
    case kind, components, perplexity, couplings, hidden, activation
    case componentsInUse = "components_in_use"
  }

  init(_ model: VAE) {
    let weights = model.makePrior().componentWeights
    components = weights?.count
    perplexity = weights.map { exp($0.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 }) }
    componentsInUse = weights.map { all in all.filter { $0 * Double(all.count) > 0.1 }.count }
    kind = String(model.settings.prior.text.prefix { $0 != ":" })
    if case .flow(let count) = model.settings.prior {
      couplings = count
      hidden = model.settings.priorHidden
      activation = model.settings.priorActivation
    } else {
      (couplings, hidden, activation) = (nil, nil, nil)
    }
  }

  /// None for N(0, I), of which there is nothing to say.
  var lines: [String] {
    var rows: [(String, String)] = []
    if let components, let perplexity, let componentsInUse {
      let name = kind == "vamp" ? "posteriors of pseudo-inputs" : "Gaussians"
      rows = [
        ("mixture", "\(Format.grouped(components)) \(name)"),
        ("perplexity", "\(Format.fixed(perplexity, 1)) of \(Format.grouped(components))"),
        (
          "in use",
          "\(Format.grouped(componentsInUse)) with a weight above \(Format.fixed(0.1 / Double(components), 6))"
        ),
      ]
    }
    if let couplings, let hidden, let activation {
      rows = [
        ("flow", "\(couplings) \(couplings == 1 ? "coupling" : "couplings")"),
        ("hidden layers", "\(SettingText.of(hidden)), \(activation.rawValue)"),
      ]
    }
    return rows.isEmpty ? [] : ["", "Prior"] + rows.map { "  \($0.0.padded(22))\($0.1)" }
  }

  /// The pseudo-inputs of the VampPrior of the model at `path` as a grid, that of the largest weight first.
  ///
  /// - Parameter output: the file that they are for; nil: none.
  /// - Throws: `FileError` where it has none, and what a grid that is too large throws.
  static func pseudoInputs(of model: VAE, at path: String, for output: String?) throws -> Raster {
    guard let pixels = model.pseudoInputs, let weights = model.makePrior().componentWeights else {
      throw FileError(
        .badData, path: path,
        reason:
          "has the prior \(model.settings.prior.text); \(output == nil ? "--show shows pseudo-inputs, of a model" : "--pseudo-inputs needs one") trained with --prior vamp\(output == nil ? "; selva sample --show draws from any" : "")"
      )
    }
    let columns = LayoutOptions.columns(for: weights.count)
    let layout = try LayoutOptions.parse([])
    try layout.check(cells: weights.count, columns: columns, of: model.settings, output: output ?? path)
    let count = model.settings.pixelCount
    let order = weights.indices.sorted { (weights[$1], $0) < (weights[$0], $1) }
    let cells = order.map { model.picture(pixels[$0 * count..<($0 + 1) * count]) }
    let style = layout.style(cells: cells.count, columns: columns, of: model.settings)
    return Raster.grid(cells, columns: columns, style: style)
  }
}
