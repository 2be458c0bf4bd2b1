import Compute

/// A convolution's places in the parameter buffer, or a transposed convolution's.
package struct ConvolutionPlan: LayerPlan {
  package enum Direction: Sendable { case convolution, transposed }

  package let name: String
  package let direction: Direction
  /// Between the large map (the input of a convolution, the output of a transposed one) and the small one.
  package let patches: Patches
  package let smallChannels: Int
  /// Nil for the last layer of a network, and within a residual block.
  package let activation: Activation?
  /// `[small channels, kernel, kernel, large channels]`: `[out, …, in]` of a convolution, `[in, …, out]` of a
  /// transposed one.
  package let weight: Int
  /// `[output channels]`.
  package let bias: Int

  /// - Parameters:
  ///   - name: what the tensors are called: `name.weight`, `name.bias`.
  ///   - large: the larger of the two maps.
  init(
    _ name: String, _ direction: Direction, large: MapShape, smallChannels: Int, kernel: Int, stride: Int,
    activation: Activation?, gain: Double, in layout: inout ParameterLayout
  ) {
    let patches = Patches(large, kernel: kernel, stride: stride)
    // A pixel of a transposed convolution lies under (kernel / stride)² patches, taken over all of them.
    let fanIn =
      direction == .convolution
      ? Double(patches.size) : Double(smallChannels * kernel * kernel) / Double(stride * stride)
    layout.align()
    weight =
      layout.add(
        "\(name).weight", [smallChannels, kernel, kernel, large.channels], .normal(gain: gain, fanIn: fanIn)
      ).offset
    layout.align()
    bias = layout.add("\(name).bias", [direction == .convolution ? smallChannels : large.channels]).offset
    self.name = name
    self.direction = direction
    self.patches = patches
    self.smallChannels = smallChannels
    self.activation = activation
  }

  package var small: MapShape {
    MapShape(height: patches.height, width: patches.width, channels: smallChannels)
  }

  package var output: MapShape { direction == .convolution ? small : patches.large }
  package var outputs: Int { output.count }

  package func bind(
    _ binding: NetworkBinding, number: Int, input: Matrix, inputGradient: InputGradient?
  ) -> any Layer {
    ConvolutionLayer(self, binding, number: number, input: input, inputGradient: inputGradient)
  }

  package func byteCount(rows: Int, type: ElementType, hasDropout: Bool, learns: Bool) -> Double {
    LayerOutput.byteCount(
      outputs: outputs, activation, rows: rows, type: type, hasDropout: hasDropout, learns: learns)
  }

  package var workerFloats: Int { LinePieces.floats(patches) }
}
