import Compute
import Testing

@testable import Networks

/// Shapes that have code of their own: one step, one unit, fewer rows than workers, more units than a worker's grain.
private struct Shape: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let rows: Int
  let steps: Int
  let inputs: Int
  let units: Int
  let source: RecurrentPlan.Source
  var keepsSequence = true
  var activation = Activation.selu

  init(
    _ name: String, _ rows: Int, steps: Int, inputs: Int, units: Int, _ source: RecurrentPlan.Source,
    _ change: (inout Shape) -> Void = { _ in }
  ) {
    testDescription = name
    self.rows = rows
    self.steps = steps
    self.inputs = inputs
    self.units = units
    self.source = source
    change(&self)
  }

  /// Of the input as the layer reads it.
  var inputSize: (rows: Int, columns: Int) {
    switch source {
    case .image: (rows, steps * inputs)
    case .vector, .dense: (rows, inputs)
    case .states: (steps * rows, inputs)
    }
  }

  /// `[steps][rows · inputs]` of values that lie as the layer's input does.
  func byStep(_ values: [Double]) -> [[Double]] {
    (0..<steps).map { step in
      (0..<rows * inputs).map { at in
        switch source {
        case .image: values[at / inputs * steps * inputs + step * inputs + at % inputs]
        case .vector, .dense: values[at]
        case .states: values[step * rows * inputs + at]
        }
      }
    }
  }

  /// A gradient by step as the layer's input lies.
  func asInput(_ steps: [[Double]]) -> [Double] {
    switch source {
    case .image:
      (0..<rows).flatMap { row in steps.flatMap { $0[row * inputs..<(row + 1) * inputs] } }
    case .vector, .dense: steps[0].indices.map { at in steps.reduce(0) { $0 + $1[at] } }
    case .states: steps.flatMap { $0 }
    }
  }
}

private let shapes = [
  Shape("an image's rows", 5, steps: 4, inputs: 3, units: 6, .image),
  Shape("the last state alone", 5, steps: 4, inputs: 3, units: 6, .image) { $0.keepsSequence = false },
  Shape("the same at every step", 5, steps: 4, inputs: 3, units: 6, .vector) { $0.activation = .tanh },
  Shape("states of the layer below", 5, steps: 4, inputs: 7, units: 6, .states),
  Shape("states, the last one alone", 4, steps: 3, inputs: 7, units: 5, .states) { $0.keepsSequence = false },
  Shape("one step", 3, steps: 1, inputs: 2, units: 4, .image),
  Shape("one step, the last state", 3, steps: 1, inputs: 2, units: 4, .dense) { $0.keepsSequence = false },
  Shape("one unit", 3, steps: 6, inputs: 1, units: 1, .image),
  Shape("one row", 1, steps: 5, inputs: 3, units: 4, .states),
  Shape("many units, gelu", 6, steps: 5, inputs: 9, units: 37, .image) { $0.activation = .gelu },
  Shape("many steps", 2, steps: 40, inputs: 2, units: 3, .vector) { $0.activation = .tanh },
]

/// One layer with parameters, inputs and gradients at random, run through both ways.
private struct Run {
  let layout: ParameterLayout
  let input: [Float]
  let outputGradient: [Float]
  let output: [Float]
  let activated: [Float]
  let inputGradient: [Float]
  let weights: [Float]
  let gradients: [Float]
  /// How often each parameter was told as finished.
  let finished: [Int]

