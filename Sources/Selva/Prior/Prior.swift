import Networks

/// p(z): what latent vectors are drawn from.
public enum Prior: Sendable, Equatable {
  /// N(0, I).
  case normal
  /// Gaussians with learned means, variances and weights: 1 to 65,536 of them.
  case mixture(components: Int)
  /// A mixture of the posteriors of learned pseudo-inputs (Tomczak & Welling 2018, equation 9), with learned
  /// weights: 1 to 65,536 of them.
  case vamp(components: Int)
  /// N(0, I) seen through RealNVP couplings (Dinh et al. 2017) with learned scale and shift, 1 to 64;
  /// of at least two latent components.
  case flow(couplings: Int)

  /// Of a mixture or a VampPrior.
  package static let componentCounts = NumberRange(1...65536)
  /// Of a flow.
  package static let couplingCounts = NumberRange(1...64)

  /// What is taken where a kind is named without a number.
  private static let standardComponents = 500
  private static let standardCouplings = 6

  /// `normal`, `mixture:500`, `vamp:500` or `flow:6`.
  public var text: String {
    switch self {
    case .normal: "normal"
    case .mixture(let components): "mixture:\(components)"
    case .vamp(let components): "vamp:\(components)"
    case .flow(let couplings): "flow:\(couplings)"
    }
  }

  /// Reads `text`, or a kind alone (500 components, 6 couplings); nil where it is neither.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard let kind = parts.first, parts.count <= 2 else { return nil }
    let number = parts.count == 2 ? Int(parts[1]) : nil
    if parts.count == 2 && (number == nil || kind == "normal") { return nil }
    switch kind {
    case "normal": self = .normal
    case "mixture": self = .mixture(components: number ?? Prior.standardComponents)
    case "vamp": self = .vamp(components: number ?? Prior.standardComponents)
    case "flow": self = .flow(couplings: number ?? Prior.standardCouplings)
    default: return nil
    }
    if fault != nil { return nil }
  }

  /// As an error says it.
  package static var rule: String {
    "must be normal, mixture[:K], vamp[:K] (K: \(componentCounts.text)) or flow[:L] (L: \(couplingCounts.text))"
  }

  /// What is wrong with its number, in words for a person; nil when nothing is.
  var fault: String? {
    switch self {
    case .normal: nil
    case .mixture(let count), .vamp(let count):
      Prior.componentCounts.contains(count)
        ? nil : "a prior of \(count) components (\(Prior.componentCounts.text))"
    case .flow(let count):
      Prior.couplingCounts.contains(count)
        ? nil : "a flow of \(count) couplings (\(Prior.couplingCounts.text))"
    }
  }

  func plan(_ settings: ModelSettings, in layout: inout ParameterLayout) -> any PriorPlan {
    switch self {
    case .normal: StandardNormalPlan()
    case .mixture(let components): MixturePlan(components, latent: settings.latent, in: &layout)
    case .vamp(let components): VampPlan(components, settings, in: &layout)
    case .flow(let couplings): FlowPlan(couplings, settings, in: &layout)
    }
  }
}

extension Prior: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let prior = Prior(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "no prior that Selva knows")
    }
    self = prior
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
