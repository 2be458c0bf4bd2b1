import Compute

/// How a sequence lies in a matrix.
package enum StepPlace: Sendable {
  /// `[rows, steps · width]`: one step after the other in each row, as the rows of an image.
  case columns
  /// `[steps · rows, width]`: the first step of all rows, then the second one: what recurrent layers hand on. A step lies
  /// without a gap, and so do all steps but the first or the last one: weights that steps share have one product.
  case blocks
  /// `[rows, width]`: the same at every step.
  case same
}

/// A matrix as a sequence of steps over a number of rows.
struct Steps: Sendable {
  let matrix: Matrix
  let place: StepPlace
  let count: Int
  let rows: Int
  /// Of one step.
  let width: Int

  init(_ matrix: Matrix, _ place: StepPlace, count: Int) {
    self.matrix = matrix
    self.place = place
    self.count = count
    rows = place == .blocks ? matrix.rows / count : matrix.rows
    width = place == .columns ? matrix.columns / count : matrix.columns
  }

  /// Some rows of a step.
  func callAsFunction(_ step: Int, _ range: Range<Int>) -> Matrix {
    self(step, range, columns: 0..<width)
  }

  func callAsFunction(_ step: Int, _ range: Range<Int>, columns: Range<Int>) -> Matrix {
    switch place {
    case .columns:
      let start = step * width
      return matrix.block(rows: range)
        .block(columns: start + columns.lowerBound..<start + columns.upperBound)
    case .blocks: return matrix.block(rows: block(step, range)).block(columns: columns)
    case .same: return matrix.block(rows: range).block(columns: columns)
    }
  }

  /// Where some rows of a step lie among the matrix's rows, in blocks.
  func block(_ step: Int, _ range: Range<Int>) -> Range<Int> {
    step * rows + range.lowerBound..<step * rows + range.upperBound
  }
}

/// Where the gradient of a sequence's rows goes.
struct StepTarget: Sendable {
  let steps: Steps
  let rows: Range<Int>

  /// Nil where nobody asks for the gradient of `rows`.
  init?(_ gradient: InputGradient?, rows: Range<Int>, _ place: StepPlace, count: Int) {
    guard let gradient, let rows = gradient.rows(rows) else { return nil }
    steps = Steps(gradient.target, place, count: count)
    self.rows = rows
  }

  func callAsFunction(_ step: Int) -> Matrix { steps(step, rows) }
}

/// Σ aᵀ·b over all steps and rows: the gradient of some rows of weights that the steps share.
struct StepGradient: Sendable {
  private let a: Steps
  private let b: Steps
  private let columns: Range<Int>
  private let target: Matrix
  private let product: Product

  /// - Parameters:
  ///   - columns: of a.
  ///   - target: `[columns, width of b]`, float32.
  init(_ a: Steps, columns: Range<Int>, _ b: Steps, into target: Matrix) {
    let rows = 0..<a.rows
    self.a = a
    self.b = b
    self.columns = columns
    self.target = target
    product = Product(
      a(0, rows, columns: columns), transposeA: true, b(0, rows), into: target, adds: true)
  }

  func callAsFunction() {
    target.floats.update(repeating: 0, count: target.rows * target.columns)
    products()
  }

  func products() {
    let rows = 0..<a.rows
    for step in 0..<a.count { product(a(step, rows, columns: columns), b(step, rows)) }
  }

  var operations: Int { a.count * product.operations }
}
