import CKernels
import Compute
import Foundation
import Testing

@testable import Networks

private let rows = 60
private let units = 160

/// States of a layer with weights as they begin, `[steps][rows · units]`.
private func states(
  _ activation: Activation, steps: Int, source: RecurrentPlan.Source, input: [Float]
) -> [[Double]] {
  var layout = ParameterLayout()
  let inputs = 40
  let plan = RecurrentPlan(
    "r", steps: steps, inputs: inputs, units: units, source: source, keepsSequence: true,
    activation: activation, in: &layout)
  let store = ParameterStore(layout, elementType: .float32, keepsAverage: false)
  store.initialize(seed: 3)
  let columns = source == .image ? steps * inputs : inputs
  let layer = plan.bind(
    NetworkBinding(store.parameters, rows: RowSplit(rows)), number: 0,
    input: Matrix(rows: rows, columns: columns, values: input), inputGradient: nil)
  layer.forward(0)
  let values = layer.output.values.map(Double.init)
  return (0..<steps).map { Array(values[$0 * rows * units..<($0 + 1) * rows * units]) }
}

private func noise(_ count: Int, seed: UInt64 = 4) -> [Float] { numbers(count, seed) }

private func meanSquare(_ values: [Double]) -> Double {
  values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
}

/// In units of what the next layer's gain expects: 1 from the first steps on, and still after four times 28.
@Test(arguments: [Activation.selu, .elu, .tanh, .gelu, .silu], [RecurrentPlan.Source.image, .vector])
private func `states begin with a variance that stays`(
  _ activation: Activation, _ source: RecurrentPlan.Source
) {
  let steps = 112
  let found = states(
    activation, steps: steps, source: source, input: noise(rows * 40 * (source == .image ? steps : 1)))
  let sizes = found.map { meanSquare($0) * activation.gain * activation.gain }
  for step in [27, 55, 111] {
    #expect(sizes[step] > 0.6 && sizes[step] < 1.8, "step \(step + 1): \(sizes[step])")
  }
}

/// From the identity, states add up to that size at the last step, whatever the number of steps.
@Test(arguments: [28, 112], [RecurrentPlan.Source.image, .vector])
private func `states that begin with the identity end with the size that is expected`(
  _ steps: Int, _ source: RecurrentPlan.Source
) throws {
  let found = states(
    .relu, steps: steps, source: source, input: noise(rows * 40 * (source == .image ? steps : 1)))
  let sizes = found.map { meanSquare($0) * 2 }
  let last = try #require(sizes.last)
  #expect(last > 0.7 && last < 1.4, "\(last)")
  #expect(sizes[0] < 0.05)
}

/// What tells two sequences apart in their first step is there in the last state: half of the variance for the input
/// would leave 10⁻⁸ of it.
@Test(arguments: [Activation.selu, .tanh, .relu])
private func `a difference lasts for 28 steps`(_ activation: Activation) {
  let steps = 28
  let one = noise(rows * 40 * steps)
  var other = one
  for row in 0..<rows {
    for i in 0..<40 { other[row * steps * 40 + i] += 0.3 * noise(40, seed: UInt64(row))[i] }
  }
  let (a, b) = (
    states(activation, steps: steps, source: .image, input: one),
    states(activation, steps: steps, source: .image, input: other)
  )
  let distances = zip(a, b).map { meanSquare(zip($0, $1).map { $0 - $1 }) }
  #expect(distances[27] / distances[0] > 0.1 && distances[27] / distances[0] < 10, "\(distances)")
}

/// By Simpson's rule over ±12, halves apart, since a slope may jump at 0.
@Test(arguments: Activation.allCases)
private func `neither differences nor large states grow, and one of them nearly stays`(
  _ activation: Activation
) {
  guard let share = activation.stateShare, activation != .shortSelu else {
    let isIdentity = activation == .relu || activation == .leakyRelu
    return #expect(activation.stateShare == (isIdentity ? nil : Activation.selu.stateShare))
  }
  func slope(_ z: Double) -> Double { selva_activation_derivative_reference(activation.kernel, z) }
  let (count, h) = (12_000, 12.0 / 12_000)
  let square = [-1.0, 1.0].reduce(0.0) { total, side in
    total
      + (0...count).reduce(0.0) { sum, i in
        let z = side * max(Double(i) * h, 1e-14)
        let weight: Double = i == 0 || i == count ? 1 : i % 2 == 1 ? 4 : 2
        return sum + weight * slope(z) * slope(z) * exp(-z * z / 2)
      } * h / 3 / (2 * Double.pi).squareRoot()
  }
  let scale = share * activation.gain * activation.gain
  #expect(abs(scale * max(square, slope(60) * slope(60)) - 1) < 1e-8, "\(square), \(slope(60))")
}

@Test(arguments: [1, 2, 17, 48]) private func `a rotation keeps lengths`(_ size: Int) {
  let values = UnsafeMutablePointer<Float>.allocate(capacity: size * size)
  defer { values.deallocate() }
  values.initialize(from: noise(size * size), count: size * size)
  makeOrthogonal(values, size)
  for a in 0..<size {
    for b in 0..<size {
      let product = (0..<size).reduce(0.0) {
        $0 + Double(values[a * size + $1]) * Double(values[b * size + $1])
      }
      #expect(abs(product - (a == b ? 1 : 0)) < 1e-5)
    }
  }
}

/// A small layer's parameters as they begin.
private func beginning(_ activation: Activation, units: Int) -> (layout: ParameterLayout, weights: [Float]) {
  var layout = ParameterLayout()
  _ = RecurrentPlan(
    "r", steps: 3, inputs: 5, units: units, source: .image, keepsSequence: false, activation: activation,
    in: &layout)
  let store = ParameterStore(layout, elementType: .float32, keepsAverage: false)
  store.initialize(seed: 3)
  return (layout, Array(ParameterStore.floats(store.weights)))
}

/// W · Wᵀ = gain² · I: independent numbers of the same size would keep the states' variance as well, but not each state.
@Test func weightsOfTheStateAreARotation() throws {
  let size = 12
  let (layout, all) = beginning(.tanh, units: size)
  let rotations = layout.views.compactMap { view in
    if case .orthogonal(let gain) = view.initialization { (start: view.offset, gain: gain) } else { nil }
  }
  let rotation = try #require(rotations.first)
  for a in 0..<size {
    for b in 0..<size {
      let product = (0..<size).reduce(0.0) {
        $0 + Double(all[rotation.start + a * size + $1]) * Double(all[rotation.start + b * size + $1])
      }
      #expect(abs(product - (a == b ? rotation.gain * rotation.gain : 0)) < 1e-5)
    }
  }
}

/// Each state is kept by its own weight, and by no other's: with ReLU, one column of ones has states of the right size too.
@Test func weightsOfTheStateAreTheIdentityWithReLU() throws {
  let size = 5
  let (layout, all) = beginning(.relu, units: size)
  let view = try #require(layout.views.first { $0.initialization == .identity })
  #expect(Array(all[view.range]) == (0..<size * size).map { $0 / size == $0 % size ? 1 : 0 })
}
