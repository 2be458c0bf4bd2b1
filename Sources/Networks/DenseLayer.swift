import CKernels
import Compute

/// y = f(x·Wᵀ + b) over the rows of a batch, forward and backward; a row that has a class adds the class's bias to b.
final class DenseLayer: Layer {
  let output: Matrix
  /// f(x·Wᵀ + b), before dropout.
  let activated: Matrix
  let outputGradient: Matrix?
  /// ∂loss/∂(x·Wᵀ + b). In a layer without activation the objective fills it.
  let gradient: Matrix?

  private let plan: DensePlan
  private let dropout: (function: Dropout, mask: DropoutMask)?
  private let preactivation: Matrix
  private let biasGradient: Matrix?
  private let classes: ClassBias?
  private let workers: [Work]

  /// One worker's part: its rows, its outputs, and the products over them.
  private struct Work: Sendable {
    let blocks: [Block]
    let outputs: Range<Int>
    let weightGradient: Product?
  }

  private struct Block: Sendable {
    let rows: Range<Int>
    let forward: Product
    let inputGradient: Product?
  }

  init(
    _ plan: DensePlan, _ binding: NetworkBinding, number: Int, input: Matrix, inputGradient: InputGradient?
  ) {
    let (count, width, type) = (input.rows, plan.outputs, input.type)
    let parameters = binding.parameters
    let preactivation = Matrix(rows: count, columns: width)
    let gradient =
      parameters.learns || inputGradient != nil ? Matrix(rows: count, columns: width, type: type) : nil
    self.plan = plan
    self.preactivation = preactivation
    self.gradient = gradient
    activated = plan.isInPlace(type) ? preactivation : Matrix(rows: count, columns: width, type: type)
    dropout = DenseLayer.dropout(plan, binding, number: number, rows: count)
    output = dropout == nil ? activated : Matrix(rows: count, columns: width, type: type)
    outputGradient =
      gradient.map { $0.type == .bfloat16 ? Matrix(rows: count, columns: width) : $0 }
    biasGradient = parameters.gradient(plan.bias, rows: 1, columns: width)
    classes = plan.classBias.flatMap { ClassBias(offset: $0, plan, binding) }
    let weight = parameters.operand(plan.weight, rows: width, columns: plan.inputs)
    let bias = parameters.matrix(plan.bias, rows: 1, columns: width)
    let weightGradient = parameters.gradient(plan.weight, rows: width, columns: plan.inputs)
    workers = binding.rows.blocks.enumerated().map { index, blocks in
      let outputs = Worker.share(of: width, grain: 16, index: index, count: binding.rows.workers)
      return Work(
        blocks: blocks.filter { !$0.isEmpty }.map { rows in
          Block(
            rows: rows,
            forward: Product(
              input.block(rows: rows), weight, transposeB: true, bias: bias,
              into: preactivation.block(rows: rows)),
            inputGradient: inputGradient?.block(rows).map {
              Product(gradient!.block(rows: rows), weight, into: $0)
            })
        },
        outputs: outputs,
        weightGradient: outputs.isEmpty
          ? nil
          : weightGradient.map {
            Product(
              gradient!.block(columns: outputs), transposeA: true, input, into: $0.block(rows: outputs))
          })
    }
  }

  private static func dropout(
    _ plan: DensePlan, _ binding: NetworkBinding, number: Int, rows: Int
  ) -> (Dropout, DropoutMask)? {
    guard binding.dropoutRate > 0, let activation = plan.activation, let tags = binding.tags else {
      return nil
    }
    let dropout = Dropout(rate: binding.dropoutRate, activation: activation)
    return (
      dropout,
      DropoutMask(
        dropout, rows: rows, units: plan.outputs, tags: tags, rowsPerTag: binding.rowsPerTag, layer: number)
    )
  }

  func forward(_ worker: Int) {
    for block in workers[worker].blocks {
      block.forward()
      classes?.add(to: preactivation, rows: block.rows)
      guard let activation = plan.activation else { continue }
      activation.forward(preactivation.block(rows: block.rows), into: activated.block(rows: block.rows))
      guard let (dropout, mask) = dropout else { continue }
      for row in block.rows {
        mask.draw(row)
        dropout.forward(activated, mask: mask.mask.row(row), row: row, into: output)
      }
    }
  }

