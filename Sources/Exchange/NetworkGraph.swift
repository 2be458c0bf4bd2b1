import Compute
import Messages
import Networks
import Selva

/// Adds a model's networks to a graph, layer by layer as their plans have them.
struct NetworkGraph {
  let builder: GraphBuilder
  private let weights: UnsafeMutableBufferPointer<Float>
  /// One row for each image or latent vector, 1 in the place of its label's class: float `[batch, classes]`.
  private let classes: String?

  /// - Parameter labels: the input of labels; nil for rows without any.
  init(_ builder: GraphBuilder, _ model: VAE, labels: String?) {
    self.builder = builder
    weights = ParameterStore.floats(model.weights)
    classes = labels.map { labels in
      let known = builder.constant(model.settings.labels, "labels.known")
      let column = builder.node("Unsqueeze", [labels, builder.constant([1], "labels.axis")], at: "labels")
      let isKnown = builder.node("Equal", [column, known], at: "labels")
      return builder.node("Cast", [isKnown], at: "labels", ["to": .int(1)])
    }
  }

  /// How the values of a row lie.
  enum Form {
    /// `[batch, height, width]`, in colour `[batch, height, width, channels]`.
    case image(MapShape)
    /// `[batch, channels, height, width]`.
    case maps(MapShape)
    /// `[batch, values]`.
    case rows
    /// `[steps, batch, units]`.
    case steps
  }

  typealias Signal = (name: String, form: Form)

  /// What a network makes of `input`.
  func callAsFunction(_ plan: NetworkPlan, _ input: Signal) -> Signal {
    plan.layers.reduce(input) { signal, layer in
      switch layer {
      case let plan as DensePlan: (dense(plan, rows(signal, at: plan.name)), .rows)
      case let plan as ConvolutionPlan:
        (convolution(plan, maps(signal, inputs(plan), at: plan.name)), .maps(plan.output))
      case let plan as ResidualPlan:
        residual(plan, maps(signal, plan.first.patches.large, at: plan.name))
      case let plan as RecurrentPlan: recurrent(plan, signal)
      case let plan as StepOutputPlan: (stepOutput(plan, signal.name), .rows)
      default: preconditionFailure("a layer \(layer.name) that ONNX was not told of")
      }
    }
  }

  // MARK: Layers

  private func dense(_ plan: DensePlan, _ input: String) -> String {
    activated(plan.activation, affine(plan, input), at: plan.name)
  }

  private func affine(_ plan: DensePlan, _ input: String) -> String {
    let sum = affine(
      input, weight: plan.weight, bias: plan.bias, outputs: plan.outputs, inputs: plan.inputs, at: plan.name
    )
    return withClass(plan.classBias, sum, at: plan.name)
  }

  /// x·Wᵀ + b over `[batch, inputs]`.
  private func affine(
    _ input: String, weight: Int, bias: Int, outputs: Int, inputs: Int, at name: String
  ) -> String {
    builder.node(
      "Gemm",
      [
        input, constant(weight, [outputs, inputs], "\(name).weight"),
        constant(bias, [outputs], "\(name).bias"),
      ], at: name, ["transB": .int(1)])
  }

  /// Adds the bias of each row's class. A label that the model does not know adds nothing, as if there were none.
  private func withClass(_ plan: ClassBiasPlan?, _ value: String, at name: String) -> String {
    guard let plan, let classes else { return value }
    let biases = constant(plan.offset, [plan.classes, plan.outputs], "\(name).label_bias")
    return builder.node("Add", [value, builder.node("MatMul", [classes, biases], at: name)], at: name)
  }

  private func inputs(_ plan: ConvolutionPlan) -> MapShape {
    plan.direction == .convolution ? plan.patches.large : plan.small
  }

