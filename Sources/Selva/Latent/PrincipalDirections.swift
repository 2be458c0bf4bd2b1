/// The directions along which vectors vary most: eigenvectors of their covariance.
public struct PrincipalDirections: Sendable, Equatable {
  /// Of the vectors, `[latent]`.
  public let mean: [Float]
  /// Of the vectors along each direction (divisor count − 1), descending.
  public let variances: [Double]
  /// Unit vectors, each `[latent]`, in the order of `variances`. The component that is greatest in size is
  /// positive, so that equal data give equal directions.
  public let directions: [[Float]]

  /// Takes latent² · count steps, and about 10 · latent³ for the eigenvectors: fit for some hundred components.
  ///
  /// - Parameters:
  ///   - values: Row-major, `[count, latent]`, at least one row, all finite.
  ///   - latent: Components of a vector.
  public init(_ values: [Float], latent: Int) {
    precondition(
      latent > 0 && !values.isEmpty && values.count.isMultiple(of: latent),
      "\(values.count) values in vectors of \(latent) components")
    let center = Self.mean(values, latent)
    var eigen = SymmetricEigen(Self.covariance(values, latent, center), size: latent)
    eigen.solve()
    let order = (0..<latent).sorted { (-eigen.values[$0], $0) < (-eigen.values[$1], $1) }
    mean = center.map { Float($0) }
    // Rounding can leave a variance of zero a little below it.
    variances = order.map { max(0, eigen.values[$0]) }
    directions = order.map { Self.signed(eigen.vector($0)) }
  }

  /// Direction `index` times its standard deviation: one sigma of the data, for `Manifold` and `Traversal`.
  public func sigma(_ index: Int) -> [Float] {
    let deviation = variances[index].squareRoot()
    return directions[index].map { Float(Double($0) * deviation) }
  }

  private static func mean(_ values: [Float], _ latent: Int) -> [Double] {
    var sums = [Double](repeating: 0, count: latent)
    for row in stride(from: 0, to: values.count, by: latent) {
      for i in 0..<latent { sums[i] += Double(values[row + i]) }
    }
    let count = Double(values.count / latent)
    return sums.map { $0 / count }
  }

  /// Row-major, `[latent, latent]`; zeros where there is one row.
  private static func covariance(_ values: [Float], _ latent: Int, _ center: [Double]) -> [Double] {
    var sums = [Double](repeating: 0, count: latent * latent)
    var difference = [Double](repeating: 0, count: latent)
    sums.withUnsafeMutableBufferPointer { sums in
      for row in stride(from: 0, to: values.count, by: latent) {
        for i in 0..<latent { difference[i] = Double(values[row + i]) - center[i] }
        difference.withUnsafeBufferPointer { difference in
          for i in 0..<latent {
            let factor = difference[i]
            for j in i..<latent { sums[i * latent + j] += factor * difference[j] }
          }
        }
      }
    }
    let divisor = Double(max(1, values.count / latent - 1))
    for i in 0..<latent {
      for j in i..<latent {
        sums[i * latent + j] /= divisor
        sums[j * latent + i] = sums[i * latent + j]
      }
    }
    return sums
  }

  private static func signed(_ vector: [Double]) -> [Float] {
    var greatest = 0
    // A margin, so that components equal but for rounding do not take turns in being greatest.
    for i in vector.indices where abs(vector[i]) > abs(vector[greatest]) * (1 + 1e-9) { greatest = i }
    return vector.map { Float(vector[greatest] < 0 ? -$0 : $0) }
  }
}

/// Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's cyclic rotations (Golub & Van Loan,
/// section 8.5): slower than tridiagonal methods, but short, and exact to rounding in every vector.
struct SymmetricEigen {
  private let size: Int
  /// Row-major, becomes diagonal.
  private var matrix: [Double]
  /// Row-major, row i becomes the eigenvector of value i.
  private var vectors: [Double]

  init(_ matrix: [Double], size: Int) {
    precondition(matrix.count == size * size, "\(matrix.count) values in a matrix of \(size) x \(size)")
    self.size = size
    self.matrix = matrix
    vectors = [Double](repeating: 0, count: size * size)
    for i in 0..<size { vectors[i * size + i] = 1 }
  }

  var values: [Double] { (0..<size).map { matrix[$0 * size + $0] } }

  func vector(_ index: Int) -> [Double] { Array(vectors[index * size..<(index + 1) * size]) }

  mutating func solve() {
    let total = matrix.reduce(0) { $0 + $1 * $1 }
    // Convergence is quadratic: 6 to 12 sweeps do; the limit is for matrices that hold NaN.
    for _ in 0..<60 {
      var rest = 0.0
      for i in 0..<size {
        for j in 0..<i { rest += 2 * matrix[i * size + j] * matrix[i * size + j] }
      }
      guard rest > total * 1e-30 else { return }
      for p in 0..<size {
        for q in p + 1..<size { rotate(p, q) }
      }
    }
  }

  /// Makes element (p, q) zero.
  private mutating func rotate(_ p: Int, _ q: Int) {
    let element = matrix[p * size + q]
    guard element != 0 else { return }
    let theta = (matrix[q * size + q] - matrix[p * size + p]) / (2 * element)
    let tangent = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
    let cosine = 1 / (tangent * tangent + 1).squareRoot()
    let sine = tangent * cosine
    let size = size
    matrix.withUnsafeMutableBufferPointer { matrix in
      Self.turnRows(matrix, size, p, q, cosine, sine)
      for i in 0..<size {
        let (a, b) = (matrix[i * size + p], matrix[i * size + q])
        matrix[i * size + p] = cosine * a - sine * b
        matrix[i * size + q] = sine * a + cosine * b
      }
    }
    vectors.withUnsafeMutableBufferPointer { Self.turnRows($0, size, p, q, cosine, sine) }
  }

  private static func turnRows(
    _ matrix: UnsafeMutableBufferPointer<Double>, _ size: Int, _ p: Int, _ q: Int, _ cosine: Double,
    _ sine: Double
  ) {
    for i in 0..<size {
      let (a, b) = (matrix[p * size + i], matrix[q * size + i])
      matrix[p * size + i] = cosine * a - sine * b
      matrix[q * size + i] = sine * a + cosine * b
    }
  }
}
