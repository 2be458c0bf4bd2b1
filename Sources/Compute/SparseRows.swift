import CKernels

/// A float32 matrix most of whose values are 0, `[rows, columns]`: of each row, the others.
///
/// `@unchecked Sendable` for the reason given at `Storage`: each row is one worker's.
package final class SparseRows: @unchecked Sendable {
  package let rows: Int
  package let columns: Int
  fileprivate let matrix: UnsafePointer<selva_sparse>
  private let memory: Memory<selva_sparse>

  package init(rows: Int, columns: Int) {
    (self.rows, self.columns) = (rows, columns)
    let blocks = SparseRows.blocks(columns)
    memory = Memory(lists: rows, capacity: (columns + 1) / 2, numbers: rows * (blocks + 1)) {
      selva_sparse(columns: columns, blocks: blocks, capacity: $0, starts: $1, pairs: $2)
    }
    matrix = memory.header
  }

  private static func blocks(_ columns: Int) -> Int {
    (columns + selva_sparse_block - 1) / selva_sparse_block
  }

  /// Row `row`: `values` · `factor`.
  package func set(_ row: Int, from values: UnsafePointer<Float>, factor: UnsafePointer<Float>) {
    selva_sparse_row(values, factor, matrix, row)
  }

  /// `rows` of `result` = `base` on each + these rows · `panel`.
  ///
  /// - Parameters:
  ///   - panel: `[columns, result.columns]`.
  ///   - base: `[Panel.widest]`, of which the first `panel.columns` count.
  ///   - result: `[all rows, any]`.
  ///   - next: what is read after that, without gaps, and meanwhile fetched.
  package func multiply(
    _ rows: Range<Int>, _ panel: Panel, base: UnsafePointer<Float>, into result: Matrix, next: Matrix? = nil
  ) {
    precondition(
      panel.rows == columns && panel.columns == result.columns && result.rows == self.rows,
      "[\(self.rows), \(columns)] times [\(panel.rows), \(panel.columns)] into [\(result.rows), \(result.columns)]"
    )
    guard !rows.isEmpty else { return }
    selva_sparse_product(
      matrix, rows.lowerBound, rows.count, panel.floats, base, result.floats, result.stride, panel.columns,
      next?.bytes, next.map { 4 * $0.rows * $0.columns } ?? 0)
  }

  package static func byteCount(rows: Int, columns: Int) -> Double {
    Memory<selva_sparse>.byteCount(
      lists: rows, capacity: (columns + 1) / 2, numbers: Double(rows) * Double(blocks(columns) + 1))
  }
}

/// The same matrix by column.
///
/// `@unchecked Sendable` for the reason given at `Storage`.
package final class SparseColumns: @unchecked Sendable {
  private let rows: Int
  private let columns: Int
  private let memory: Memory<selva_sparse_columns>

  package init(rows: Int, columns: Int) {
    (self.rows, self.columns) = (rows, columns)
    let lists = (columns + 1) / 2
    memory = Memory(lists: lists, capacity: rows, numbers: lists) {
      selva_sparse_columns(lists: lists, capacity: $0, counts: $1, pairs: $2)
    }
  }

  package func set(from rows: SparseRows) {
    precondition(
      rows.rows == self.rows && rows.columns == columns,
      "columns of [\(rows.rows), \(rows.columns)] for [\(self.rows), \(columns)]")
    selva_sparse_by_column(rows.matrix, self.rows, memory.header)
  }

  /// `result` = `base` · `scale` of each column + `panel`ᵀ · this matrix, `[panel.columns, columns]`.
  ///
  /// - Parameters:
  ///   - panel: `[rows, panel.columns]`.
  ///   - base: `[Panel.widest]`, of which the first `panel.columns` count.
  ///   - scale: `[columns]`.
  package func multiply(
    _ panel: Panel, base: UnsafePointer<Float>, scale: UnsafePointer<Float>, into result: Matrix
  ) {
    precondition(
      panel.rows == rows && panel.columns == result.rows && columns == result.columns,
      "[\(panel.columns), \(panel.rows)] times [\(rows), \(columns)] into [\(result.rows), \(result.columns)]"
    )
    selva_sparse_gradient(
      memory.header, columns, panel.floats, base, scale, result.floats, result.stride, panel.columns)
  }

  package static func byteCount(rows: Int, columns: Int) -> Double {
    let lists = (columns + 1) / 2
    return Memory<selva_sparse_columns>.byteCount(lists: lists, capacity: rows, numbers: Double(lists))
  }
}

