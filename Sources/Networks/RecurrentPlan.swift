import Compute

/// A recurrent layer's places in the parameter buffer: h_t = f(W_x·x_t + W_h·h_{t−1} + b) from h_0 = 0 on.
package struct RecurrentPlan: LayerPlan {
  package let name: String
  package let steps: Int
  /// Values that are read at each step.
  package let inputs: Int
  package let units: Int
  package let source: StepPlace
  /// Whether all states are handed on, or the last one alone.
  package let keepsSequence: Bool
  package let activation: Activation
  /// W_x, `[units, inputs]`.
  package let weight: Int
  /// W_h, `[units, units]`.
  package let stateWeight: Int
  /// `[units]`.
  package let bias: Int
  /// Of a layer that reads the same at every step.
  package let classBias: ClassBiasPlan?

  /// What a layer reads, which says how large it is.
  enum Source: Sendable {
    /// Rows of an image, of variance 1.
    case image
    /// A vector of variance 1, the same at every step.
    case vector
    /// What a dense layer gives, the same at every step.
    case dense
    /// The states of the layer below.
    case states

    fileprivate var place: StepPlace {
      switch self {
      case .image: .columns
      case .vector, .dense: .same
      case .states: .blocks
      }
    }

    /// Whether its mean square is that of an activation's output, 1 / gain², or 1.
    fileprivate var isActivated: Bool { self == .dense || self == .states }
  }

  /// - Parameters:
  ///   - name: what the names of its tensors begin with: `name.weight`, `name.state_weight`, `name.bias`.
  ///   - classBias: the name of the classes' biases; nil where there is none.
  init(
    _ name: String, steps: Int, inputs: Int, units: Int, source: Source, keepsSequence: Bool,
    activation: Activation, classBias: String? = nil, classes: Int = 0, in layout: inout ParameterLayout
  ) {
    let start = RecurrentStart(activation, steps: steps, source)
    layout.align()
    weight =
      layout.add(
        "\(name).weight", [units, inputs], .normal(gain: start.inputGain, fanIn: Double(inputs))
      ).offset
    layout.align()
    stateWeight = layout.add("\(name).state_weight", [units, units], start.state).offset
    layout.align()
    bias = layout.add("\(name).bias", [units]).offset
    self.classBias = classBias.map {
      ClassBiasPlan($0, classes: classes, outputs: units, gain: start.inputGain, in: &layout)
    }
    self.name = name
    self.steps = steps
    self.inputs = inputs
    self.units = units
    self.source = source.place
    self.keepsSequence = keepsSequence
    self.activation = activation
  }

  package var outputs: Int { keepsSequence ? steps * units : units }
  package var activatedSteps: Int { steps }

  package func bind(
    _ binding: NetworkBinding, number: Int, input: Matrix, inputGradient: InputGradient?
  ) -> any Layer {
    RecurrentLayer(self, binding, number: number, input: input, inputGradient: inputGradient)
  }

  package func byteCount(rows: Int, type: ElementType, hasDropout: Bool, learns: Bool) -> Double {
    let result = LayerOutput.byteCount(
      outputs: units, activation, rows: steps * rows, type: type, hasDropout: false, learns: learns)
    return source == .same ? result + RepeatedInput.byteCount(self, rows: rows, type, learns: learns) : result
  }
}

/// How a recurrent layer's weights begin.
///
/// The variance has to stay as it is from step to step. W_x·x and W_h·h are independent, so that their variances, u and
/// 1 − u say, add up to 1, the variance of the activation's input for which `Activation.gain` g is made; with E[h²] = 1/g²
/// the state's weights have the deviation s/√units, s² = (1 − u)·g². How large 1 − u may be (`Activation.stateShare`) two
/// things say, and the smaller counts:
///
/// - What tells two sequences apart in their first rows should be there in the last state, and a gradient come back to them,
///   but neither grow. Its square changes by the factor s²·E[f′²] a step, z ~ N(0, 1), which should be 1. So for tanh.
/// - Weights that are the same at every step meet the same directions again, which no mean over independent weights tells:
///   along them states of an activation that does not saturate above grow by s·f′(∞) a step, which may be 1. So for SELU,
///   ELU, GELU and SiLU. (By the first rule alone, states of GELU and SiLU have grown 10⁴ times and more by step 112.)
///
/// For SELU both rules nearly agree: f′(∞) = λ leaves the state 1/λ² = 91 %, and the square of differences changes by 0.97 a step. Half for
/// the state would leave 10⁻⁸ of their square after 28 steps, and so do the 43 % of GELU: that is what its gain costs.
/// W_h is a rotation times s rather than independent numbers, whose largest eigenvalue may be well over s by chance in a
/// layer of a few dozen units.
///
/// For ReLU nothing is left for the input by the first rule. It begins with the identity (Le et al. 2015): states add up
/// what comes in, and differences stay as they are. Over T steps independent inputs add up to T times their variance, inputs
/// that are the same at every step to T²/2 times: W_x is smaller by the root of that, so that the last state has the mean
/// square 1/g² which the next layer's gain expects. (Le et al. take a deviation of 0.001, from which a decoder learns
/// nothing of z before it has learned to do without.)
struct RecurrentStart {
  let inputGain: Double
  let state: Initialization

  init(_ activation: Activation, steps: Int, _ source: RecurrentPlan.Source) {
    let size = source.isActivated ? activation.gain : 1
    if let share = activation.stateShare {
      inputGain = size * (1 - share).squareRoot()
      state = .orthogonal(gain: activation.gain * share.squareRoot())
    } else {
      let sum = source.place == .columns ? Double(steps).squareRoot() : Double(steps) * 0.5.squareRoot()
      inputGain = size / (activation.gain * sum)
      state = .identity
    }
  }
}

extension Activation {
  /// The part that the state has in the variance of a recurrent layer's activations, the input having the rest:
  /// 1 / (g²·max(E[f′²], f′(∞)²)) for z ~ N(0, 1), as `RecurrentStart` tells; nil where the state's weights begin as the
  /// identity.
  package var stateShare: Double? {
    switch self {
    // 1/λ². The short formula has SELU's weights, as in dense layers.
    case .selu, .shortSelu: 0.9058196116985816
    case .elu, .gelu, .silu: 1 / (gain * gain)
    case .tanh: 0.8490353706
    case .relu, .leakyRelu: nil
    }
  }
}
