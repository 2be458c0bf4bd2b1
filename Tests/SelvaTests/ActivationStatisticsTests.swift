import Foundation
import IDX
import Testing

@testable import Compute
@testable import Networks
@testable import Selva

@Suite struct ActivationStatisticsTests {
  /// Images of independent grey values, 10 x 10.
  private let images = ImageSet(
    values: RandomStream(seed: 1, .latents).bits(150 * 100).map { Float($0 >> 8) / Float(1 << 24) },
    height: 10,
    width: 10)

  private func model(
    _ settings: ModelSettings, change: (UnsafeMutableBufferPointer<Float>) -> Void = { _ in }
  )
    -> VAE
  {
    let store = ParameterStore(ModelLayout(settings).parameters, elementType: .float32, keepsAverage: false)
    let statistics = DataStatistics(images)
    store.initialize(settings, statistics: statistics, seed: 7)
    change(ParameterStore.floats(store.weights))
    return VAE(
      settings: settings, inputMean: statistics.inputMean,
      inputStandardDeviation: statistics.inputStandardDeviation,
      values: UnsafeBufferPointer(ParameterStore.floats(store.weights)))
  }

  /// f(x·Wᵀ + b) in loops; `name` of the layer, `rows` of its input.
  private func dense(_ model: VAE, _ name: String, _ rows: [[Double]], selu: Bool) -> [[Double]] {
    let parameters = Dictionary(
      uniqueKeysWithValues: model.parameters.map { ($0.name, $0.values.map(Double.init)) })
    let (weight, bias) = (parameters["\(name).weight"] ?? [], parameters["\(name).bias"] ?? [])
    return rows.map { row in
      bias.indices.map { output in
        let sum = row.indices.reduce(bias[output]) { $0 + row[$1] * weight[output * row.count + $1] }
        guard selu else { return sum }
        return 1.0507009873554805 * (sum > 0 ? sum : 1.6732632423543772 * (exp(sum) - 1))
      }
    }
  }

  @Test func agreesWithLoops() {
    let settings = ModelSettings(height: 10, width: 10, hidden: [20, 12], decoderHidden: [15], latent: 4)
    let layout = ModelLayout(settings).parameters
    let model = model(settings) { values in
      // No noise: exp(½ · −200) is nothing beside the mean.
      for view in layout.views where view.name.hasPrefix("encoder.log_variance") {
        for i in view.range { values[i] = view.name.hasSuffix("bias") ? -200 : 0 }
      }
    }
    let indices = [Int32](3..<148)
    let statistics = ActivationStatistics(model, images: images, indices: indices)
    let input = indices.map { index in
      images.image(Int(index)).enumerated().map {
        (Double($1) - Double(model.inputMean[$0])) / Double(model.inputStandardDeviation[$0])
      }
    }
    let first = dense(model, "encoder.layers.0", input, selu: true)
    let second = dense(model, "encoder.layers.1", first, selu: true)
    let mean = dense(model, "encoder.mean", second, selu: false)
    let third = dense(model, "decoder.layers.0", mean, selu: true)
    #expect(statistics.count == 145)
    #expect(statistics.layers.map(\.name) == ["encoder.layers.0", "encoder.layers.1", "decoder.layers.0"])
    #expect(statistics.layers.map(\.units) == [20, 12, 15])
    for (layer, rows) in zip(statistics.layers, [first, second, third]) {
      let values = rows.flatMap { $0 }
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      #expect(abs(layer.mean - mean) < 1e-5, "\(layer.name)")
      #expect(abs(layer.variance - variance) < 1e-5, "\(layer.name)")
    }
  }

  /// The fixed point of SELU is mean 0 and variance 1 (Klambauer et al. 2017, theorem 1); the formula of short
  /// write-ups loses the variance from layer to layer.
  @Test func seluNormalizesAndItsShortFormulaDoesNot() throws {
    func last(_ activation: Activation) throws -> ActivationStatistics.Layer {
      let settings = ModelSettings(
        height: 10, width: 10, hidden: [Int](repeating: 200, count: 8), decoderHidden: [], latent: 4,
        activation: activation)
      return try #require(ActivationStatistics(model(settings), images: images).layers.last)
    }
    let (selu, short) = try (last(.selu), last(.shortSelu))
    #expect(abs(selu.mean) < 0.15 && abs(selu.variance - 1) < 0.2, "\(selu)")
    #expect(short.variance < 0.5, "\(short)")
  }
}