  init(_ shape: Shape, workers: Int) {
    var layout = ParameterLayout()
    let plan = RecurrentPlan(
      "r", steps: shape.steps, inputs: shape.inputs, units: shape.units, source: shape.source,
      keepsSequence: shape.keepsSequence, activation: shape.activation, in: &layout)
    let store = ParameterStore(layout, elementType: .float32, keepsAverage: false)
    let all = ParameterStore.floats(store.weights)
    for (i, value) in numbers(layout.count, 1).enumerated() { all[i] = 0.4 * value }
    // What lay there before must not matter.
    let gradients = ParameterStore.floats(store.gradients)
    gradients.update(repeating: 5)
    let size = shape.inputSize
    input = numbers(size.rows * size.columns, 2)
    let target = Matrix(rows: size.rows, columns: size.columns)
    target.floats.update(repeating: 7, count: input.count)
    let layer = plan.bind(
      NetworkBinding(store.parameters, rows: RowSplit(shape.rows, workers: workers)), number: 0,
      input: Matrix(rows: size.rows, columns: size.columns, values: input),
      inputGradient: InputGradient(target))
    var finished = [Int](repeating: 0, count: layout.count)
    var (output, outputGradient, activated): ([Float], [Float], [Float]) = ([], [], [])
    // Twice, since a step finds what the one before has left.
    for _ in 0..<2 {
      for worker in 0..<workers { layer.forward(worker) }
      (output, activated) = (layer.output.values, layer.activated.values)
      outputGradient = numbers(output.count, 3)
      layer.outputGradient!.floats.update(from: outputGradient, count: outputGradient.count)
      for worker in 0..<workers { layer.backward(worker) }
      finished = finished.map { _ in 0 }
      for worker in 0..<workers {
        layer.parameterGradient(worker) { range, _ in for i in range { finished[i] += 1 } }
      }
    }
    (self.output, self.activated, self.outputGradient) = (output, activated, outputGradient)
    inputGradient = target.values
    weights = Array(all)
    self.gradients = Array(gradients)
    self.layout = layout
    self.finished = layout.views.flatMap { finished[$0.range] }
  }

  func weight(_ name: String) -> [Double] { weights[layout[name]!.range].map(Double.init) }
  func gradient(_ name: String) -> [Float] { Array(gradients[layout[name]!.range]) }
}

@Test(arguments: shapes, [1, 2, 3, 5])
private func `a recurrent layer agrees with plain loops, forward and back through time`(
  _ shape: Shape, _ workers: Int
) {
  let run = Run(shape, workers: workers)
  let plain = PlainRecurrence(
    steps: shape.steps, rows: shape.rows, inputs: shape.inputs, units: shape.units,
    activation: shape.activation, weight: run.weight("r.weight"), stateWeight: run.weight("r.state_weight"),
    bias: run.weight("r.bias"))
  let count = shape.rows * shape.units
  let gradient = (0..<shape.steps).map { step -> [Double] in
    let isLast = step == shape.steps - 1
    let start = shape.keepsSequence ? step * count : 0
    return shape.keepsSequence || isLast
      ? run.outputGradient[start..<start + count].map(Double.init) : .init(repeating: 0, count: count)
  }
  let expected = plain(shape.byStep(run.input.map(Double.init)), gradient: gradient)
  let all = expected.states.flatMap { $0 }
  #expect(difference(run.activated, all) < 1e-5)
  #expect(difference(run.output, shape.keepsSequence ? all : expected.states[shape.steps - 1]) < 1e-5)
  #expect(difference(run.inputGradient, shape.asInput(expected.inputGradient)) < 2e-5)
  #expect(difference(run.gradient("r.weight"), expected.weightGradient) < 2e-5)
  #expect(difference(run.gradient("r.bias"), expected.biasGradient) < 2e-5)
  if shape.steps == 1 {
    #expect(run.gradient("r.state_weight").allSatisfy { $0 == 0 })
  } else {
    #expect(difference(run.gradient("r.state_weight"), expected.stateWeightGradient) < 2e-5)
  }
  #expect(run.finished.allSatisfy { $0 == 1 })
}

