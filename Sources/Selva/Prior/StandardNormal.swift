/// N(0, I).
struct StandardNormalPlan: PriorPlan {
  var hasClosedForm: Bool { true }

  func bind(_ binding: PriorBinding) -> any PriorPass { StandardNormalPass(binding) }
  func byteCount(rows: Int, latent: Int) -> Double { 0 }
}

final class StandardNormalPass: PriorPass {
  private let binding: PriorBinding

  init(_ binding: PriorBinding) { self.binding = binding }

  func forward(_ worker: Int) {
    for row in binding.rows.blocks[worker].joined() {
      binding.logDensity[row] = StandardNormalPass.logDensity(binding.z.row(row), count: binding.z.columns)
    }
  }

  func backward(_ worker: Int) {
    for row in binding.rows.blocks[worker].joined() {
      let (z, gradient) = (binding.z.row(row), binding.gradient.row(row))
      let weight = binding.weights.row(row)[0]
      for i in 0..<binding.z.columns { gradient[i] += weight * z[i] }
    }
  }

  /// −½ Σ (z² + log 2π).
  static func logDensity(_ z: UnsafePointer<Float>, count: Int) -> Double {
    var squares = 0.0
    for i in 0..<count { squares += Double(z[i] * z[i]) }
    return -0.5 * (squares + Double(count) * logTwoPi)
  }
}
