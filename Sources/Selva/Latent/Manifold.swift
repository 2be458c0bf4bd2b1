/// Latent vectors on a grid over a plane, for a picture of the learned manifold.
public enum Manifold {
  /// A grid over the plane `center` + x·`across` + y·`up`, where x and y run over the quantiles of (i + ½)/n of
  /// a standard normal, so that each picture stands for an equal share of the prior.
  ///
  /// Rows of the table fill the picture line by line from its upper left corner: x grows to the right and y
  /// upwards, as on a graph.
  ///
  /// - Parameters:
  ///   - rows: Lines of the picture.
  ///   - columns: Pictures in a line.
  ///   - center: `[latent]`; the prior's centre is all zeros.
  ///   - across: `[latent]`, one standard deviation to the right.
  ///   - up: `[latent]`, one standard deviation upwards.
  /// - Returns: `rows · columns` vectors.
  public static func grid(
    rows: Int, columns: Int, center: [Float], across: [Float], up: [Float]
  ) -> LatentTable {
    precondition(rows > 0 && columns > 0, "a grid of \(rows) x \(columns)")
    precondition(
      across.count == center.count && up.count == center.count,
      "a centre of \(center.count) components, directions of \(across.count) and \(up.count)")
    let (xs, ys) = (gaussianQuantiles(count: columns), gaussianQuantiles(count: rows))
    var values: [Float] = []
    values.reserveCapacity(rows * columns * center.count)
    for y in ys.reversed() {
      for x in xs {
        for i in center.indices {
          values.append(Float(Double(center[i]) + x * Double(across[i]) + y * Double(up[i])))
        }
      }
    }
    return LatentTable(latent: center.count, values: values)
  }

  /// The same over the plane of two components.
  ///
  /// - Parameters:
  ///   - rows: Lines of the picture.
  ///   - columns: Pictures in a line.
  ///   - center: `[latent]`, in the middle of the picture.
  ///   - x: Component that grows to the right.
  ///   - y: Component that grows upwards.
  ///   - deviations: `[latent]`, a standard deviation of each component; nil for the prior's, 1.
  public static func grid(
    rows: Int, columns: Int, center: [Float], x: Int, y: Int, deviations: [Float]? = nil
  ) -> LatentTable {
    precondition(
      center.indices.contains(x) && center.indices.contains(y), "components \(x) and \(y) of \(center.count)")
    return grid(
      rows: rows, columns: columns, center: center,
      across: axis(x, of: center.count, length: deviations?[x] ?? 1),
      up: axis(y, of: center.count, length: deviations?[y] ?? 1))
  }

  /// The vector with `length` at `component` and zeros elsewhere.
  static func axis(_ component: Int, of latent: Int, length: Float) -> [Float] {
    var axis = [Float](repeating: 0, count: latent)
    axis[component] = length
    return axis
  }
}
