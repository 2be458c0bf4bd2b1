import Compute

/// A dense layer's places in the parameter buffer.
package struct DensePlan: LayerPlan {
  package let name: String
  package let inputs: Int
  package let outputs: Int
  /// Nil for the last layer of a network.
  package let activation: Activation?
  /// `[outputs, inputs]`.
  package let weight: Int
  /// `[outputs]`.
  package let bias: Int
  package let classBias: ClassBiasPlan?

  /// - Parameters:
  ///   - names: of the tensors that the outputs are stored as, with their widths: one layer, one product.
  ///   - classBias: the name of the classes' biases; nil where there is none.
  init(
    _ names: [NetworkOutput], inputs: Int, activation: Activation?, gain: Double, classBias: String? = nil,
    classes: Int = 0, in layout: inout ParameterLayout
  ) {
    layout.align()
    let weights = names.map {
      layout.add(
        "\($0.name).weight", [$0.width, inputs], .normal(gain: $0.gain ?? gain, fanIn: Double(inputs)))
    }
    layout.align()
    let biases = names.map { layout.add("\($0.name).bias", [$0.width]) }
    let width = names.reduce(0) { $0 + $1.width }
    self.classBias = classBias.map {
      ClassBiasPlan(
        $0, classes: classes, outputs: width, gain: activation == nil ? 0 : gain, in: &layout)
    }
    name = names[0].name
    self.inputs = inputs
    self.activation = activation
    outputs = width
    weight = weights[0].offset
    bias = biases[0].offset
  }

  package func bind(
    _ binding: NetworkBinding, number: Int, input: Matrix, inputGradient: InputGradient?
  ) -> any Layer {
    DenseLayer(self, binding, number: number, input: input, inputGradient: inputGradient)
  }

  package func byteCount(rows: Int, type: ElementType, hasDropout: Bool, learns: Bool) -> Double {
    LayerOutput.byteCount(
      outputs: outputs, activation, rows: rows, type: type, hasDropout: hasDropout, learns: learns)
  }
}
