import CKernels
import Compute

/// x + W₂ ∗ f(W₁ ∗ x + b₁) + b₂ (He et al. 2016), both convolutions of stride 1: maps keep their shape. The second one
/// begins at a tenth of its gain, so that the block begins close to doing nothing and the variance stays.
package struct ResidualPlan: LayerPlan {
  package let name: String
  package let first: ConvolutionPlan
  package let second: ConvolutionPlan

  private static let kernel = 3
  private static let quietGain = 0.1

  /// - Parameter name: what the tensors' names begin with: `name.first.weight`, `name.second.weight`.
  init(_ name: String, map: MapShape, activation: Activation, in layout: inout ParameterLayout) {
    self.name = name
    first = ConvolutionPlan(
      "\(name).first", .convolution, large: map, smallChannels: map.channels, kernel: Self.kernel, stride: 1,
      activation: activation, gain: activation.gain, in: &layout)
    second = ConvolutionPlan(
      "\(name).second", .convolution, large: map, smallChannels: map.channels, kernel: Self.kernel, stride: 1,
      activation: nil, gain: activation.gain * Self.quietGain, in: &layout)
  }

  package var outputs: Int { second.outputs }
  package var workerFloats: Int { max(first.workerFloats, second.workerFloats) }

  package func bind(
    _ binding: NetworkBinding, number: Int, input: Matrix, inputGradient: InputGradient?
  ) -> any Layer {
    ResidualBlock(self, binding, number: number, input: input, inputGradient: inputGradient)
  }

  package func byteCount(rows: Int, type: ElementType, hasDropout: Bool, learns: Bool) -> Double {
    first.byteCount(rows: rows, type: type, hasDropout: hasDropout, learns: learns)
      + second.byteCount(rows: rows, type: type, hasDropout: hasDropout, learns: learns)
      + (type == .bfloat16 ? Matrix.byteCount(rows, outputs, type) : 0)
  }
}

final class ResidualBlock: Layer {
  let output: Matrix
  private let input: Matrix
  private let inputGradient: InputGradient?
  private let first: ConvolutionLayer
  private let second: ConvolutionLayer
  private let blocks: [[Range<Int>]]

  init(
    _ plan: ResidualPlan, _ binding: NetworkBinding, number: Int, input: Matrix,
    inputGradient: InputGradient?
  ) {
    first = ConvolutionLayer(
      plan.first, binding, number: number, input: input, inputGradient: inputGradient,
      addsToInputGradient: true)
    second = ConvolutionLayer(
      plan.second, binding, number: number, input: first.output,
      inputGradient: first.outputGradient.map { InputGradient($0) })
    output =
      input.type == .float32
      ? second.output : Matrix(rows: input.rows, columns: plan.outputs, type: input.type)
    self.input = input
    self.inputGradient = inputGradient
    blocks = binding.rows.blocks.map { $0.filter { !$0.isEmpty } }
  }

  var activated: Matrix { output }
  var outputGradient: Matrix? { second.outputGradient }
  var gradient: Matrix? { second.gradient }

  func forward(_ worker: Int) {
    first.forward(worker)
    second.forward(worker)
    for rows in blocks[worker] {
      let (x, sum) = (input.block(rows: rows), second.output.block(rows: rows))
      let count = sum.rows * sum.columns
      switch output.type {
      case .float32: selva_add(x.floats, sum.floats, count)
      case .bfloat16: selva_add_bf16(x.halves, sum.floats, output.block(rows: rows).halves, count)
      }
    }
  }

  func backward(_ worker: Int) {
    guard let outputGradient, let gradient else { return }
    for rows in blocks[worker] {
      let sum = outputGradient.block(rows: rows)
      let count = sum.rows * sum.columns
      if gradient.type == .bfloat16 {
        selva_to_bf16(sum.floats, gradient.block(rows: rows).halves, count)
      }
      inputGradient?.block(rows)?.floats.update(from: sum.floats, count: count)
    }
    second.backward(worker)
    first.backward(worker)
  }

  func parameterGradient(_ worker: Int, finished: GradientUse) {
    second.parameterGradient(worker, finished: finished)
    first.parameterGradient(worker, finished: finished)
  }

  func rowProducts(_ worker: Int) {
    first.rowProducts(worker)
    second.rowProducts(worker)
  }

  func parameterProducts(_ worker: Int) {
    first.parameterProducts(worker)
    second.parameterProducts(worker)
  }

  var operations: Int { first.operations + second.operations }
}
