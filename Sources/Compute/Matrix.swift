import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How the numbers of a matrix are held. bfloat16 is the upper half of a float32: same range, 8 bits of precision.
package enum ElementType: Sendable {
  case float32, bfloat16

  package var byteCount: Int { self == .float32 ? 4 : 2 }
}

/// Memory for the compute core: 64-byte aligned (a cache line, an AVX-512 vector) and zeroed. What is large lies in large
/// pages where the system has them, which are sooner found, and sooner handed to another process.
///
/// `@unchecked Sendable`: workers write disjoint parts, and a phase ends between a write and another worker's
/// read; the type system cannot see either.
package final class Storage: @unchecked Sendable {
  package let base: UnsafeMutableRawPointer
  package let byteCount: Int
  private static let largePage = 1 << 21

  package init(byteCount: Int) {
    self.byteCount = byteCount
    let isLarge = Storage.isLarge(byteCount)
    base = .allocate(byteCount: max(byteCount, 64), alignment: isLarge ? Storage.largePage : 64)
    #if os(Linux)
      if isLarge { madvise(base, byteCount, MADV_HUGEPAGE) }
    #endif
    base.initializeMemory(as: UInt8.self, repeating: 0, count: max(byteCount, 64))
  }

  deinit { base.deallocate() }

  package static func isLarge(_ byteCount: Int) -> Bool { byteCount >= 2 * largePage }
}

/// A row-major matrix, or a block of one: a view that keeps its memory alive. Copies share the memory.
///
/// `@unchecked Sendable` for the reason given at `Storage`.
package struct Matrix: @unchecked Sendable {
  package let storage: Storage
  private let base: UnsafeMutableRawPointer
  package let type: ElementType
  package let rows: Int
  package let columns: Int
  /// Elements from one row to the next.
  package let stride: Int

  package init(rows: Int, columns: Int, type: ElementType = .float32) {
    storage = Storage(byteCount: rows * columns * type.byteCount)
    base = storage.base
    self.rows = rows
    self.columns = columns
    self.type = type
    stride = columns
  }

  /// The `[rows, columns]` that begin at element `offset` of `storage`.
  package init(_ storage: Storage, offset: Int, rows: Int, columns: Int, type: ElementType = .float32) {
    precondition(
      offset >= 0 && (offset + rows * columns) * type.byteCount <= storage.byteCount,
      "[\(rows), \(columns)] at \(offset) lies outside \(storage.byteCount) bytes")
    self.init(
      storage: storage, base: storage.base + offset * type.byteCount, type: type, rows: rows,
      columns: columns, stride: columns)
  }

  private init(
    storage: Storage, base: UnsafeMutableRawPointer, type: ElementType, rows: Int, columns: Int, stride: Int
  ) {
    self.storage = storage
    self.base = base
    self.type = type
    self.rows = rows
    self.columns = columns
    self.stride = stride
  }

  /// Copies `values` (row-major) in.
  package init(rows: Int, columns: Int, values: [Float]) {
    precondition(values.count == rows * columns, "\(values.count) values for [\(rows), \(columns)]")
    self.init(rows: rows, columns: columns)
    floats.update(from: values, count: values.count)
  }

  package func block(rows range: Range<Int>) -> Matrix {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of [\(rows), \(columns)]")
    return Matrix(
      storage: storage, base: base + range.lowerBound * stride * type.byteCount, type: type,
      rows: range.count, columns: columns, stride: stride)
  }

  package func block(columns range: Range<Int>) -> Matrix {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= columns, "columns \(range) of [\(rows), \(columns)]")
    return Matrix(
      storage: storage, base: base + range.lowerBound * type.byteCount, type: type, rows: rows,
      columns: range.count, stride: stride)
  }

  /// The same elements in rows of another length. The rows must follow each other without a gap.
  package func inRows(of columns: Int) -> Matrix {
    precondition(
      stride == self.columns && rows * self.columns % columns == 0,
      "[\(rows), \(self.columns)] with \(stride) from row to row in rows of \(columns)")
    return Matrix(
      storage: storage, base: base, type: type, rows: rows * self.columns / columns, columns: columns,
      stride: columns)
  }

  package var bytes: UnsafeMutableRawPointer { base }

  /// The first element; the matrix must be float32.
  package var floats: UnsafeMutablePointer<Float> {
    precondition(type == .float32, "float32 wanted, bfloat16 held")
    return base.assumingMemoryBound(to: Float.self)
  }

  /// The first element; the matrix must be bfloat16.
  package var halves: UnsafeMutablePointer<UInt16> {
    precondition(type == .bfloat16, "bfloat16 wanted, float32 held")
    return base.assumingMemoryBound(to: UInt16.self)
  }

  package func row(_ index: Int) -> UnsafeMutablePointer<Float> { floats + index * stride }

  /// A row of bfloat16.
  package func halfRow(_ index: Int) -> UnsafeMutablePointer<UInt16> { halves + index * stride }

  /// Row `index` from float32 values, rounded where the matrix is bfloat16.
  package func set(row index: Int, from values: UnsafePointer<Float>) {
    switch type {
    case .float32: row(index).update(from: values, count: columns)
    case .bfloat16: selva_to_bf16(values, halfRow(index), columns)
    }
  }

  /// Bytes of a matrix, reckoned in floating point, since sizes that no machine holds have to be judged too.
  package static func byteCount(_ rows: Int, _ columns: Int, _ type: ElementType = .float32) -> Double {
    Double(rows) * Double(columns) * Double(type.byteCount)
  }

  /// All values, row by row.
  package var values: [Float] {
    (0..<rows).flatMap { UnsafeBufferPointer(start: row($0), count: columns) }
  }
}
