import CKernels
import Testing

@testable import Compute

/// A sparse matrix and a dense one, with sizes that have code of their own.
private struct Case: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let rows: Int
  let columns: Int
  let n: Int
  /// Most values are 0; whole blocks and rows too.
  let x: [Float]
  let factor: [Float]

  init(rows: Int, columns: Int, n: Int) {
    testDescription = "\(rows) x \(columns), \(n) wide"
    (self.rows, self.columns, self.n) = (rows, columns, n)
    factor = (0..<columns).map { Float($0 % 7 + 1) / 4 }
    x = RandomStream(seed: 5, .latents).bits(rows * columns).enumerated().map { i, word in
      let (row, column) = (i / columns, i % columns)
      let isDark = word % 4 > 0 || row == 2 || (row % 5 == 1 && column / 192 == 1)
      return isDark ? (word % 8 == 1 ? -0.0 : 0) : Float(word >> 8) * 0x1p-24 - 0.3
    }
  }

  /// What is multiplied, `[rows, columns]`.
  var values: [Float] { x.enumerated().map { i, value in value * factor[i % columns] } }

  func wave(_ count: Int, _ step: Int) -> [Float] {
    (0..<count).map { Float($0 * step % 2003) / 1001.5 - 1 }
  }
}

private let cases = [
  Case(rows: 1, columns: 1, n: 1), Case(rows: 3, columns: 5, n: 7), Case(rows: 5, columns: 64, n: 33),
  Case(rows: 67, columns: 385, n: 16), Case(rows: 70, columns: 193, n: 17),
  Case(rows: 65, columns: 784, n: 64),
  Case(rows: 128, columns: 400, n: 48),
]

/// The lists of a matrix, by row and by column, with the memory that they need.
private final class Lists {
  let capacity: Int
  let blocks: Int
  let lists: Int
  let view: UnsafeMutablePointer<selva_sparse>
  let columns: UnsafeMutablePointer<selva_sparse_columns>
  private let rows: Int

  init(_ test: Case) {
    let capacity = (test.columns + 1) / 2
    let (blocks, lists) = ((test.columns + 191) / 192, capacity)
    (self.capacity, self.blocks, self.lists, rows) = (capacity, blocks, lists, test.rows)
    let noPair = selva_pair(index: 9999, values: (.nan, .nan))
    view = .allocate(capacity: 1)
    view.initialize(
      to: selva_sparse(
        columns: test.columns, blocks: blocks, capacity: capacity,
        starts: .allocate(capacity: test.rows * (blocks + 1)),
        pairs: .allocate(capacity: test.rows * capacity)))
    view.pointee.starts.initialize(repeating: 9999, count: test.rows * (blocks + 1))
    view.pointee.pairs.initialize(repeating: noPair, count: test.rows * capacity)
    columns = .allocate(capacity: 1)
    columns.initialize(
      to: selva_sparse_columns(
        lists: lists, capacity: test.rows, counts: .allocate(capacity: lists),
        pairs: .allocate(capacity: lists * test.rows)))
    columns.pointee.counts.initialize(repeating: 0, count: lists)
    columns.pointee.pairs.initialize(repeating: noPair, count: lists * test.rows)
  }

  deinit {
    view.pointee.starts.deallocate()
    view.pointee.pairs.deallocate()
    columns.pointee.counts.deallocate()
    columns.pointee.pairs.deallocate()
    view.deallocate()
    columns.deallocate()
  }

  func fill(_ test: Case, _ kernels: Kernels) {
    for row in 0..<test.rows {
      test.x.withUnsafeBufferPointer {
        kernels.sparse_row($0.baseAddress! + row * test.columns, test.factor, view, row)
      }
    }
  }

  /// The pairs of a row in a block.
  func pairs(row: Int, block: Int) -> [selva_pair] {
    let start = view.pointee.starts + row * (blocks + 1) + block
    return (start[0]..<start[1]).map { view.pointee.pairs[row * capacity + Int($0)] }
  }

  func pairs(list: Int) -> [selva_pair] {
    (0..<Int(columns.pointee.counts[list])).map { columns.pointee.pairs[list * rows + $0] }
  }
}

@Suite struct SparseKernelTests {
  /// Pairs as `[number: values]`, a second value of an odd number of columns left out.
  private func expectPairs(_ pairs: [selva_pair], are expected: [(Int, Float, Float)]) {
    #expect(pairs.map { Int($0.index) } == expected.map(\.0))
    #expect(pairs.map(\.values.0) == expected.map(\.1) && pairs.map(\.values.1) == expected.map(\.2))
  }

