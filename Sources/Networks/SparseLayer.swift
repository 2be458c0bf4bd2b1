import Compute

/// Rows that a network reads, most of whose values are 0 before they are centred: `rows` + `shift` on each.
package struct SparseInput: Sendable {
  package let rows: SparseRows
  private let factor: [Float]
  fileprivate let shift: [Float]
  /// `shift` as the only row.
  fileprivate let shiftRow: SparseRows

  /// - Parameter factor: of each column; what is set is multiplied with it.
  package init(rows: Int, factor: [Float], shift: [Float]) {
    self.factor = factor
    self.shift = shift
    self.rows = SparseRows(rows: rows, columns: factor.count)
    shiftRow = SparseRows(rows: 1, columns: factor.count)
    shiftRow.set(0, from: shift, factor: [Float](repeating: 1, count: shift.count))
  }

  package func set(_ row: Int, from values: UnsafePointer<Float>) {
    rows.set(row, from: values, factor: factor)
  }
}

extension NetworkPlan {
  /// Whether a first layer is faster over inputs most of which are 0 before they are centred when it leaves those out: where
  /// there are rows and outputs enough to make up for the lists. So it was measured, with AVX-512 and with AVX2.
  package func gainsFromZeros(rows: Int) -> Bool {
    guard let first = layers.first as? DensePlan else { return false }
    return rows >= 32 && first.outputs >= 128 && first.inputs <= 4096
  }

  /// What a first layer takes that leaves zeros out, beside what any other one does, which reads a matrix in place of lists.
  package func sparseByteCount(rows: Int, workers: Int) -> Double {
    guard let inputs = (layers.first as? DensePlan)?.inputs else { return 0 }
    let worker =
      SparseColumns.byteCount(rows: rows, columns: inputs)
      + Double(Panel.byteCount(rows: max(rows, inputs))) + Matrix.byteCount(1, Panel.widest)
    return SparseRows.byteCount(rows: rows, columns: inputs) + SparseRows.byteCount(rows: 1, columns: inputs)
      + Double(workers) * worker - Matrix.byteCount(rows, inputs)
  }
}

/// A dense layer over rows most of whose values are 0: y = f(x·Wᵀ + b), where only what is not 0 is multiplied.
///
/// With x = s + c, where s is sparse and c the same in all rows, x·Wᵀ = s·Wᵀ + c·Wᵀ, and the gradient of W is Gᵀ·s + (sums of
/// G's columns)·c.
final class SparseLayer: ResultLayer {
  private let plan: DensePlan
  private let input: SparseInput
  let result: LayerOutput
  private let weight: Matrix
  private let bias: Matrix
  private let biasGradient: Matrix?
  private let classes: ClassBias?
  private let blocks: [[Range<Int>]]
  private let workers: [Work]
  let readsAllRows: Bool

  private struct Work: Sendable {
    let rows: [Range<Int>]
    let outputs: Range<Int>
    /// Panels of weights, of these outputs or, where workers go forward by rows, of all.
    let panels: [Range<Int>]
    let weightGradients: [WeightGradient]
    /// Of all rows: lists that workers shared would go to and fro between their caches.
    let columns: SparseColumns?
    let memory: Storage
    /// A panel's first row of results.
    let base: Matrix
  }

  private struct WeightGradient: Sendable {
    let outputs: Range<Int>
    /// `[outputs, inputs]`.
    let values: Matrix
    /// Of `outputs`.
    let panels: [Range<Int>]
  }

