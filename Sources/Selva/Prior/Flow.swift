import CKernels
import Compute
import Networks

/// RealNVP couplings (Dinh et al. 2017, equations 7 and 8) from z to u ~ N(0, I): each leaves half of the components as
/// they are and takes the other half to z·exp(s) + t, where s and t are functions of the first half.
/// log p(z) = log N(u; 0, I) + Σ s.
struct FlowPlan: PriorPlan {
  let couplings: [FlowCoupling]
  let latent: Int

  /// The final layer begins at 0, and with it the flow as the identity.
  init(_ count: Int, _ settings: ModelSettings, in layout: inout ParameterLayout) {
    let latent = settings.latent
    self.latent = latent
    couplings = (0..<count).map { number in
      let still = Array(stride(from: number % 2, to: latent, by: 2))
      let moved = Array(stride(from: 1 - number % 2, to: latent, by: 2))
      let network = NetworkPlan(
        "prior.couplings.\(number)", inputs: still.count, hidden: settings.priorHidden,
        outputs: ["scale", "shift"].map { NetworkOutput($0, width: moved.count, gain: 0) },
        activation: settings.priorActivation, in: &layout)
      return FlowCoupling(still: still, moved: moved, network: network)
    }
  }

  func bind(_ binding: PriorBinding) -> any PriorPass { FlowPass(self, binding) }

  func byteCount(rows: Int, latent: Int) -> Double {
    couplings.reduce(2 * Matrix.byteCount(rows, latent)) {
      $0 + $1.network.byteCount(rows: rows, type: .float32, hasDropout: false, learns: true)
        + Matrix.byteCount(rows, 2 * $1.still.count + 3 * $1.moved.count)
    }
  }
}

/// A coupling as the layout knows it.
package struct FlowCoupling: Sendable {
  /// Components that stay, and those that move.
  package let still: [Int]
  package let moved: [Int]
  /// From the still components to `[scale | shift]` of those that move.
  package let network: NetworkPlan
  /// s = 2·tanh(scale / 2): as steep as the scale at 0, and never so large that one image's density runs away.
  package static let largestScale: Float = 2
}

/// The couplings bound to rows, both ways.
final class Flow: Sendable {
  /// `[rows, latent]`: z before `forward` or after `inverse`, u the other way round.
  let state: Matrix
  let couplings: [BoundCoupling]
  let rows: RowSplit

  /// The flow's products are in float32 whatever the rest is computed in, since densities are sums of many terms.
  init(_ plan: FlowPlan, _ parameters: Parameters, rows: RowSplit, learns: Bool) {
    self.rows = rows
    state = Matrix(rows: rows.count, columns: plan.latent)
    couplings = plan.couplings.map { BoundCoupling($0, parameters.single, rows: rows, learns: learns) }
  }

  /// From z to u. Adds Σ s of each of the worker's rows to `logDeterminant`.
  func forward(_ worker: Int, logDeterminant: Doubles) {
    for coupling in couplings {
      coupling.forward(worker, rows.blocks[worker], state: state, logDeterminant: logDeterminant)
    }
  }

  /// From u to z.
  func inverse(_ worker: Int) {
    for coupling in couplings.reversed() { coupling.inverse(worker, rows.blocks[worker], state: state) }
  }
}

/// One coupling bound to rows. What `forward` leaves is read by `backward`.
final class BoundCoupling: Sendable {
  let network: Network
  private let plan: FlowCoupling
  private let input: Matrix
  private let inputGradient: Matrix?
  /// Of each moved component, `[rows, moved]`: what it was, tanh(scale / 2) and exp(s).
  private let before: Matrix
  private let bend: Matrix
  private let factor: Matrix

  init(_ plan: FlowCoupling, _ parameters: Parameters, rows: RowSplit, learns: Bool) {
    let (count, moved) = (rows.count, plan.moved.count)
    self.plan = plan
    input = Matrix(rows: count, columns: plan.still.count)
    inputGradient = learns ? Matrix(rows: count, columns: plan.still.count) : nil
    before = Matrix(rows: count, columns: moved)
    bend = Matrix(rows: count, columns: moved)
    factor = Matrix(rows: count, columns: moved)
    network = Network(
      plan.network, NetworkBinding(parameters, rows: rows), input: input,
      inputGradient: inputGradient.map { InputGradient($0) })
  }