/// Some columns of a dense matrix, side by side and without gaps, as many as stay in a core's own cache while it goes over
/// all rows of a sparse one.
package struct Panel {
  package let rows: Int
  package let columns: Int
  fileprivate let floats: UnsafeMutablePointer<Float>

  /// Columns of the widest panel: four vectors, as many as registers can add up for two lists.
  package static let widest = 64

  /// The columns of `matrix`, float32.
  package init(_ matrix: Matrix, memory: Storage) {
    self.init(rows: matrix.rows, columns: matrix.columns, memory: memory)
    selva_panel(matrix.floats, rows, matrix.stride, columns, floats)
  }

  /// The rows of `matrix`, float32, as columns.
  package init(transposed matrix: Matrix, memory: Storage) {
    self.init(rows: matrix.columns, columns: matrix.rows, memory: memory)
    selva_panel_transposed(matrix.floats, columns, matrix.stride, rows, floats)
  }

  private init(rows: Int, columns: Int, memory: Storage) {
    precondition(
      columns <= Panel.widest && Panel.byteCount(rows: rows) <= memory.byteCount,
      "a panel of [\(rows), \(columns)] in \(memory.byteCount) bytes")
    (self.rows, self.columns) = (rows, columns)
    floats = memory.base.assumingMemoryBound(to: Float.self)
  }

  /// The parts of `columns` to take at a time, alike in width.
  package static func parts(of columns: Range<Int>) -> [Range<Int>] {
    let count = (columns.count + widest - 1) / widest
    return (0..<count).map { index in
      let part = Worker.share(of: columns.count, grain: 16, index: index, count: count)
      return columns.lowerBound + part.lowerBound..<columns.lowerBound + part.upperBound
    }
  }

  /// Memory for any panel of `rows` rows.
  package static func byteCount(rows: Int) -> Int { 4 * widest * (rows + 1) }
}

/// What a kernel's view of lists of pairs points to.
///
/// `@unchecked Sendable` for the reason given at `Storage`.
private struct Memory<Header>: @unchecked Sendable {
  let header: UnsafePointer<Header>
  private let memories: [Storage]

  /// - Parameters:
  ///   - capacity: pairs of the longest list.
  ///   - numbers: whole numbers beside the pairs.
  init(
    lists: Int, capacity: Int, numbers: Int,
    make: (Int, UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<selva_pair>) -> Header
  ) {
    let capacity = Self.apart(capacity)
    let pairs = Storage(byteCount: lists * capacity * MemoryLayout<selva_pair>.stride)
    let places = Storage(byteCount: numbers * MemoryLayout<UInt32>.stride)
    let place = Storage(byteCount: MemoryLayout<Header>.stride)
    let header = place.base.bindMemory(to: Header.self, capacity: 1)
    header.initialize(
      to: make(
        capacity, places.base.bindMemory(to: UInt32.self, capacity: numbers),
        pairs.base.bindMemory(to: selva_pair.self, capacity: lists * capacity)))
    self.header = UnsafePointer(header)
    memories = [pairs, places, place]
  }

  /// Lists that begin a power of two apart would share a few places in the cache: 16 pairs are three of its lines.
  private static func apart(_ capacity: Int) -> Int { (capacity + 15) / 16 * 16 + 16 }

  static func byteCount(lists: Int, capacity: Int, numbers: Double) -> Double {
    Double(lists) * Double(apart(capacity) * MemoryLayout<selva_pair>.stride)
      + 4 * numbers + Double(MemoryLayout<Header>.stride)
  }
}
