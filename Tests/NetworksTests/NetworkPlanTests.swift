import Compute
import Testing

@testable import Networks

private let odd = ConvolutionStages(
  image: MapShape(height: 11, width: 6, channels: 3), channels: [4, 5, 6], kernel: 3, residualBlocks: 1)

@Test func `stages halve the sides, rounding up`() {
  #expect(odd.maps.map(\.height) == [11, 6, 3, 2])
  #expect(odd.maps.map(\.width) == [6, 3, 2, 1])
  #expect(odd.maps.map(\.channels) == [3, 4, 5, 6])
}

@Test func `a decoder's convolutions lead back to the image, whatever its sides are`() {
  var layout = ParameterLayout()
  let encoder = NetworkPlan(
    "encoder", odd, hidden: [9], outputs: [NetworkOutput("mean", width: 2)], activation: .selu, in: &layout)
  let decoder = NetworkPlan(
    "decoder", inputs: 2, hidden: [9], odd, output: NetworkOutput("output", width: 11 * 6 * 3),
    activation: .selu, in: &layout)
  #expect(encoder.layers.map(\.outputs) == [72, 72, 30, 30, 12, 12, 9, 2])
  #expect(decoder.layers.map(\.outputs) == [9, 12, 12, 30, 30, 72, 72, 198])
  #expect(
    encoder.layers.map(\.name) == [
      "encoder.stages.0", "encoder.stages.0.blocks.0", "encoder.stages.1", "encoder.stages.1.blocks.0",
      "encoder.stages.2", "encoder.stages.2.blocks.0", "encoder.layers.0", "encoder.mean",
    ])
  #expect(decoder.layers.last?.name == "decoder.output")
  #expect(layout["decoder.output.weight"]?.shape == [4, 3, 3, 3])
  #expect(layout["decoder.output.bias"]?.shape == [3])
}

/// SELU's promise (Klambauer et al. 2017): what comes in with mean 0 and variance 1 leaves every layer so.
@Test func `convolutions begin with weights that keep the variance`() {
  let stages = ConvolutionStages(
    image: MapShape(height: 32, width: 32, channels: 3), channels: [24, 32], kernel: 4, residualBlocks: 1)
  var layout = ParameterLayout()
  let plans = [
    NetworkPlan(
      "encoder", stages, hidden: [64], outputs: [NetworkOutput("mean", width: 8)], activation: .selu,
      in: &layout),
    NetworkPlan(
      "decoder", inputs: 8, hidden: [64], stages, output: NetworkOutput("output", width: 32 * 32 * 3),
      activation: .selu, in: &layout),
  ]
  let store = ParameterStore(layout, elementType: .float32, keepsAverage: false)
  store.initialize(seed: 1)
  for (plan, inputs) in zip(plans, [32 * 32 * 3, 8]) {
    let input = Matrix(rows: 50, columns: inputs, values: numbers(50 * inputs, 4))
    let network = Network(plan, NetworkBinding(store.parameters, rows: RowSplit(50)), input: input)
    network.forward(0)
    for (layer, plan) in zip(network.layers, plan.layers) {
      let values = layer.output.values.map(Double.init)
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      // Patches over the edges miss some of their pixels.
      #expect(variance > 0.6 && variance < 1.4, "\(plan.name): \(variance)")
    }
  }
}
