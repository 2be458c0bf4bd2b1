#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ways from one latent vector to another.
public enum Interpolation: String, CaseIterable, Sendable, Codable {
  /// The straight line. Half way between two vectors far apart it comes near the origin, where a normal
  /// prior of many components has almost no mass.
  case linear
  /// Along the great circle, with the length changing evenly (White 2016): stays where the prior has its mass.
  case spherical

  /// The vector at `t` of the way from `start` (t = 0) to `end` (t = 1), `[latent]` all three; both ends exact.
  ///
  /// Vectors whose directions are the same, opposite or undefined to within 1e-6 rad have no one great circle
  /// between them; `spherical` then takes the straight line.
  public func point(from start: [Float], to end: [Float], at t: Double) -> [Float] {
    precondition(start.count == end.count, "vectors of \(start.count) and \(end.count) components")
    if t == 0 { return start }
    if t == 1 { return end }
    let weights = self == .spherical ? Self.sphericalWeights(start, end, t) : nil
    let (first, second) = weights ?? (1 - t, t)
    return zip(start, end).map { Float(first * Double($0) + second * Double($1)) }
  }

  /// What to multiply the two vectors with; nil where there is no great circle.
  private static func sphericalWeights(_ start: [Float], _ end: [Float], _ t: Double) -> (Double, Double)? {
    var (product, startSquare, endSquare) = (0.0, 0.0, 0.0)
    for (a, b) in zip(start, end) {
      product += Double(a) * Double(b)
      startSquare += Double(a) * Double(a)
      endSquare += Double(b) * Double(b)
    }
    let (startNorm, endNorm) = (startSquare.squareRoot(), endSquare.squareRoot())
    guard startNorm > 0, endNorm > 0 else { return nil }
    let angle = acos(max(-1, min(1, product / (startNorm * endNorm))))
    let sine = sin(angle)
    guard sine > 1e-6 else { return nil }
    let norm = (1 - t) * startNorm + t * endNorm
    return (sin((1 - t) * angle) / sine * norm / startNorm, sin(t * angle) / sine * norm / endNorm)
  }

  /// A way through `points`, each `[latent]`, in their order: `stepsPerSegment` steps from each to the next.
  ///
  /// An open way of n points has (n − 1)·`stepsPerSegment` + 1 rows and ends at the last point. A closed one has
  /// n·`stepsPerSegment` rows and stops a step before the first point, so that it can be shown in a loop.
  public func path(through points: [[Float]], stepsPerSegment: Int, closed: Bool = false) -> LatentTable {
    precondition(!points.isEmpty && stepsPerSegment > 0, "\(points.count) points, \(stepsPerSegment) steps")
    var values: [Float] = []
    for i in 0..<(closed ? points.count : points.count - 1) {
      let next = points[(i + 1) % points.count]
      for step in 0..<stepsPerSegment {
        values += point(from: points[i], to: next, at: Double(step) / Double(stepsPerSegment))
      }
    }
    if !closed { values += points[points.count - 1] }
    return LatentTable(latent: points[0].count, values: values)
  }
}