  private func convolution(_ plan: ConvolutionPlan, _ input: String) -> String {
    let (kernel, padding) = (plan.patches.kernel, plan.patches.padding)
    let isForward = plan.direction == .convolution
    let weight = builder.constant(
      channelsFirst(
        plan.weight, outer: plan.smallChannels, positions: kernel * kernel,
        inner: plan.patches.large.channels
      ),
      [plan.smallChannels, plan.patches.large.channels, kernel, kernel], "\(plan.name).weight")
    let bias = constant(plan.bias, [plan.output.channels], "\(plan.name).bias")
    // A transposed convolution puts out stride · (positions − 1) + kernel values a side: cut by the padding, as many as
    // the large map has.
    let sum = builder.node(
      isForward ? "Conv" : "ConvTranspose", [input, weight, bias], at: plan.name,
      [
        "kernel_shape": .ints([kernel, kernel]),
        "pads": .ints([padding.top, padding.left, padding.bottom, padding.right]),
        "strides": .ints([plan.patches.stride, plan.patches.stride]),
      ])
    return activated(plan.activation, sum, at: plan.name)
  }

  private func residual(_ plan: ResidualPlan, _ input: String) -> Signal {
    let inner = convolution(plan.second, convolution(plan.first, input))
    return (builder.node("Add", [input, inner], at: plan.name), .maps(plan.second.output))
  }

  // MARK: Steps

  /// What the steps read is multiplied for all of them at once; the rest is a `Scan`.
  private func recurrent(_ plan: RecurrentPlan, _ input: Signal) -> Signal {
    let outputs = ["last", "states"].map { "\(plan.name)/\($0)" }
    let read = readings(plan, input)
    let state = builder.node("Shape", [read], at: plan.name, ["start": .int(1), "end": .int(3)])
    let zeros = builder.node("ConstantOfShape", [state], at: plan.name)
    builder.node(
      "Scan", [zeros, read], at: plan.name, outputs: outputs,
      ["body": .graph(step(plan)), "num_scan_inputs": .int(1)])
    return plan.keepsSequence ? (outputs[1], .steps) : (outputs[0], .rows)
  }

  /// W_x·x_t + b of every step, `[steps, batch, units]`.
  private func readings(_ plan: RecurrentPlan, _ input: Signal) -> String {
    let name = plan.name
    if plan.source == .same {
      let sum = affine(
        rows(input, at: name), weight: plan.weight, bias: plan.bias, outputs: plan.units,
        inputs: plan.inputs,
        at: name)
      let step = builder.node(
        "Unsqueeze", [withClass(plan.classBias, sum, at: name), builder.constant([0], "\(name).axis")],
        at: name)
      return builder.node(
        "Expand", [step, builder.constant([plan.steps, 1, 1], "\(name).steps")], at: name)
    }
    var steps = input.name
    if plan.source == .columns {
      let shape = builder.constant([0, plan.steps, plan.inputs], "\(name).shape")
      let rows = builder.node("Reshape", [steps, shape], at: name)
      steps = builder.node("Transpose", [rows], at: name, ["perm": .ints([1, 0, 2])])
    }
    return stepwise(
      steps, weight: plan.weight, bias: plan.bias, outputs: plan.units, inputs: plan.inputs, at: name)
  }

  /// x·Wᵀ + b over `[steps, batch, inputs]`.
  private func stepwise(
    _ input: String, weight: Int, bias: Int, outputs: Int, inputs: Int, at name: String
  ) -> String {
    let product = builder.node(
      "MatMul", [input, transposed(weight, rows: outputs, columns: inputs, "\(name).weight")], at: name)
    return builder.node("Add", [product, constant(bias, [outputs], "\(name).bias")], at: name)
  }

  /// h_t = f(r_t + W_h·h_{t−1}), where r_t is what `readings` has for the step.
  private func step(_ plan: RecurrentPlan) -> ONNXGraphProto {
    let name = "\(plan.name).step"
    let weight = transposed(
      plan.stateWeight, rows: plan.units, columns: plan.units, "\(plan.name).state_weight")
    let body = GraphBuilder(name)
    let state = body.input("\(name)/state", [nil, plan.units])
    let read = body.input("\(name)/read", [nil, plan.units])
    let sum = body.node("Add", [body.node("MatMul", [state, weight], at: name), read], at: name)
    let next = activated(plan.activation, sum, at: name, in: body)
    body.output(next, [nil, plan.units])
    body.output(body.node("Identity", [next], at: name), [nil, plan.units])
    return body.graph
  }

  private func stepOutput(_ plan: StepOutputPlan, _ input: String) -> String {
    let values = stepwise(
      input, weight: plan.weight, bias: plan.bias, outputs: plan.width, inputs: plan.inputs, at: plan.name)
    let rows = builder.node("Transpose", [values], at: plan.name, ["perm": .ints([1, 0, 2])])
    let shape = builder.constant([0, plan.outputs], "\(plan.name).shape")
    return builder.node("Reshape", [rows, shape], at: plan.name)
  }

