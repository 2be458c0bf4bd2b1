import IDX

/// What a model takes from its training data before the first step.
package struct DataStatistics: Sendable, Equatable {
  /// Mean of each pixel in [0, 1], `[pixels]`.
  package let pixelMeans: [Float]
  /// Root of the pixels' mean variance, each about its own mean.
  package let standardDeviation: Double

  /// - Parameter indices: which images to look at; nil: all.
  package init(_ images: ImageSet, indices: [Int32]? = nil) {
    let count = images.pixelCount
    var sums = [Double](repeating: 0, count: count)
    var squares = 0.0
    let chosen = indices ?? [Int32](0..<Int32(images.count))
    switch images.pixels {
    case .bytes(let bytes):
      var whole = [UInt64](repeating: 0, count: count)
      var wholeSquares: UInt64 = 0
      for index in chosen {
        let row = bytes + Int(index) * count
        for i in 0..<count {
          let value = UInt64(row[i])
          whole[i] &+= value
          wholeSquares &+= value &* value
        }
      }
      for i in 0..<count { sums[i] = Double(whole[i]) / 255 }
      squares = Double(wholeSquares) / (255 * 255)
    case .floats(let floats):
      for index in chosen {
        let row = floats + Int(index) * count
        for i in 0..<count {
          sums[i] += Double(row[i])
          squares += Double(row[i]) * Double(row[i])
        }
      }
    }
    let images = Double(chosen.count)
    pixelMeans = sums.map { Float($0 / images) }
    let squaredMeans = sums.reduce(0) { $0 + ($1 / images) * ($1 / images) }
    standardDeviation = max(0, (squares / images - squaredMeans) / Double(count)).squareRoot()
  }

  /// For standardizing inputs, `[pixels]` each. A pixel that is always dark has to come out as 0: with one mean for
  /// all it would be a constant input, whose weights are never told from the bias and wander until the first image
  /// that lights it up throws the encoder out. The deviation is one for all, since a pixel that is nearly always
  /// dark would be blown up by its own. Of a few images that are all alike it would be nearly 0, and any other image
  /// would throw the encoder out; so it is never under `leastDeviation`, and no input above 1 / `leastDeviation`.
  package var inputMean: [Float] { pixelMeans }
  package var inputStandardDeviation: [Float] {
    [Float](
      repeating: max(DataStatistics.leastDeviation, Float(standardDeviation)), count: pixelMeans.count)
  }

  /// Five grey levels of 255; ordinary sets have fifty and more.
  static let leastDeviation: Float = 0.02
}