  @Test(arguments: Kernels.all, cases)
  private func rowsListWhatIsNotZero(_ kernels: Kernels, _ test: Case) {
    let (lists, values) = (Lists(test), test.values)
    func value(_ row: Int, _ column: Int) -> Float {
      column < test.columns ? values[row * test.columns + column] : 0
    }
    // Twice, as a batch follows another.
    for _ in 0..<2 {
      lists.fill(test, kernels)
      for row in 0..<test.rows {
        for block in 0..<lists.blocks {
          let expected = (block * 96..<min(lists.capacity, block * 96 + 96)).map {
            ($0, value(row, 2 * $0), value(row, 2 * $0 + 1))
          }
          expectPairs(lists.pairs(row: row, block: block), are: expected.filter { $0.1 != 0 || $0.2 != 0 })
        }
      }
      selva_sparse_by_column(lists.view, test.rows, lists.columns)
      for list in 0..<lists.lists {
        let expected = (0..<test.rows).map { ($0, value($0, 2 * list), value($0, 2 * list + 1)) }
        expectPairs(lists.pairs(list: list), are: expected.filter { $0.1 != 0 || $0.2 != 0 })
      }
    }
  }

  /// `[count, n]` in whole vectors, from a matrix with gaps between its rows.
  private func expectPanel(_ panel: [Float], rows: Int, n: Int, is value: (Int, Int) -> Float) {
    let width = (n + 15) / 16 * 16
    for row in 0..<rows {
      let found = panel[row * width..<row * width + width]
      let expected = (0..<width).map { $0 < n ? value(row, $0) : 0 }
      #expect(found.elementsEqual(expected), "row \(row)")
    }
    #expect(panel[(rows * width)...].allSatisfy { $0 == 77 })
  }

  @Test(arguments: Kernels.all, cases) private func panelsHaveNoGaps(_ kernels: Kernels, _ test: Case) {
    let (stride, count) = (test.columns + 3, test.columns + test.columns % 2)
    let x = test.wave(max(test.n * stride, test.rows * (test.n + 3)), 7919)
    var panel = [Float](repeating: 77, count: (max(count, test.rows) + 1) * 64)
    kernels.panel_transposed(x, test.n, stride, test.columns, &panel)
    expectPanel(panel, rows: count, n: test.n) { $0 < test.columns ? x[$1 * stride + $0] : 0 }
    panel = [Float](repeating: 77, count: panel.count)
    kernels.panel(x, test.rows, test.n + 3, test.n, &panel)
    expectPanel(panel, rows: test.rows, n: test.n) { x[$0 * (test.n + 3) + $1] }
  }

  @Test(arguments: Kernels.all, cases)
  private func productsAreThoseOfWholeMatrices(_ kernels: Kernels, _ test: Case) {
    let (lists, values, n) = (Lists(test), test.values, test.n)
    let (weight, base) = (test.wave(n * test.columns, 7919), test.wave(64, 31))
    lists.fill(test, kernels)
    var panel = [Float](repeating: 0, count: (test.columns + 1) * 64)
    kernels.panel_transposed(weight, n, test.columns, test.columns, &panel)
    let stride = n + 2
    var result = [Float](repeating: 77, count: test.rows * stride)
    let (first, count) = (test.rows / 3, test.rows - test.rows / 3)
    kernels.sparse_product(
      lists.view, first, count, panel, base, &result, stride, n, weight, 4 * weight.count)
    for row in 0..<test.rows {
      for j in 0..<stride {
        guard row >= first, j < n else {
          #expect(result[row * stride + j] == 77)
          continue
        }
        let terms = (0..<test.columns).map {
          Double(values[row * test.columns + $0]) * Double(weight[j * test.columns + $0])
        }
        let (sum, size) = (terms.reduce(Double(base[j]), +), terms.reduce(1) { $0 + abs($1) })
        #expect(abs(Double(result[row * stride + j]) - sum) < 1e-6 * size, "row \(row), column \(j)")
      }
    }
  }

  @Test(arguments: Kernels.all, cases)
  private func gradientsAreThoseOfWholeMatrices(_ kernels: Kernels, _ test: Case) {
    let (lists, values, n) = (Lists(test), test.values, test.n)
    let (slopes, base, scale) = (
      test.wave(test.rows * n, 7919), test.wave(64, 31), test.wave(test.columns, 53)
    )
    lists.fill(test, kernels)
    selva_sparse_by_column(lists.view, test.rows, lists.columns)
    var panel = [Float](repeating: 0, count: test.rows * 64)
    kernels.panel(slopes, test.rows, n, n, &panel)
    let stride = test.columns + 2
    var result = [Float](repeating: 77, count: n * stride)
    kernels.sparse_gradient(lists.columns, test.columns, panel, base, scale, &result, stride, n)
    for j in 0..<n {
      for column in 0..<stride {
        guard column < test.columns else {
          #expect(result[j * stride + column] == 77)
          continue
        }
        let terms = (0..<test.rows).map {
          Double(values[$0 * test.columns + column]) * Double(slopes[$0 * n + j])
        }
        let sum = terms.reduce(Double(base[j]) * Double(scale[column]), +)
        let size = terms.reduce(1) { $0 + abs($1) }
        #expect(abs(Double(result[j * stride + column]) - sum) < 1e-6 * size, "column \(column) of \(j)")
      }
    }
  }
}
