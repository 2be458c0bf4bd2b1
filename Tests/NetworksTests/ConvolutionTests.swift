import Compute
import Testing

@testable import Networks

/// Shapes that have code of their own: odd sides, one position, one channel, patches that reach over every edge,
/// more lines than one piece holds.
private struct Shape: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let map: MapShape
  let channels: Int
  let kernel: Int
  let stride: Int
  var images = 5

  init(
    _ name: String, _ height: Int, _ width: Int, _ channels: Int, to out: Int, kernel: Int, stride: Int,
    images: Int = 5
  ) {
    testDescription = name
    map = MapShape(height: height, width: width, channels: channels)
    self.channels = out
    self.kernel = kernel
    self.stride = stride
    self.images = images
  }

  var plain: PlainConvolution {
    PlainConvolution(large: map, smallChannels: channels, kernel: kernel, stride: stride)
  }
}

private let shapes = [
  Shape("even sides", 8, 6, 3, to: 5, kernel: 4, stride: 2),
  Shape("odd sides", 7, 9, 2, to: 3, kernel: 4, stride: 2),
  Shape("odd kernel", 5, 4, 3, to: 4, kernel: 3, stride: 1),
  Shape("kernel as wide as the stride", 7, 5, 2, to: 2, kernel: 2, stride: 2),
  Shape("one pixel", 1, 1, 4, to: 3, kernel: 4, stride: 2),
  Shape("one row", 1, 9, 1, to: 2, kernel: 3, stride: 2),
  Shape("one channel to one", 6, 6, 1, to: 1, kernel: 4, stride: 2),
  Shape("many channels", 3, 3, 70, to: 50, kernel: 3, stride: 1, images: 2),
  Shape("kernel larger than the map", 2, 3, 2, to: 2, kernel: 6, stride: 2),
  Shape("several pieces", 40, 40, 8, to: 4, kernel: 4, stride: 2, images: 9),
  Shape("stride 3", 10, 11, 2, to: 3, kernel: 5, stride: 3),
]

/// One layer with parameters, inputs and gradients at random, run through both ways.
private struct Run {
  let input: [Float]
  let outputGradient: [Float]
  let weight: [Float]
  let bias: [Float]
  let output: [Float]
  let inputGradient: [Float]
  let weightGradient: [Float]
  let biasGradient: [Float]
  /// How often each parameter was told as finished.
  let finished: [Int]

  init(_ shape: Shape, _ direction: ConvolutionPlan.Direction, activation: Activation?, workers: Int) {
    var layout = ParameterLayout()
    let plan = ConvolutionPlan(
      "c", direction, large: shape.map, smallChannels: shape.channels, kernel: shape.kernel,
      stride: shape.stride, activation: activation, gain: 1, in: &layout)
    let store = ParameterStore(layout, elementType: .float32, keepsAverage: false)
    let all = ParameterStore.floats(store.weights)
    for (i, value) in numbers(layout.count, 1).enumerated() { all[i] = value }
    let inputs = direction == .convolution ? shape.map.count : plan.small.count
    input = numbers(shape.images * inputs, 2)
    outputGradient = numbers(shape.images * plan.outputs, 3)
    let target = Matrix(rows: shape.images, columns: inputs)
    // What lay there before must not matter.
    target.floats.update(repeating: 7, count: input.count)
    let split = RowSplit(shape.images, workers: workers)
    let binding = NetworkBinding(store.parameters, rows: split).withMemory(plan.workerFloats)
    let layer = plan.bind(
      binding, number: 0, input: Matrix(rows: shape.images, columns: inputs, values: input),
      inputGradient: InputGradient(target))
    var finished = [Int](repeating: 0, count: layout.count)
    for worker in 0..<workers { layer.forward(worker) }
    output = layer.output.values
    layer.outputGradient!.floats.update(from: outputGradient, count: outputGradient.count)
    for worker in 0..<workers { layer.backward(worker) }
    for worker in 0..<workers {
      layer.parameterGradient(worker) { range, _ in for i in range { finished[i] += 1 } }
    }
    func part(_ name: String, of storage: Storage) -> [Float] {
      Array(ParameterStore.floats(storage)[layout[name]!.range])
    }
    inputGradient = target.values
    weight = part("c.weight", of: store.weights)
    bias = part("c.bias", of: store.weights)
    weightGradient = part("c.weight", of: store.gradients)
    biasGradient = part("c.bias", of: store.gradients)
    self.finished = layout.views.flatMap { finished[$0.range] }
  }
}

@Test(arguments: shapes, [1, 2, 3])
private func `a convolution agrees with plain loops, forward and backward`(_ shape: Shape, _ workers: Int) {
  let run = Run(shape, .convolution, activation: nil, workers: workers)
  let (plain, weight) = (shape.plain, run.weight.map(Double.init))
  let (input, gradient) = (run.input.map(Double.init), run.outputGradient.map(Double.init))
  let expected = plain.reduce(input, weight).enumerated().map {
    $1 + Double(run.bias[$0 % shape.channels])
  }
  #expect(difference(run.output, expected) < 1e-5)
  #expect(difference(run.inputGradient, plain.expand(gradient, weight)) < 1e-5)
  #expect(difference(run.weightGradient, plain.weightGradient(gradient, input)) < 1e-5)
  #expect(difference(run.biasGradient, sums(gradient, shape.channels)) < 1e-5)
  #expect(run.finished.allSatisfy { $0 == 1 })
}

