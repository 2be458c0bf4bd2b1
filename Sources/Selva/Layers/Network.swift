import Compute

/// The parameters that passes through the networks read, in the element type of the products, and where the
/// gradients go when something is learned.
package struct NetworkParameters: Sendable {
  package let layout: ParameterLayout
  package let weights: Storage
  /// The weights in bfloat16, kept in step by the optimizer; nil for products in float32.
  package let halves: Storage?
  /// Nil for inference.
  package let gradients: Storage?

  var elementType: ElementType { halves == nil ? .float32 : .bfloat16 }

  /// The parameter at `offset` of the buffer.
  func value(_ offset: Int) -> Float { weights.base.assumingMemoryBound(to: Float.self)[offset] }

  func layer(_ layer: ParameterLayout.Layer) -> LayerParameters {
    let (rows, columns) = (layer.outputs, layer.inputs)
    let type = elementType
    return LayerParameters(
      weight: Matrix(halves ?? weights, offset: layer.weight, rows: rows, columns: columns, type: type),
      bias: Matrix(weights, offset: layer.bias, rows: 1, columns: rows),
      weightGradient: gradients.map { Matrix($0, offset: layer.weight, rows: rows, columns: columns) },
      biasGradient: gradients.map { Matrix($0, offset: layer.bias, rows: 1, columns: rows) })
  }
}

/// Dense layers one after the other, all but the last with an activation, bound to the memory of one batch size.
final class Network: Sendable {
  let layers: [DenseLayer]

  /// - Parameters:
  ///   - input: `[rows, inputs]` in the element type of `parameters`.
  ///   - rows: each worker's rows.
  ///   - inputGradient: float32 `[rows, inputs]` that `backward` fills; nil where nobody asks.
  ///   - firstNumber: the number of the first layer in the whole model.
  init(
    _ parameters: NetworkParameters, _ shapes: [ParameterLayout.Layer], input: Matrix, activation: Activation,
    dropout: Dropout? = nil, rows: [Range<Int>], inputGradient: Matrix? = nil, firstNumber: Int = 0
  ) {
    var layers: [DenseLayer] = []
    for (index, shape) in shapes.enumerated() {
      layers.append(
        DenseLayer(
          parameters.layer(shape), number: firstNumber + index, input: layers.last?.output ?? input,
          activation: index == shapes.count - 1 ? nil : activation, dropout: dropout, rows: rows,
          inputGradient: layers.isEmpty ? inputGradient : layers.last?.outputGradient))
    }
    self.layers = layers
  }

  /// The last layer's x·Wᵀ + b, float32 `[rows, outputs]`.
  var output: Matrix { layers[layers.count - 1].output }

  /// Where the objective puts ∂loss/∂output, in the element type of the products.
  var outputGradient: Matrix {
    guard let gradient = layers[layers.count - 1].gradient else {
      preconditionFailure("a network made for inference has no gradient")
    }
    return gradient
  }

  func forward(_ worker: Int, noise: DropoutNoise? = nil) {
    for layer in layers { layer.forward(worker, noise: noise) }
  }

  /// From `outputGradient` down to the first layer.
  func backward(_ worker: Int, noise: DropoutNoise? = nil) {
    for layer in layers.reversed() { layer.backward(worker, noise: noise) }
  }
}
