import Compute

/// Standard normals.
func numbers(_ count: Int, _ seed: UInt64) -> [Float] {
  var values = [Float](repeating: 0, count: count)
  RandomStream(seed: seed, .training).normals(into: &values, count: count)
  return values
}

/// Of the largest number there is.
func difference(_ found: [Float], _ expected: [Double]) -> Double {
  let largest = expected.reduce(1e-12) { max($0, abs($1)) }
  guard found.count == expected.count else { return .infinity }
  return zip(found, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) } / largest
}
