/// Where every parameter lies in the one buffer that holds them all. Gradients and optimizer moments have the
/// same layout, so the optimizer, the checkpoint and the gradient check are each a loop over one buffer.
package struct ParameterLayout: Sendable {
  /// A named part of the buffer.
  package struct View: Sendable {
    package let name: String
    /// `[out, in]` for weights, `[out]` for biases; convolutions as `ConvolutionPlan` has them.
    package let shape: [Int]
    package let offset: Int
    package let initialization: Initialization

    package var count: Int { shape.reduce(1, *) }
    package var range: Range<Int> { offset..<offset + count }
  }

  package private(set) var views: [View] = []
  /// Elements of the buffer, gaps for alignment included.
  package private(set) var count = 0

  package init() {}

  /// A new view at the end. What is added without `align` between lies without a gap, so that several tensors can be
  /// one matrix.
  @discardableResult
  package mutating func add(
    _ name: String, _ shape: [Int], _ initialization: Initialization = .zeros
  ) -> View {
    let view = View(name: name, shape: shape, offset: count, initialization: initialization)
    views.append(view)
    count += view.count
    return view
  }

  /// To a multiple of 64 bytes in float32 and in bfloat16.
  package mutating func align() { count = (count + 31) / 32 * 32 }

  package subscript(name: String) -> View? { views.first { $0.name == name } }
}

/// How a parameter begins.
package enum Initialization: Sendable, Equatable {
  case zeros
  /// N(0, gain²/fan-in), where the fan-in is the number of inputs that an output adds up.
  case normal(gain: Double, fanIn: Double)
  /// Of a square matrix.
  case identity
  /// Of a square matrix: a rotation by chance times `gain`.
  case orthogonal(gain: Double)
}
