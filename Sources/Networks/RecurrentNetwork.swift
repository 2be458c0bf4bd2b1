/// The recurrent layers between an image, whose rows are steps, and the dense ones.
package struct RecurrentStack: Sendable {
  let steps: Int
  /// Values of a step.
  let features: Int
  /// Of each layer, from the image on.
  let units: [Int]

  package init(steps: Int, features: Int, units: [Int]) {
    precondition(!units.isEmpty, "a recurrent network without layers")
    self.steps = steps
    self.features = features
    self.units = units
  }
}

extension NetworkPlan {
  /// Recurrent layers over the steps of an image, then dense layers on the last state.
  ///
  /// - Parameter name: recurrent layers are called `name.recurrent.0`, as `RecurrentPlan` has it.
  package init(
    _ name: String, _ stack: RecurrentStack, hidden: [Int], outputs: [NetworkOutput], activation: Activation,
    classes: Int = 0, in layout: inout ParameterLayout
  ) {
    var layers: [any LayerPlan] = []
    for (index, units) in stack.units.enumerated() {
      layers.append(
        RecurrentPlan(
          "\(name).recurrent.\(index)", steps: stack.steps,
          inputs: index == 0 ? stack.features : stack.units[index - 1], units: units,
          source: index == 0 ? .image : .states, keepsSequence: index < stack.units.count - 1,
          activation: activation, in: &layout))
    }
    self.layers =
      layers
      + NetworkPlan.dense(
        name, inputs: stack.units[stack.units.count - 1], hidden: hidden, outputs: outputs,
        activation: activation, classes: classes, in: &layout)
  }

  /// The mirror image: dense layers of `hidden` units, recurrent layers that read their output anew at every step, and
  /// from each state a step of the image.
  package init(
    _ name: String, inputs: Int, hidden: [Int], _ stack: RecurrentStack, output: NetworkOutput,
    activation: Activation, classes: Int = 0, in layout: inout ParameterLayout
  ) {
    var layers: [any LayerPlan] = NetworkPlan.dense(
      name, inputs: inputs, hidden: hidden, outputs: [], activation: activation, classes: classes,
      in: &layout)
    var width = hidden.last ?? inputs
    for (index, units) in stack.units.enumerated().reversed() {
      let isFirst = index == stack.units.count - 1
      layers.append(
        RecurrentPlan(
          "\(name).recurrent.\(index)", steps: stack.steps, inputs: width, units: units,
          source: isFirst ? (hidden.isEmpty ? .vector : .dense) : .states, keepsSequence: true,
          activation: activation,
          classBias: isFirst && hidden.isEmpty && classes > 0 ? "\(name).label_bias" : nil, classes: classes,
          in: &layout))
      width = units
    }
    layers.append(
      StepOutputPlan(
        "\(name).\(output.name)", steps: stack.steps, inputs: width, width: stack.features,
        gain: output.gain ?? activation.gain, in: &layout))
    self.layers = layers
  }
}