  init(_ plan: DensePlan, _ binding: NetworkBinding, number: Int, input: SparseInput) {
    let (width, inputs, count) = (plan.outputs, plan.inputs, binding.rows.count)
    let parameters = binding.parameters
    self.plan = plan
    self.input = input
    result = LayerOutput(
      outputs: width, plan.activation, binding, number: number, rows: count, type: .float32,
      goesBack: parameters.learns)
    weight = parameters.matrix(plan.weight, rows: width, columns: inputs)
    bias = parameters.matrix(plan.bias, rows: 1, columns: width)
    biasGradient = parameters.gradient(plan.bias, rows: 1, columns: width)
    classes = plan.classBias.flatMap { ClassBias($0, binding) }
    // Each reads only the weights that it moves, and makes panels of them only once.
    let isByOutputs =
      binding.workersMeet && binding.rows.workers > 1 && plan.classBias == nil && binding.dropoutRate == 0
    readsAllRows = isByOutputs
    blocks = binding.rows.blocks
    workers = binding.rows.blocks.enumerated().map { index, blocks in
      let outputs = binding.share(of: width, worker: index, number: number)
      return Work(
        rows: isByOutputs ? [0..<count] : blocks,
        outputs: outputs,
        panels: Panel.parts(of: isByOutputs ? outputs : 0..<width),
        weightGradients: parameters.gradientPieces(
          plan.weight, rows: width, columns: inputs, share: outputs, worker: index, grain: 64
        ).map { outputs, values in
          WeightGradient(
            outputs: outputs, values: values, panels: Panel.parts(of: outputs))
        },
        columns: parameters.learns ? SparseColumns(rows: count, columns: inputs) : nil,
        memory: Storage(byteCount: Panel.byteCount(rows: max(inputs, count))),
        base: Matrix(rows: 1, columns: Panel.widest))
    }
  }

  func forward(_ worker: Int) {
    let work = workers[worker]
    for (index, outputs) in work.panels.enumerated() {
      let next = index + 1 < work.panels.count ? weight.block(rows: work.panels[index + 1]) : nil
      let panel = Panel(transposed: weight.block(rows: outputs), memory: work.memory)
      let base = work.base.floats
      base.update(from: bias.floats + outputs.lowerBound, count: outputs.count)
      input.shiftRow.multiply(0..<1, panel, base: base, into: work.base.block(columns: 0..<outputs.count))
      for rows in work.rows {
        input.rows.multiply(
          rows, panel, base: base, into: result.preactivation.block(columns: outputs), next: next)
      }
    }
    if readsAllRows {
      return result.forward(result.preactivation.block(columns: work.outputs), outputs: work.outputs)
    }
    for rows in work.rows {
      classes?.add(to: result.preactivation, rows: rows)
      result.forward(rows)
    }
  }

  func backward(_ worker: Int) {
    for rows in blocks[worker] { result.backward(rows) }
  }

  func parameterGradient(_ worker: Int, finished: GradientUse) {
    let work = workers[worker]
    guard !work.weightGradients.isEmpty, let gradient, let biasGradient, let columns = work.columns else {
      return
    }
    columns.set(from: input.rows)
    gradient.block(columns: work.outputs).columnSums(into: biasGradient.floats + work.outputs.lowerBound)
    for piece in work.weightGradients {
      for outputs in piece.panels {
        let panel = Panel(gradient.block(columns: outputs), memory: work.memory)
        let first = outputs.lowerBound - piece.outputs.lowerBound
        work.base.floats.update(from: biasGradient.floats + outputs.lowerBound, count: outputs.count)
        columns.multiply(
          panel, base: work.base.floats, scale: input.shift,
          into: piece.values.block(rows: first..<first + outputs.count))
      }
      let start = plan.weight + piece.outputs.lowerBound * plan.inputs
      finished(start..<start + piece.outputs.count * plan.inputs, piece.values.floats)
    }
    finished(plan.bias + work.outputs.lowerBound..<plan.bias + work.outputs.upperBound, nil)
    classes?.parameterGradient(gradient, outputs: work.outputs, finished: finished)
  }

  // What it multiplies depends on the images, and is no product of matrices.
  func rowProducts(_ worker: Int) {}
  func parameterProducts(_ worker: Int) {}
  var operations: Int { 0 }
}