@Test(arguments: shapes, [1, 2, 3])
private func `a transposed convolution agrees with plain loops, forward and backward`(
  _ shape: Shape, _ workers: Int
) {
  let run = Run(shape, .transposed, activation: nil, workers: workers)
  let (plain, weight) = (shape.plain, run.weight.map(Double.init))
  let (input, gradient) = (run.input.map(Double.init), run.outputGradient.map(Double.init))
  let expected = plain.expand(input, weight).enumerated().map {
    $1 + Double(run.bias[$0 % shape.map.channels])
  }
  #expect(difference(run.output, expected) < 1e-5)
  #expect(difference(run.inputGradient, plain.reduce(gradient, weight)) < 1e-5)
  #expect(difference(run.weightGradient, plain.weightGradient(input, gradient)) < 1e-5)
  #expect(difference(run.biasGradient, sums(gradient, shape.map.channels)) < 1e-5)
  #expect(run.finished.allSatisfy { $0 == 1 })
}

@Test(arguments: [ConvolutionPlan.Direction.convolution, .transposed])
private func `the activation follows the convolution`(_ direction: ConvolutionPlan.Direction) {
  let plain = Run(shapes[0], direction, activation: nil, workers: 1)
  let run = Run(shapes[0], direction, activation: .relu, workers: 1)
  #expect(run.output == plain.output.map { max(0, $0) })
  let gradient = zip(run.outputGradient, plain.output).map { $1 > 0 ? Double($0) : 0 }
  let channels = direction == .convolution ? shapes[0].channels : shapes[0].map.channels
  #expect(difference(run.biasGradient, sums(gradient, channels)) < 1e-5)
}

private func sums(_ gradient: [Double], _ channels: Int) -> [Double] {
  var sums = [Double](repeating: 0, count: channels)
  for (i, value) in gradient.enumerated() { sums[i % channels] += value }
  return sums
}

@Test func `a residual block adds two convolutions to its input`() {
  let map = MapShape(height: 5, width: 4, channels: 3)
  var layout = ParameterLayout()
  let plan = ResidualPlan("b", map: map, activation: .relu, in: &layout)
  let store = ParameterStore(layout, elementType: .float32, keepsAverage: false)
  for (i, value) in numbers(layout.count, 1).enumerated() { ParameterStore.floats(store.weights)[i] = value }
  let (images, count) = (3, 3 * map.count)
  let (input, gradient) = (numbers(count, 2), numbers(count, 3))
  let target = Matrix(rows: images, columns: map.count)
  target.floats.update(repeating: 7, count: count)
  let layer = plan.bind(
    NetworkBinding(store.parameters, rows: RowSplit(images, workers: 2)).withMemory(plan.workerFloats),
    number: 0, input: Matrix(rows: images, columns: map.count, values: input),
    inputGradient: InputGradient(target))
  for worker in 0..<2 { layer.forward(worker) }
  let output = layer.output.values
  layer.outputGradient!.floats.update(from: gradient, count: count)
  for worker in 0..<2 { layer.backward(worker) }
  for worker in 0..<2 { layer.parameterGradient(worker) { _, _ in } }

  func part(_ name: String, _ storage: Storage) -> [Double] {
    ParameterStore.floats(storage)[layout[name]!.range].map(Double.init)
  }
  let convolution = PlainConvolution(large: map, smallChannels: 3, kernel: 3, stride: 1)
  let (first, second) = (part("b.first.weight", store.weights), part("b.second.weight", store.weights))
  let (bias1, bias2) = (part("b.first.bias", store.weights), part("b.second.bias", store.weights))
  let (x, g) = (input.map(Double.init), gradient.map(Double.init))
  let before = convolution.reduce(x, first).enumerated().map { $1 + bias1[$0 % 3] }
  let hidden = before.map { max(0, $0) }
  let inner = convolution.reduce(hidden, second)
  #expect(difference(output, inner.indices.map { x[$0] + inner[$0] + bias2[$0 % 3] }) < 1e-5)
  let back = zip(convolution.expand(g, second), before).map { $1 > 0 ? $0 : 0 }
  #expect(difference(target.values, zip(g, convolution.expand(back, first)).map { $0 + $1 }) < 1e-5)
  func isClose(_ name: String, _ expected: [Double]) -> Bool {
    difference(part(name, store.gradients).map { Float($0) }, expected) < 1e-5
  }
  #expect(isClose("b.first.weight", convolution.weightGradient(back, x)))
  #expect(isClose("b.second.weight", convolution.weightGradient(g, hidden)))
  #expect(isClose("b.second.bias", sums(g, 3)))
}
