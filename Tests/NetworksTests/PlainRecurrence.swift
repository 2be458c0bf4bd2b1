import CKernels

@testable import Networks

/// A recurrent layer in plain loops and float64, with the gradient of Σ gradient · state: what the layer is held against.
struct PlainRecurrence {
  let steps: Int
  let rows: Int
  let inputs: Int
  let units: Int
  let activation: Activation
  /// `[units, inputs]`, `[units, units]`, `[units]`.
  let weight: [Double]
  let stateWeight: [Double]
  let bias: [Double]

  struct Result {
    /// `[steps][rows · units]`.
    var states: [[Double]]
    var inputGradient: [[Double]]
    var weightGradient: [Double]
    var stateWeightGradient: [Double]
    var biasGradient: [Double]
  }

  /// - Parameters:
  ///   - x: `[steps][rows · inputs]`.
  ///   - gradient: of each state from outside, `[steps][rows · units]`.
  func callAsFunction(_ x: [[Double]], gradient: [[Double]]) -> Result {
    let (before, states) = forward(x)
    var result = Result(
      states: states, inputGradient: x.map { $0.map { _ in 0 } },
      weightGradient: weight.map { _ in 0 }, stateWeightGradient: stateWeight.map { _ in 0 },
      biasGradient: bias.map { _ in 0 })
    var future = [Double](repeating: 0, count: rows * units)
    for step in (0..<steps).reversed() {
      var past = future.map { _ in 0.0 }
      for (row, unit) in pairs {
        let at = row * units + unit
        let slope = selva_activation_derivative_reference(activation.kernel, before[step][at])
        let g = (gradient[step][at] + future[at]) * slope
        result.biasGradient[unit] += g
        for i in 0..<inputs {
          result.weightGradient[unit * inputs + i] += g * x[step][row * inputs + i]
          result.inputGradient[step][row * inputs + i] += g * weight[unit * inputs + i]
        }
        guard step > 0 else { continue }
        for other in 0..<units {
          result.stateWeightGradient[unit * units + other] += g * states[step - 1][row * units + other]
          past[row * units + other] += g * stateWeight[unit * units + other]
        }
      }
      future = past
    }
    return result
  }

  private func forward(_ x: [[Double]]) -> (before: [[Double]], states: [[Double]]) {
    var before: [[Double]] = []
    var states = [[Double](repeating: 0, count: rows * units)]
    for step in 0..<steps {
      before.append(
        pairs.map { row, unit in
          let input = (0..<inputs).reduce(bias[unit]) {
            $0 + weight[unit * inputs + $1] * x[step][row * inputs + $1]
          }
          return (0..<units).reduce(input) {
            $0 + stateWeight[unit * units + $1] * states[step][row * units + $1]
          }
        })
      states.append(before[step].map { selva_activation_reference(activation.kernel, $0) })
    }
    return (before, Array(states.dropFirst()))
  }

  private var pairs: [(row: Int, unit: Int)] {
    (0..<rows).flatMap { row in (0..<units).map { (row, $0) } }
  }
}
