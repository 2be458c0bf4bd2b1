import CKernels
import Testing

@testable import Compute

private func made(_ rows: Int, _ columns: Int, _ seed: Int) -> Matrix {
  Matrix(
    rows: rows, columns: columns, values: (0..<rows * columns).map { Float(($0 * seed) % 17 - 8) * 0.125 })
}

private func halved(_ matrix: Matrix) -> Matrix {
  let result = Matrix(rows: matrix.rows, columns: matrix.columns, type: .bfloat16)
  selva_to_bf16(matrix.floats, result.halves, matrix.rows * matrix.columns)
  return result
}

private func element(_ m: Matrix, _ transposed: Bool, _ i: Int, _ j: Int) -> Double {
  Double(transposed ? m.row(j)[i] : m.row(i)[j])
}

@Test(arguments: [(1, 1, 1), (5, 3, 7), (64, 40, 20), (33, 17, 130)])
func `products agree with three loops`(_ shape: (m: Int, n: Int, k: Int)) {
  let (m, n, k) = shape
  for transposeA in [false, true] {
    for transposeB in [false, true] {
      for type in [ElementType.float32, .bfloat16] where type == .float32 || Product.hasBFloat16 {
        // Eighths up to one are exact in bfloat16, so both types must give the same sums.
        let a = transposeA ? made(k, m, 5) : made(m, k, 5)
        let b = transposeB ? made(n, k, 11) : made(k, n, 11)
        let bias = made(1, n, 3)
        let c = Matrix(rows: m, columns: n)
        let left = type == .float32 ? a : halved(a)
        let right = type == .float32 ? b : halved(b)
        Product(left, transposeA: transposeA, right, transposeB: transposeB, bias: bias, into: c)()
        for i in 0..<m {
          for j in 0..<n {
            let expected = (0..<k).reduce(Double(bias.floats[j])) {
              $0 + element(a, transposeA, i, $1) * element(b, transposeB, $1, j)
            }
            #expect(
              abs(Double(c.row(i)[j]) - expected) < 1e-4, "\(shape) \(transposeA) \(transposeB) \(type)")
          }
        }
      }
    }
  }
}

@Test func `products read and write blocks of larger matrices`() {
  let a = made(8, 6, 5)
  let b = made(6, 9, 7)
  let c = Matrix(rows: 8, columns: 9)
  Product(a.block(rows: 2..<5), b, into: c.block(rows: 2..<5))()
  let whole = Matrix(rows: 8, columns: 9)
  Product(a, b, into: whole)()
  for row in 0..<8 {
    for column in 0..<9 {
      let expected = (2..<5).contains(row) ? whole.row(row)[column] : 0
      #expect(abs(c.row(row)[column] - expected) < 1e-5)
    }
  }
  // Columns of a, as its transpose: the gradient of some of a layer's weights.
  let d = Matrix(rows: 2, columns: 9)
  Product(a.block(columns: 3..<5), transposeA: true, whole, into: d)()
  for i in 0..<2 {
    for j in 0..<9 {
      let expected = (0..<8).reduce(Float(0)) { $0 + a.row($1)[3 + i] * whole.row($1)[j] }
      #expect(abs(d.row(i)[j] - expected) < 1e-4)
    }
  }
}
