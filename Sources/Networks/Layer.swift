import Compute

/// One layer of a network, bound to the memory of one number of rows.
///
/// Forward and the gradient of the input are split over workers by rows; the gradient of the parameters by outputs,
/// each worker taking every row, so that no gradients are summed over workers and the result does not depend on
/// their number. All workers meet between the two. A layer that `readsAllRows` is split by outputs going forward too.
package protocol Layer: AnyObject, Sendable {
  /// y, `[rows, outputs]`, in the element type of the products: the next layer's input. Between recurrent layers, `[steps ·
  /// rows, units]`.
  var output: Matrix { get }
  /// y before dropout.
  var activated: Matrix { get }
  /// ∂loss/∂y, float32, which the next layer fills; nil where nothing goes back.
  var outputGradient: Matrix? { get }
  /// ∂loss/∂y of a last layer, in the element type of the products, which the objective fills.
  var gradient: Matrix? { get }

  /// Whether `forward` reads rows of other workers, and others' rows of what it makes are read next: then all workers meet
  /// before and after it.
  var readsAllRows: Bool { get }

  func forward(_ worker: Int)
  /// The gradient of the input.
  func backward(_ worker: Int)
  /// The gradient of the worker's share of the parameters, each part of which `finished` uses as soon as it is made.
  func parameterGradient(_ worker: Int, finished: GradientUse)

  /// Forward's and backward's products of one worker, without the rest.
  func rowProducts(_ worker: Int)
  /// The parameter gradient's products of one worker, without the rest.
  func parameterProducts(_ worker: Int)
  /// Multiplications and additions of one step over all workers, products only.
  var operations: Int { get }
}

/// What is done with the gradient of a range of the parameter buffer, while it is still in the cache. Where it lies: nil is
/// in the buffer of gradients, else it is gone afterwards.
package typealias GradientUse = (Range<Int>, UnsafeMutablePointer<Float>?) -> Void

extension Layer {
  package var readsAllRows: Bool { false }
}

/// A layer as the layout knows it: where its parameters lie, before any memory is made for rows.
package protocol LayerPlan: Sendable {
  /// What the names of its tensors begin with.
  var name: String { get }
  var outputs: Int { get }
  /// How many values of each unit `Layer.activated` holds, in blocks of all rows one after the other: of a recurrent layer,
  /// its steps.
  var activatedSteps: Int { get }
  /// Floats of working memory that one worker needs at a time, which the layers of a network share.
  var workerFloats: Int { get }

  /// - Parameters:
  ///   - number: tells the dropout masks of different layers apart.
  ///   - input: `[rows, inputs]`.
  ///   - inputGradient: where the gradient of the input goes; nil where it is not needed.
  func bind(_ binding: NetworkBinding, number: Int, input: Matrix, inputGradient: InputGradient?) -> any Layer

  /// Bytes of the matrices that `bind` makes for `rows` rows.
  func byteCount(rows: Int, type: ElementType, hasDropout: Bool, learns: Bool) -> Double
}

extension LayerPlan {
  package var activatedSteps: Int { 1 }
  package var workerFloats: Int { 0 }
}

/// Where the gradient of a network's input goes: rows from `firstRow` on, since those before may not need it.
package struct InputGradient: Sendable {
  package let firstRow: Int
  /// Float32 `[rows − firstRow, inputs]`.
  package let target: Matrix

  package init(_ target: Matrix, firstRow: Int = 0) {
    self.target = target
    self.firstRow = firstRow
  }

  /// Where `rows` lie in `target`; nil where they come before it.
  func rows(_ rows: Range<Int>) -> Range<Int>? {
    guard rows.lowerBound >= firstRow, !rows.isEmpty else { return nil }
    return rows.lowerBound - firstRow..<rows.upperBound - firstRow
  }

  /// The part for `rows`; nil where they come before it.
  func block(_ rows: Range<Int>) -> Matrix? {
    self.rows(rows).map { target.block(rows: $0) }
  }
}

/// What the layers of a network are bound to.
package struct NetworkBinding: Sendable {
  package let parameters: Parameters
  package let rows: RowSplit
  /// What the rows stand for; nil where there is neither dropout nor a class.
  package let tags: RowTags?
  /// Rows for each tag: row r has tag r / `rowsPerTag`.
  package let rowsPerTag: Int
  /// 0: none.
  package let dropoutRate: Double
  /// Whether workers can wait for each other while they go forward.
  package let workersMeet: Bool
  /// By worker, for as many floats as the network's layers ask for.
  private var memories: [Storage] = []

  package init(
    _ parameters: Parameters, rows: RowSplit, tags: RowTags? = nil, rowsPerTag: Int = 1,
    dropoutRate: Double = 0, workersMeet: Bool = false
  ) {
    self.parameters = parameters
    self.rows = rows
    self.tags = tags
    self.rowsPerTag = rowsPerTag
    self.dropoutRate = dropoutRate
    self.workersMeet = workersMeet
  }

  /// The same with working memory of `floats` for each worker.
  func withMemory(_ floats: Int) -> NetworkBinding {
    var binding = self
    binding.memories = floats == 0 ? [] : (0..<rows.workers).map { _ in Storage(byteCount: 4 * floats) }
    return binding
  }

  /// The part of a layer's outputs (or of its weights' columns) whose parameters' gradient a worker makes, in whole
  /// vectors of 16. Every other layer is shared out from the last worker on: what does not divide evenly would else
  /// fall to the same one in all of them.
  ///
  /// - Parameter number: of the layer in the whole model.
  func share(of total: Int, worker: Int, number: Int) -> Range<Int> {
    let index = number.isMultiple(of: 2) ? worker : rows.workers - 1 - worker
    return Worker.share(of: total, grain: 16, index: index, count: rows.workers)
  }

  /// The working memory of a worker, for one layer at a time.
  func memory(_ worker: Int) -> Storage { memories[worker] }
}
