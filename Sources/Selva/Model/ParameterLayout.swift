/// Where every parameter lies in the one buffer that holds them all. Gradients and optimizer moments have the
/// same layout, so the optimizer, the checkpoint and the gradient check are each a loop over one buffer.
package struct ParameterLayout: Sendable {
  /// A named part of the buffer.
  package struct View: Sendable {
    package let name: String
    /// `[out, in]` for weights, `[out]` for biases.
    package let shape: [Int]
    package let offset: Int

    package var count: Int { shape.reduce(1, *) }
    package var range: Range<Int> { offset..<offset + count }
  }

  /// A dense layer's two places.
  package struct Layer: Sendable {
    package let inputs: Int
    package let outputs: Int
    /// `[outputs, inputs]` at `weight`, `[outputs]` at `bias`.
    package let weight: Int
    package let bias: Int
  }

  package private(set) var views: [View] = []
  /// The hidden layers, then one layer of `2 · latent` outputs: the mean's and the log variance's weights lie
  /// one after the other, so that both heads are one product.
  package private(set) var encoder: [Layer] = []
  package private(set) var decoder: [Layer] = []
  /// The learned log σ² of the Gaussian likelihood, `[1]`.
  package private(set) var logVariance: Int?
  /// Elements of the buffer, gaps for alignment included.
  package private(set) var count = 0

  package init(_ settings: ModelSettings) {
    var width = settings.pixelCount
    for (index, outputs) in settings.hidden.enumerated() {
      encoder.append(addLayer("encoder.layers.\(index)", inputs: width, outputs: outputs))
      width = outputs
    }
    encoder.append(addHeads(inputs: width, latent: settings.latent))
    width = settings.latent
    for (index, outputs) in settings.decoderHidden.enumerated() {
      decoder.append(addLayer("decoder.layers.\(index)", inputs: width, outputs: outputs))
      width = outputs
    }
    decoder.append(addLayer("decoder.output", inputs: width, outputs: settings.pixelCount))
    if settings.likelihood == .gaussianLearned { logVariance = add("decoder.log_variance", [1]) }
    align()
  }

  private mutating func addLayer(_ name: String, inputs: Int, outputs: Int) -> Layer {
    align()
    let weight = add("\(name).weight", [outputs, inputs])
    align()
    return Layer(inputs: inputs, outputs: outputs, weight: weight, bias: add("\(name).bias", [outputs]))
  }

  private mutating func addHeads(inputs: Int, latent: Int) -> Layer {
    align()
    let weight = add("encoder.mean.weight", [latent, inputs])
    _ = add("encoder.log_variance.weight", [latent, inputs])
    align()
    let bias = add("encoder.mean.bias", [latent])
    _ = add("encoder.log_variance.bias", [latent])
    return Layer(inputs: inputs, outputs: 2 * latent, weight: weight, bias: bias)
  }

  private mutating func add(_ name: String, _ shape: [Int]) -> Int {
    let view = View(name: name, shape: shape, offset: count)
    views.append(view)
    count += view.count
    return view.offset
  }

  /// To a multiple of 64 bytes in float32 and in bfloat16.
  private mutating func align() { count = (count + 31) / 32 * 32 }
}
