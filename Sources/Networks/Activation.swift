import CKernels
import Compute

/// The function between two layers.
public enum Activation: String, Codable, Sendable, CaseIterable {
  /// λx above zero, λα(eˣ − 1) below (Klambauer et al. 2017, equation 2). With LeCun-normal weights and
  /// standardized inputs it drives every layer towards mean 0 and variance 1.
  case selu
  /// max(0, x).
  case relu
  /// x above zero, 0.01·x below.
  case leakyRelu = "leaky-relu"
  /// x above zero, eˣ − 1 below (Clevert et al. 2016, α = 1).
  case elu
  /// xΦ(x), exact (Hendrycks & Gimpel 2016).
  case gelu
  /// x·sigmoid(x), also known as swish.
  case silu
  /// The hyperbolic tangent.
  case tanh
  /// λ(eˣ − 1) below zero and x above: a formula for SELU often found in short write-ups. It drops α, and the
  /// slope λ above zero, and does not normalize; it is here so that this can be seen.
  case shortSelu = "short-selu"

  package var kernel: Int32 {
    switch self {
    case .selu: 0
    case .relu: 1
    case .leakyRelu: 2
    case .elu: 3
    case .gelu: 4
    case .silu: 5
    case .tanh: 6
    case .shortSelu: 7
    }
  }

  /// Whether `backward` needs only the output, so that the input need not be kept.
  package var derivativeIsFromOutput: Bool { selva_derivative_from_output(kernel) != 0 }

  /// The gain g of the initialization N(0, g²/fan_in): 1/√E[f(z)²] for z ~ N(0, 1), so that signals neither
  /// fade nor grow. SELU was made so that this is 1 (LeCun normal); for ReLU it is He et al.'s √2 (2015).
  public var gain: Double {
    switch self {
    case .selu, .shortSelu: 1
    case .relu: 2.0.squareRoot()
    case .leakyRelu: 1.4141428569978352
    case .elu: 1.2451983007007064
    case .gelu: 1.5335304411955353
    case .silu: 1.6765324703310909
    case .tanh: 1.5925374197228301
    }
  }

  /// `output` = f(`input`), both `[rows, columns]`; `output` may be bfloat16, and may be `input`.
  package func forward(_ input: Matrix, into output: Matrix) {
    precondition(
      input.rows == output.rows && input.columns == output.columns,
      "activation of [\(input.rows), \(input.columns)] into [\(output.rows), \(output.columns)]")
    let isWhole = input.stride == input.columns && output.stride == output.columns
    let (rows, count) = isWhole ? (1, input.rows * input.columns) : (input.rows, input.columns)
    for row in 0..<rows {
      switch output.type {
      case .float32: selva_activation_forward(kernel, input.row(row), output.row(row), count)
      case .bfloat16: selva_activation_forward_bf16(kernel, input.row(row), output.halfRow(row), count)
      }
    }
  }

  /// `result` = `gradient` · f′, where f′ comes from `output`, or from `input` for GELU and SiLU.
  package func backward(input: Matrix?, output: Matrix, gradient: Matrix, into result: Matrix) {
    precondition(
      gradient.rows == result.rows && gradient.columns == result.columns
        && output.rows == result.rows && output.columns == result.columns,
      "activation gradient [\(gradient.rows), \(gradient.columns)] into [\(result.rows), \(result.columns)]")
    let count = gradient.rows * gradient.columns
    switch result.type {
    case .float32:
      let reference = derivativeIsFromOutput ? output.floats : input!.floats
      selva_activation_backward(kernel, reference, gradient.floats, result.floats, count)
    case .bfloat16:
      selva_activation_backward_bf16(
        kernel, input?.floats, output.halves, gradient.floats, result.halves, count)
    }
  }
}
