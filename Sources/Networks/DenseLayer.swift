import CKernels
import Compute

/// y = f(x·Wᵀ + b) over the rows of a batch, forward and backward; a row that has a class adds the class's bias to b.
final class DenseLayer: ResultLayer {
  private let plan: DensePlan
  let result: LayerOutput
  private let biasGradient: Matrix?
  private let classes: ClassBias?
  private let workers: [Work]
  let readsAllRows: Bool

  /// One worker's part: its rows, its outputs, and the products over them.
  private struct Work: Sendable {
    let blocks: [Block]
    let outputs: Range<Int>
    /// Forward over all rows, where it is by outputs.
    let share: Share?
    let weightGradients: [WeightGradient]
  }

  /// Of some outputs' weights.
  private struct WeightGradient: Sendable {
    let outputs: Range<Int>
    let product: Product
    /// `[outputs, inputs]`.
    let values: Matrix
  }

  private struct Share: Sendable {
    let product: Product
    /// `[rows, outputs]`, one after the other: into rows with gaps oneDNN adds up in another order.
    let preactivation: Matrix
  }

  private struct Block: Sendable {
    let rows: Range<Int>
    /// Nil where it is by outputs.
    let forward: Product?
    let inputGradient: Product?
  }

  init(
    _ plan: DensePlan, _ binding: NetworkBinding, number: Int, input: Matrix, inputGradient: InputGradient?
  ) {
    let (width, parameters) = (plan.outputs, binding.parameters)
    let result = LayerOutput(
      outputs: width, plan.activation, binding, number: number, rows: input.rows, type: input.type,
      goesBack: parameters.learns || inputGradient != nil)
    self.plan = plan
    self.result = result
    biasGradient = parameters.gradient(plan.bias, rows: 1, columns: width)
    classes = plan.classBias.flatMap { ClassBias($0, binding) }
    let isByOutputs =
      inputGradient == nil && parameters.learns && DenseLayer.isByOutputs(plan, binding)
    readsAllRows = isByOutputs
    let weight = parameters.operand(plan.weight, rows: width, columns: plan.inputs)
    let bias = parameters.matrix(plan.bias, rows: 1, columns: width)
    workers = binding.rows.blocks.enumerated().map { index, blocks in
      let outputs = binding.share(of: width, worker: index, number: number)
      return Work(
        blocks: blocks.filter { !$0.isEmpty }.map { rows in
          let input = isByOutputs ? nil : input.block(rows: rows)
          return Block(
            rows: rows,
            forward: input.map {
              Product($0, weight, transposeB: true, bias: bias, into: result.preactivation.block(rows: rows))
            },
            inputGradient: inputGradient?.block(rows).map {
              Product(result.gradient!.block(rows: rows), weight, into: $0)
            })
        },
        outputs: outputs,
        share: isByOutputs
          ? DenseLayer.share(outputs, input, weight, bias: bias, memory: result.outputGradient!) : nil,
        weightGradients: DenseLayer.weightGradients(
          plan, parameters, result.gradient, input, share: outputs, worker: index))
    }
  }

  private static func weightGradients(
    _ plan: DensePlan, _ parameters: Parameters, _ gradient: Matrix?, _ input: Matrix, share: Range<Int>,
    worker: Int
  ) -> [WeightGradient] {
    parameters.gradientPieces(
      plan.weight, rows: plan.outputs, columns: plan.inputs, share: share, worker: worker
    ).map { outputs, values in
      WeightGradient(
        outputs: outputs,
        product: Product(gradient!.block(columns: outputs), transposeA: true, input, into: values),
        values: values)
    }
  }

  /// Whether workers split outputs, not rows, going forward. Then each reads only the weights that it moves, and no core has
  /// to give those up to another in every step; in exchange all read all rows, once more than the gradient of the weights has
  /// them do. Not where rows are many, where outputs would divide unevenly, where a row's class or its random numbers have a
  /// say, nor where the way back asks for what the activation was made of.
  private static func isByOutputs(_ plan: DensePlan, _ binding: NetworkBinding) -> Bool {
    let workers = binding.rows.workers
    return binding.workersMeet && workers > 1 && plan.outputs >= max(128 * workers, 3 * binding.rows.count)
      && plan.classBias == nil && binding.dropoutRate == 0 && plan.activation?.derivativeIsFromOutput == true
  }

  /// - Parameter memory: `[rows, all outputs]`, free until the way back.
  private static func share(
    _ outputs: Range<Int>, _ input: Matrix, _ weight: Matrix, bias: Matrix, memory: Matrix
  ) -> Share {
    let preactivation = Matrix(
      memory.storage, offset: input.rows * outputs.lowerBound, rows: input.rows, columns: outputs.count)
    return Share(
      product: Product(
        input, weight.block(rows: outputs), transposeB: true, bias: bias.block(columns: outputs),
        into: preactivation),
      preactivation: preactivation)
  }

  func forward(_ worker: Int) {
    if let share = workers[worker].share {
      share.product()
      return result.forward(share.preactivation, outputs: workers[worker].outputs)
    }
    for block in workers[worker].blocks {
      block.forward?()
      classes?.add(to: result.preactivation, rows: block.rows)
      result.forward(block.rows)
    }
  }

  func backward(_ worker: Int) {
    for block in workers[worker].blocks {
      result.backward(block.rows)
      block.inputGradient?()
    }
  }

  func parameterGradient(_ worker: Int, finished: GradientUse) {
    let (pieces, outputs) = (workers[worker].weightGradients, workers[worker].outputs)
    guard !pieces.isEmpty, let gradient, let biasGradient else { return }
    for piece in pieces {
      piece.product()
      let start = plan.weight + piece.outputs.lowerBound * plan.inputs
      finished(start..<start + piece.outputs.count * plan.inputs, piece.values.floats)
    }
    gradient.block(columns: outputs).columnSums(into: biasGradient.floats + outputs.lowerBound)
    finished(plan.bias + outputs.lowerBound..<plan.bias + outputs.upperBound, nil)
    classes?.parameterGradient(gradient, outputs: outputs, finished: finished)
  }

  func rowProducts(_ worker: Int) {
    workers[worker].share?.product()
    for block in workers[worker].blocks {
      block.forward?()
      block.inputGradient?()
    }
  }

  func parameterProducts(_ worker: Int) {
    for piece in workers[worker].weightGradients { piece.product() }
  }

  var operations: Int {
    workers.reduce(0) { total, work in
      let rows = work.blocks.flatMap { [$0.forward, $0.inputGradient] }
      return ([work.share?.product] + rows + work.weightGradients.map(\.product)).reduce(total) {
        $0 + ($1?.operations ?? 0)
      }
    }
  }
}
