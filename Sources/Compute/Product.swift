import COneDNN

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A matrix product through oneDNN, bound to its operands: c = a·b (+ bias on every row), accumulated in float32; or,
/// where it adds, c += a·b.
///
/// oneDNN compiles code for the shape, which is worth doing once.
///
/// While it runs, the thread's stack pointer may point into memory that oneDNN has allocated (its kernels for AVX-512
/// have it so), and a signal that is handled on that stack overwrites what lies below. Handlers in a thread that runs
/// products need a stack of their own (`sigaltstack`, `SA_ONSTACK`).
///
/// `@unchecked Sendable`: immutable after `init`; one product must run on one worker at a time, since its
/// working memory is its own.
package final class Product: @unchecked Sendable {
  private let handle: UnsafeMutablePointer<selva_product>
  private let operands: [Matrix]
  /// Multiplications and additions of one run.
  package let operations: Int

  /// - Parameters:
  ///   - a: `[m, k]`, or `[k, m]` with `transposeA`.
  ///   - b: `[k, n]`, or `[n, k]` with `transposeB`; of a's element type.
  ///   - bias: `[1, n]`, float32.
  ///   - c: `[m, n]`.
  ///   - adds: to what lies in c.
  package init(
    _ a: Matrix, transposeA: Bool = false, _ b: Matrix, transposeB: Bool = false, bias: Matrix? = nil,
    into c: Matrix, adds: Bool = false
  ) {
    let (m, k) = transposeA ? (a.columns, a.rows) : (a.rows, a.columns)
    let (kOfB, n) = transposeB ? (b.columns, b.rows) : (b.rows, b.columns)
    precondition(
      k == kOfB && c.rows == m && c.columns == n && (bias?.columns ?? n) == n && a.type == b.type,
      "[\(m), \(k)] \(a.type) times [\(kOfB), \(n)] \(b.type) does not give [\(c.rows), \(c.columns)]")
    OneThread.hold()
    let product = selva_product_create(
      Engine.shared.handle, Int64(m), Int64(n), Int64(k), a.operand(transposeA), b.operand(transposeB),
      bias?.floats, c.operand(false), adds ? 1 : 0)
    guard let product else {
      preconditionFailure("oneDNN has no product [\(m), \(k)] x [\(k), \(n)] in \(a.type) on this machine")
    }
    handle = product
    operands = [a, b, c] + (bias.map { [$0] } ?? [])
    operations = 2 * m * n * k
  }

  deinit { selva_product_destroy(handle) }

  package func callAsFunction() {
    OneThread.hold()
    let done = selva_product_execute(handle)
    precondition(done != 0, "oneDNN refused a product that it had accepted")
  }

  /// On other memory, to which it stays bound: blocks of matrices that lie as those it was made with, and that the
  /// caller keeps alive.
  package func callAsFunction(_ a: Matrix, into c: Matrix) {
    bind(0, a, as: operands[0])
    bind(2, c, as: operands[2])
    callAsFunction()
  }

  /// On other operands, to which it stays bound, and the same c.
  package func callAsFunction(_ a: Matrix, _ b: Matrix) {
    bind(0, a, as: operands[0])
    bind(1, b, as: operands[1])
    callAsFunction()
  }

  private func bind(_ place: Int32, _ matrix: Matrix, as old: Matrix) {
    precondition(
      matrix.rows == old.rows && matrix.columns == old.columns && matrix.stride == old.stride
        && matrix.type == old.type,
      "[\(matrix.rows), \(matrix.columns)] \(matrix.type) in place of [\(old.rows), \(old.columns)] \(old.type)"
    )
    let done = selva_product_bind(handle, place, matrix.bytes)
    precondition(done != 0, "oneDNN refused memory for a product")
  }

  /// Whether this processor multiplies bfloat16 in hardware.
  package static var hasBFloat16: Bool { selva_has_bfloat16() != 0 }
}

extension Matrix {
  fileprivate func operand(_ transposed: Bool) -> selva_operand {
    selva_operand(
      data: bytes, row_stride: Int64(stride), bfloat16: type == .bfloat16 ? 1 : 0,
      transposed: transposed ? 1 : 0)
  }
}

/// oneDNN's handle of the processor.
private struct Engine: @unchecked Sendable {  // an opaque pointer that oneDNN documents as thread-safe
  let handle: dnnl_engine_t
  static let shared = Engine()

  private init() {
    guard let engine = selva_engine_create() else { preconditionFailure("oneDNN has no CPU engine") }
    handle = engine
  }
}

/// Holds oneDNN to one thread in the calling thread: the worker group is the only pool, and a second one
/// (OpenMP's) would spin against it.
private enum OneThread {
  private typealias SetThreads = @convention(c) (Int32) -> Void
  // Looked up rather than linked: a oneDNN built without OpenMP brings no such function.
  private static let setThreads: SetThreads? = {
    guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "omp_set_num_threads") else { return nil }
    return unsafeBitCast(symbol, to: SetThreads.self)
  }()

  static func hold() { setThreads?(1) }
}
