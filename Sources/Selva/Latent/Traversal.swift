/// Latent vectors along straight lines through a centre, to see what each direction of the space does.
public enum Traversal {
  /// For each direction, `steps` vectors evenly from `center` − `sigmas`·direction to `center` +
  /// `sigmas`·direction; the centre alone where `steps` is 1.
  ///
  /// - Parameters:
  ///   - directions: Each `[latent]`, one standard deviation long.
  ///   - steps: Vectors in a line.
  ///   - sigmas: How far to go to each side, in standard deviations.
  ///   - center: `[latent]`.
  /// - Returns: `directions.count · steps` vectors, direction by direction: one line of a picture each.
  public static func lines(
    along directions: [[Float]], steps: Int, sigmas: Double, center: [Float]
  ) -> LatentTable {
    precondition(steps > 0, "a traversal of \(steps) steps")
    var values: [Float] = []
    values.reserveCapacity(directions.count * steps * center.count)
    for direction in directions {
      precondition(
        direction.count == center.count, "a direction of \(direction.count) components of \(center.count)")
      for step in 0..<steps {
        // Written so that the ends and the middle are exact.
        let share = steps == 1 ? 0 : Double(2 * step - (steps - 1)) / Double(steps - 1)
        for i in center.indices {
          values.append(Float(Double(center[i]) + share * sigmas * Double(direction[i])))
        }
      }
    }
    return LatentTable(latent: center.count, values: values)
  }

  /// The same along single components.
  ///
  /// - Parameters:
  ///   - components: By number, from 0.
  ///   - steps: Vectors in a line.
  ///   - sigmas: How far to go to each side, in standard deviations.
  ///   - center: `[latent]`.
  ///   - deviations: `[latent]`, a standard deviation of each component; nil for the prior's, 1.
  public static func lines(
    components: [Int], steps: Int, sigmas: Double, center: [Float], deviations: [Float]? = nil
  ) -> LatentTable {
    let directions = components.map { component in
      precondition(center.indices.contains(component), "component \(component) of \(center.count)")
      return Manifold.axis(component, of: center.count, length: deviations?[component] ?? 1)
    }
    return lines(along: directions, steps: steps, sigmas: sigmas, center: center)
  }
}