  // MARK: Activations

  /// f of `value` with the numbers that Selva has; `value` itself where there is no f.
  private func activated(
    _ activation: Activation?, _ value: String, at name: String, in graph: GraphBuilder? = nil
  ) -> String {
    let builder = graph ?? builder
    func node(
      _ operation: String, _ attributes: KeyValuePairs<String, GraphBuilder.Attribute> = [:]
    ) -> String { builder.node(operation, [value], at: name, attributes) }
    switch activation {
    case nil: return value
    case .selu:
      return node("Selu", ["alpha": .float(1.6732632423543772), "gamma": .float(1.0507009873554805)])
    case .relu: return node("Relu")
    case .leakyRelu: return node("LeakyRelu", ["alpha": .float(0.01)])
    case .elu: return node("Elu", ["alpha": .float(1)])
    case .gelu: return node("Gelu", ["approximate": .string("none")])
    case .silu: return builder.node("Mul", [value, node("Sigmoid")], at: name)
    case .tanh: return node("Tanh")
    case .shortSelu: return node("Elu", ["alpha": .float(1.0507009873554805)])
    }
  }
}

// MARK: Forms and weights

extension NetworkGraph {
  private func rows(_ signal: Signal, at name: String) -> String {
    switch signal.form {
    case .rows: signal.name
    case .image: builder.node("Flatten", [signal.name], at: name, ["axis": .int(1)])
    case .maps(let shape): rows(image(signal, shape, at: name), at: name)
    case .steps: preconditionFailure("steps that a layer of rows reads")
    }
  }

  private func maps(_ signal: Signal, _ shape: MapShape, at name: String) -> String {
    switch signal.form {
    case .maps: return signal.name
    case .rows:
      let sides = builder.constant([0, shape.height, shape.width, shape.channels], "\(name).shape")
      let last = builder.node("Reshape", [signal.name, sides], at: name)
      return builder.node("Transpose", [last], at: name, ["perm": .ints([0, 3, 1, 2])])
    case .image where shape.channels == 1:
      return builder.node("Unsqueeze", [signal.name, builder.constant([1], "\(name).axis")], at: name)
    case .image: return builder.node("Transpose", [signal.name], at: name, ["perm": .ints([0, 3, 1, 2])])
    case .steps: preconditionFailure("steps that a convolution reads")
    }
  }

  /// As images are seen from outside.
  func image(_ signal: Signal, _ shape: MapShape, at name: String) -> Signal {
    let value: String
    switch signal.form {
    case .image: value = signal.name
    case .maps:
      value = builder.node("Transpose", [signal.name], at: name, ["perm": .ints([0, 2, 3, 1])])
      if shape.channels > 1 { break }
      return (
        builder.node("Squeeze", [value, builder.constant([3], "\(name).axis")], at: name), .image(shape)
      )
    case .rows:
      let sides = [0, shape.height, shape.width] + (shape.channels == 1 ? [] : [shape.channels])
      value = builder.node("Reshape", [signal.name, builder.constant(sides, "\(name).shape")], at: name)
    case .steps: preconditionFailure("steps that are to be an image")
    }
    return (value, .image(shape))
  }

  private func constant(_ offset: Int, _ shape: [Int], _ name: String) -> String {
    builder.constant(weights[offset..<offset + shape.reduce(1, *)], shape, name)
  }

  private func transposed(_ offset: Int, rows: Int, columns: Int, _ name: String) -> String {
    let values = (0..<columns).flatMap { column in
      (0..<rows).map { weights[offset + $0 * columns + column] }
    }
    return builder.constant(values, [columns, rows], "\(name)_transposed")
  }

  /// From `[outer, positions, inner]` to `[outer, inner, positions]`.
  private func channelsFirst(_ offset: Int, outer: Int, positions: Int, inner: Int) -> [Float] {
    (0..<outer).flatMap { row in
      (0..<inner).flatMap { channel in
        (0..<positions).map { weights[offset + (row * positions + $0) * inner + channel] }
      }
    }
  }
}
