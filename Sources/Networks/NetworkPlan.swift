import Compute

/// One of the tensors that a network's output consists of, side by side.
package struct NetworkOutput: Sendable {
  package let name: String
  package let width: Int
  /// Of the initialization; nil: the network's own.
  package let gain: Double?

  package init(_ name: String, width: Int, gain: Double? = nil) {
    self.name = name
    self.width = width
    self.gain = gain
  }
}

/// A network as the layout knows it: its layers' places, before any memory is made for rows.
package struct NetworkPlan: Sendable {
  package let layers: [any LayerPlan]

  /// Dense layers of `hidden` units, each with the activation, and an output without one.
  ///
  /// Weights begin as N(0, gain²/fan-in), where the gain is that of the activation, or the output's own.
  ///
  /// - Parameters:
  ///   - name: what the names of the tensors begin with: `name.layers.0.weight`, `name.mean.weight`.
  ///   - classes: how many kinds of rows there are, each with a bias of its own (`name.label_bias`) where the network's
  ///     first dense layer is; 0: none.
  package init(
    _ name: String, inputs: Int, hidden: [Int], outputs: [NetworkOutput], activation: Activation,
    classes: Int = 0, in layout: inout ParameterLayout
  ) {
    layers = NetworkPlan.dense(
      name, inputs: inputs, hidden: hidden, outputs: outputs, activation: activation, classes: classes,
      in: &layout)
  }

  /// Stages of convolutions from an image on, then dense layers as above.
  ///
  /// - Parameter name: convolutions are called `name.stages.0.weight`, their residual blocks
  ///   `name.stages.0.blocks.0.first.weight`.
  package init(
    _ name: String, _ stages: ConvolutionStages, hidden: [Int], outputs: [NetworkOutput],
    activation: Activation, classes: Int = 0, in layout: inout ParameterLayout
  ) {
    var layers: [any LayerPlan] = []
    for index in stages.channels.indices {
      let name = "\(name).stages.\(index)"
      layers.append(stages.convolution(index, name, activation, in: &layout))
      layers += stages.residualBlocks(index, name, activation, in: &layout)
    }
    self.layers =
      layers
      + NetworkPlan.dense(
        name, inputs: stages.lastMap.count, hidden: hidden, outputs: outputs, activation: activation,
        classes: classes, in: &layout)
  }

  /// The mirror image: dense layers of `hidden` units, one more as large as the last of the maps, and the stages back
  /// to the image. The last convolution, `output`, has no activation.
  package init(
    _ name: String, inputs: Int, hidden: [Int], _ stages: ConvolutionStages, output: NetworkOutput,
    activation: Activation, classes: Int = 0, in layout: inout ParameterLayout
  ) {
    var layers: [any LayerPlan] = NetworkPlan.dense(
      name, inputs: inputs, hidden: hidden + [stages.lastMap.count], outputs: [], activation: activation,
      classes: classes, in: &layout)
    for index in stages.channels.indices.reversed() {
      let stage = "\(name).stages.\(index)"
      layers += stages.residualBlocks(index, stage, activation, in: &layout)
      layers.append(
        index == 0
          ? stages.transposed(
            index, "\(name).\(output.name)", nil, gain: output.gain ?? activation.gain, in: &layout)
          : stages.transposed(index, stage, activation, gain: activation.gain, in: &layout))
    }
    self.layers = layers
  }

  static func dense(
    _ name: String, inputs: Int, hidden: [Int], outputs: [NetworkOutput], activation: Activation,
    classes: Int, in layout: inout ParameterLayout
  ) -> [DensePlan] {
    var layers: [DensePlan] = []
    var width = inputs
    func classBias() -> String? { layers.isEmpty && classes > 0 ? "\(name).label_bias" : nil }
    for (index, units) in hidden.enumerated() {
      layers.append(
        DensePlan(
          [NetworkOutput("\(name).layers.\(index)", width: units)], inputs: width, activation: activation,
          gain: activation.gain, classBias: classBias(), classes: classes, in: &layout))
      width = units
    }
    guard !outputs.isEmpty else { return layers }
    layers.append(
      DensePlan(
        outputs.map { NetworkOutput("\(name).\($0.name)", width: $0.width, gain: $0.gain) }, inputs: width,
        activation: nil, gain: activation.gain, classBias: classBias(), classes: classes, in: &layout))
    return layers
  }

  /// Bytes of what a network over `rows` rows makes, its input and its parameters left out.
  package func byteCount(rows: Int, type: ElementType, hasDropout: Bool, learns: Bool) -> Double {
    layers.reduce(0) {
      $0 + $1.byteCount(rows: rows, type: type, hasDropout: hasDropout, learns: learns)
    }
  }

  /// Working memory of each worker beside that.
  package var workerByteCount: Double { 4 * Double(workerFloats) }

  var workerFloats: Int { layers.map(\.workerFloats).max() ?? 0 }
}

/// The convolutions between an image and its smallest maps.
package struct ConvolutionStages: Sendable {
  let image: MapShape
  /// Of the maps after each stage.
  let channels: [Int]
  let kernel: Int
  /// After each stage's convolution.
  let residualBlocks: Int

  /// Every stage halves the sides.
  private static let stride = 2

  package init(image: MapShape, channels: [Int], kernel: Int, residualBlocks: Int) {
    precondition(!channels.isEmpty, "convolutions without channels")
    self.image = image
    self.channels = channels
    self.kernel = kernel
    self.residualBlocks = residualBlocks
  }

  /// The image, and the maps after each stage.
  package var maps: [MapShape] {
    channels.reduce(into: [image]) { maps, channels in
      let last = maps[maps.count - 1]
      func half(_ side: Int) -> Int { (side + Self.stride - 1) / Self.stride }
      maps.append(MapShape(height: half(last.height), width: half(last.width), channels: channels))
    }
  }

  package var lastMap: MapShape { maps[channels.count] }

  fileprivate func convolution(
    _ index: Int, _ name: String, _ activation: Activation, in layout: inout ParameterLayout
  ) -> ConvolutionPlan {
    ConvolutionPlan(
      name, .convolution, large: maps[index], smallChannels: channels[index], kernel: kernel,
      stride: Self.stride, activation: activation, gain: activation.gain, in: &layout)
  }

  fileprivate func transposed(
    _ index: Int, _ name: String, _ activation: Activation?, gain: Double, in layout: inout ParameterLayout
  ) -> ConvolutionPlan {
    ConvolutionPlan(
      name, .transposed, large: maps[index], smallChannels: channels[index], kernel: kernel,
      stride: Self.stride, activation: activation, gain: gain, in: &layout)
  }

  fileprivate func residualBlocks(
    _ index: Int, _ name: String, _ activation: Activation, in layout: inout ParameterLayout
  ) -> [ResidualPlan] {
    let map = maps[index + 1]
    return (0..<residualBlocks).map {
      ResidualPlan("\(name).blocks.\($0)", map: map, activation: activation, in: &layout)
    }
  }
}