  func backward(_ worker: Int) {
    guard let gradient, let outputGradient else { return }
    for block in workers[worker].blocks {
      if let (dropout, mask) = dropout {
        for row in block.rows {
          dropout.backward(outputGradient.row(row), mask: mask.mask.row(row), count: gradient.columns)
        }
      }
      plan.activation?.backward(
        input: preactivation.block(rows: block.rows), output: activated.block(rows: block.rows),
        gradient: outputGradient.block(rows: block.rows), into: gradient.block(rows: block.rows))
      block.inputGradient?()
    }
  }

  func parameterGradient(_ worker: Int, finished: (Range<Int>) -> Void) {
    let work = workers[worker]
    guard let product = work.weightGradient, let gradient, let biasGradient else { return }
    product()
    let outputs = work.outputs
    let columns = gradient.block(columns: outputs)
    let sums = biasGradient.floats + outputs.lowerBound
    sums.update(repeating: 0, count: outputs.count)
    switch gradient.type {
    case .float32: selva_column_sums(columns.floats, columns.rows, columns.stride, columns.columns, sums)
    case .bfloat16:
      selva_column_sums_bf16(columns.halves, columns.rows, columns.stride, columns.columns, sums)
    }
    finished(plan.weight + outputs.lowerBound * plan.inputs..<plan.weight + outputs.upperBound * plan.inputs)
    finished(plan.bias + outputs.lowerBound..<plan.bias + outputs.upperBound)
    classes?.parameterGradient(gradient, outputs: outputs, finished: finished)
  }

  func rowProducts(_ worker: Int) {
    for block in workers[worker].blocks {
      block.forward()
      block.inputGradient?()
    }
  }

  func parameterProducts(_ worker: Int) { workers[worker].weightGradient?() }

  var operations: Int {
    workers.reduce(0) { total, work in
      work.blocks.reduce(total + (work.weightGradient?.operations ?? 0)) {
        $0 + $1.forward.operations + ($1.inputGradient?.operations ?? 0)
      }
    }
  }
}

/// A learned bias for each class, which equals appending a one-hot vector to the layer's input.
private struct ClassBias: Sendable {
  private let offset: Int
  private let values: Matrix
  private let gradient: Matrix?
  private let tags: RowTags
  private let rowsPerTag: Int

  init?(offset: Int, _ plan: DensePlan, _ binding: NetworkBinding) {
    guard let tags = binding.tags else { return nil }
    self.offset = offset
    self.tags = tags
    rowsPerTag = binding.rowsPerTag
    values = binding.parameters.matrix(offset, rows: plan.classes, columns: plan.outputs)
    gradient = binding.parameters.gradient(offset, rows: plan.classes, columns: plan.outputs)
  }

  /// The class of `row`; nil where it has none.
  private func kind(_ row: Int) -> Int? {
    let kind = tags.classes[row / rowsPerTag]
    return kind == RowTags.noClass ? nil : Int(kind)
  }

  func add(to preactivation: Matrix, rows: Range<Int>) {
    for row in rows {
      guard let kind = kind(row) else { continue }
      let (bias, target) = (values.row(kind), preactivation.row(row))
      for i in 0..<preactivation.columns { target[i] += bias[i] }
    }
  }

  /// Of some outputs, from the gradient of all rows.
  func parameterGradient(_ rows: Matrix, outputs: Range<Int>, finished: (Range<Int>) -> Void) {
    guard let gradient else { return }
    for kind in 0..<gradient.rows {
      (gradient.row(kind) + outputs.lowerBound).update(repeating: 0, count: outputs.count)
    }
    for row in 0..<rows.rows {
      guard let kind = kind(row) else { continue }
      let target = gradient.row(kind) + outputs.lowerBound
      switch rows.type {
      case .float32:
        selva_column_sums(rows.row(row) + outputs.lowerBound, 1, rows.stride, outputs.count, target)
      case .bfloat16:
        selva_column_sums_bf16(
          rows.halves + row * rows.stride + outputs.lowerBound, 1, rows.stride, outputs.count, target)
      }
    }
    for kind in 0..<gradient.rows {
      let start = offset + kind * gradient.columns
      finished(start + outputs.lowerBound..<start + outputs.upperBound)
    }
  }
}
