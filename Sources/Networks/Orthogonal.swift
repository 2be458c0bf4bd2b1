/// Makes the rows of a square matrix of independent normal numbers orthogonal and of length 1: a rotation by chance
/// (Saxe et al. 2014), by Gram and Schmidt, twice over each row, since once leaves what rounding has left.
func makeOrthogonal(_ matrix: UnsafeMutablePointer<Float>, _ size: Int) {
  typealias Lanes = SIMD16<Float>
  func product(_ a: UnsafeMutablePointer<Float>, _ b: UnsafeMutablePointer<Float>) -> Float {
    var (sums, i) = (Lanes.zero, 0)
    while i + 16 <= size {
      sums +=
        UnsafeRawPointer(a + i).loadUnaligned(as: Lanes.self)
        * UnsafeRawPointer(b + i).loadUnaligned(as: Lanes.self)
      i += 16
    }
    var sum = sums.sum()
    while i < size {
      sum += a[i] * b[i]
      i += 1
    }
    return sum
  }
  for row in 0..<size {
    let own = matrix + row * size
    for _ in 0..<2 {
      for other in 0..<row {
        let factor = product(own, matrix + other * size)
        for i in 0..<size { own[i] -= factor * matrix[other * size + i] }
      }
      let length = product(own, own).squareRoot()
      for i in 0..<size { own[i] /= length }
    }
  }
}
