import Compute

/// Memory of each worker for gradients of weights that are used as soon as they are made, a piece at a time, and then
/// forgotten: small enough to stay in the core's own cache, where a buffer of all gradients would be written to a cache that
/// the cores share and read from there.
package final class GradientScratch: Sendable {
  /// Floats of one piece: 256 KiB, a quarter of the second-level cache of Zen 4 and 5.
  private static let capacity = 1 << 16
  private let memories: [Storage]

  package init(workers: Int) {
    memories = (0..<workers).map { _ in Storage(byteCount: 4 * GradientScratch.capacity) }
  }

  /// How many rows of `columns` weights each fit, in whole vectors of 16.
  static func rows(of columns: Int) -> Int { capacity / columns & ~15 }

  func matrix(rows: Int, columns: Int, worker: Int) -> Matrix {
    Matrix(memories[worker], offset: 0, rows: rows, columns: columns)
  }

  package static func byteCount(workers: Int) -> Double { 4 * Double(workers * capacity) }
}