  /// The scale and shift of each row, from the still components of `state`.
  private func run(_ worker: Int, _ blocks: [Range<Int>], state: Matrix, sign: Float) {
    let moved = plan.moved.count
    for row in blocks.joined() {
      let (target, values) = (input.row(row), state.row(row))
      for (i, component) in plan.still.enumerated() { target[i] = values[component] }
    }
    network.forward(worker)
    for row in blocks.joined() {
      let (scale, bend) = (network.output.row(row), bend.row(row))
      for i in 0..<moved { bend[i] = scale[i] / FlowCoupling.largestScale }
      selva_activation_forward(Activation.tanh.kernel, bend, bend, moved)
      selva_exp(bend, sign * FlowCoupling.largestScale, factor.row(row), moved)
    }
  }

  func forward(_ worker: Int, _ blocks: [Range<Int>], state: Matrix, logDeterminant: Doubles) {
    let moved = plan.moved
    run(worker, blocks, state: state, sign: 1)
    for row in blocks.joined() {
      let (values, before, bend) = (state.row(row), before.row(row), bend.row(row))
      let (factor, shift) = (factor.row(row), network.output.row(row) + moved.count)
      var sum = 0.0
      for (i, component) in moved.enumerated() {
        before[i] = values[component]
        values[component] = before[i] * factor[i] + shift[i]
        sum += Double(FlowCoupling.largestScale * bend[i])
      }
      logDeterminant[row] += sum
    }
  }

  func inverse(_ worker: Int, _ blocks: [Range<Int>], state: Matrix) {
    run(worker, blocks, state: state, sign: -1)
    for row in blocks.joined() {
      let (values, factor) = (state.row(row), factor.row(row))
      let shift = network.output.row(row) + plan.moved.count
      for (i, component) in plan.moved.enumerated() {
        values[component] = (values[component] - shift[i]) * factor[i]
      }
    }
  }

  /// `gradient`, `[rows, latent]`: of the objective by what this coupling put out, which becomes that by what it read.
  ///
  /// - Parameter weights: of −log p(z) of each row.
  func backward(_ worker: Int, _ blocks: [Range<Int>], gradient: Matrix, weights: Matrix) {
    guard let inputGradient else { return }
    let count = plan.moved.count
    for row in blocks.joined() {
      let (slopes, before, bend) = (gradient.row(row), before.row(row), bend.row(row))
      let (factor, weight) = (factor.row(row), weights.row(row)[0])
      let scale = network.outputGradient.row(row)
      let shift = scale + count
      for (i, component) in plan.moved.enumerated() {
        let slope = slopes[component]
        shift[i] = slope
        // ∂s/∂scale = 1 − tanh²(scale / 2), and −log p(z) holds −s.
        scale[i] = (slope * before[i] * factor[i] - weight) * (1 - bend[i] * bend[i])
        slopes[component] = slope * factor[i]
      }
    }
    network.backward(worker)
    for row in blocks.joined() {
      let (slopes, added) = (gradient.row(row), inputGradient.row(row))
      for (i, component) in plan.still.enumerated() { slopes[component] += added[i] }
    }
  }
}

final class FlowPass: PriorPass {
  private let binding: PriorBinding
  private let flow: Flow
  /// ∂objective/∂ what a coupling put out, `[rows, latent]`.
  private let gradient: Matrix

  init(_ plan: FlowPlan, _ binding: PriorBinding) {
    self.binding = binding
    flow = Flow(plan, binding.parameters, rows: binding.rows, learns: true)
    gradient = Matrix(rows: binding.z.rows, columns: binding.z.columns)
  }

  var networks: [Network] { flow.couplings.map(\.network) }

  func forward(_ worker: Int) {
    let latent = binding.z.columns
    for row in binding.rows.blocks[worker].joined() {
      flow.state.row(row).update(from: binding.z.row(row), count: latent)
      binding.logDensity[row] = 0
    }
    flow.forward(worker, logDeterminant: binding.logDensity)
    for row in binding.rows.blocks[worker].joined() {
      binding.logDensity[row] += StandardNormalPass.logDensity(flow.state.row(row), count: latent)
    }
  }

  func backward(_ worker: Int) {
    let (latent, blocks) = (binding.z.columns, binding.rows.blocks[worker])
    for row in blocks.joined() {
      let (slopes, u, weight) = (gradient.row(row), flow.state.row(row), binding.weights.row(row)[0])
      for i in 0..<latent { slopes[i] = weight * u[i] }
    }
    for coupling in flow.couplings.reversed() {
      coupling.backward(worker, blocks, gradient: gradient, weights: binding.weights)
    }
    for row in blocks.joined() {
      let (target, added) = (binding.gradient.row(row), gradient.row(row))
      for i in 0..<latent { target[i] += added[i] }
    }
  }

  func parameterGradient(_ worker: Int, finished: GradientUse) {
    for coupling in flow.couplings { coupling.network.parameterGradient(worker, finished: finished) }
  }
}
