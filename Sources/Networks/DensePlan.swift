import Compute

/// A dense layer's places in the parameter buffer.
struct DensePlan: LayerPlan {
  let name: String
  let inputs: Int
  let outputs: Int
  /// Nil for the last layer of a network.
  let activation: Activation?
  /// `[outputs, inputs]`.
  let weight: Int
  /// `[outputs]`.
  let bias: Int
  /// A bias for each class beside it, `[classes, outputs]`.
  let classBias: Int?
  let classes: Int

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
    var classOffset: Int?
    if let classBias {
      layout.align()
      // Twice as loud as all inputs together: a class that begins quietly is found late, when the rest of the network
      // has learned to do without it.
      let gain = 2 * gain * Double(width).squareRoot()
      classOffset =
        layout.add(
          classBias, [classes, width], .normal(gain: activation == nil ? 0 : gain, fanIn: Double(width))
        ).offset
    }
    name = names[0].name
    self.inputs = inputs
    self.activation = activation
    self.classes = classes
    outputs = width
    weight = weights[0].offset
    bias = biases[0].offset
    self.classBias = classOffset
  }

  func bind(
    _ binding: NetworkBinding, number: Int, input: Matrix, inputGradient: InputGradient?
  ) -> any Layer {
    DenseLayer(self, binding, number: number, input: input, inputGradient: inputGradient)
  }

  func byteCount(rows: Int, type: ElementType, hasDropout: Bool, learns: Bool) -> Double {
    LayerOutput.byteCount(
      outputs: outputs, activation, rows: rows, type: type, hasDropout: hasDropout, learns: learns)
  }
}