@Test(arguments: [1, 3]) func `a step of the image is written from each state`(_ workers: Int) {
  let (rows, steps, inputs, width) = (4, 3, 5, 18)
  var layout = ParameterLayout()
  let plan = StepOutputPlan("o", steps: steps, inputs: inputs, width: width, gain: 1, in: &layout)
  let store = ParameterStore(layout, elementType: .float32, keepsAverage: false)
  for (i, value) in numbers(layout.count, 1).enumerated() { ParameterStore.floats(store.weights)[i] = value }
  let states = numbers(steps * rows * inputs, 2)
  let target = Matrix(rows: steps * rows, columns: inputs)
  let layer = plan.bind(
    NetworkBinding(store.parameters, rows: RowSplit(rows, workers: workers)), number: 0,
    input: Matrix(rows: steps * rows, columns: inputs, values: states), inputGradient: InputGradient(target))
  for worker in 0..<workers { layer.forward(worker) }
  let gradient = numbers(rows * steps * width, 3)
  layer.gradient!.floats.update(from: gradient, count: gradient.count)
  for worker in 0..<workers { layer.backward(worker) }
  for _ in 0..<2 { for worker in 0..<workers { layer.parameterGradient(worker) { _, _ in } } }

  func part(_ name: String, _ storage: Storage) -> [Double] {
    ParameterStore.floats(storage)[layout[name]!.range].map(Double.init)
  }
  let (weight, bias) = (part("o.weight", store.weights), part("o.bias", store.weights))
  var output = [Double](repeating: 0, count: rows * steps * width)
  var back = [Double](repeating: 0, count: states.count)
  var (weightGradient, biasGradient) = (weight.map { _ in 0.0 }, bias.map { _ in 0.0 })
  for (row, step) in (0..<rows * steps).map({ ($0 / steps, $0 % steps) }) {
    for value in 0..<width {
      let at = (row * steps + step) * width + value
      output[at] = bias[value]
      biasGradient[value] += Double(gradient[at])
      for unit in 0..<inputs {
        let state = (step * rows + row) * inputs + unit
        output[at] += weight[value * inputs + unit] * Double(states[state])
        back[state] += weight[value * inputs + unit] * Double(gradient[at])
        weightGradient[value * inputs + unit] += Double(gradient[at]) * Double(states[state])
      }
    }
  }
  #expect(difference(layer.output.values, output) < 1e-5)
  #expect(difference(target.values, back) < 1e-5)
  #expect(difference(part("o.weight", store.gradients).map { Float($0) }, weightGradient) < 1e-5)
  #expect(difference(part("o.bias", store.gradients).map { Float($0) }, biasGradient) < 1e-5)
}

@Test func `an image's rows are read and written step by step, layers mirrored`() {
  let stack = RecurrentStack(steps: 6, features: 4, units: [8, 5])
  var layout = ParameterLayout()
  let encoder = NetworkPlan(
    "encoder", stack, hidden: [9], outputs: [NetworkOutput("mean", width: 2)], activation: .selu, in: &layout)
  let decoder = NetworkPlan(
    "decoder", inputs: 2, hidden: [9], stack, output: NetworkOutput("output", width: 24), activation: .selu,
    in: &layout)
  #expect(encoder.layers.map(\.outputs) == [48, 5, 9, 2])
  #expect(decoder.layers.map(\.outputs) == [9, 30, 48, 24])
  #expect(encoder.layers.map(\.activatedSteps) == [6, 6, 1, 1])
  #expect(decoder.layers.map(\.activatedSteps) == [1, 6, 6, 1])
  #expect(
    decoder.layers.map(\.name)
      == ["decoder.layers.0", "decoder.recurrent.1", "decoder.recurrent.0", "decoder.output"])
  #expect(layout["encoder.recurrent.1.weight"]?.shape == [5, 8])
  #expect(layout["decoder.recurrent.1.weight"]?.shape == [5, 9])
  #expect(layout["decoder.recurrent.0.weight"]?.shape == [8, 5])
  #expect(layout["decoder.recurrent.0.state_weight"]?.shape == [8, 8])
  #expect(layout["decoder.output.weight"]?.shape == [4, 8])
}
