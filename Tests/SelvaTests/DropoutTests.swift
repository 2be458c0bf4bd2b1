import Compute
import Foundation
import Testing

@testable import Networks
@testable import Selva

@Suite struct DropoutTests {
  private static let count = 200_000

  /// What dropout makes of standard normals, and the mask.
  private func dropped(
    _ activation: Activation, rate: Double, type: ElementType = .float32
  ) -> (values: [Double], mask: [Float], input: [Float]) {
    let count = Self.count
    let dropout = Dropout(rate: rate, activation: activation)
    let input = RandomStream(seed: 3, .latents).normals(count)
    var mask = [Float](repeating: dropout.keep, count: count)
    mask.withUnsafeMutableBufferPointer {
      RandomStream(seed: 4, .dropout).binarize($0.baseAddress!, into: $0.baseAddress!, count: count)
    }
    let x = Matrix(rows: 1, columns: count, values: input)
    let y = Matrix(rows: 1, columns: count)
    dropout.forward(x, mask: mask, row: 0, into: y)
    return (y.values.map(Double.init), mask, input)
  }

  private func moments(_ values: [Double]) -> (mean: Double, variance: Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
  }

  /// Mean 0 and variance 1 stay (Klambauer et al. 2017, section 3); five standard errors.
  @Test(arguments: [0.05, 0.3, 0.5]) func alphaDropoutKeepsMeanAndVariance(rate: Double) {
    let (values, mask, _) = dropped(.selu, rate: rate)
    let (mean, variance) = moments(values)
    #expect(abs(mean) < 5 / Double(Self.count).squareRoot(), "\(mean)")
    #expect(abs(variance - 1) < 5 * (2 / Double(Self.count)).squareRoot(), "\(variance)")
    let share = mask.reduce(0.0) { $0 + Double($1) } / Double(Self.count)
    #expect(abs(share - (1 - rate)) < 5 * (rate * (1 - rate) / Double(Self.count)).squareRoot())
  }

  /// a and b at rate 0.1, by hand: α′ = −λα, a = (q + α′²qp)^(−½), b = −apα′.
  @Test func alphaDropoutHasItsConstants() {
    let (values, mask, input) = dropped(.selu, rate: 0.1)
    let saturation = -1.0507009873554805 * 1.6732632423543772
    let a = 1 / (0.9 + saturation * saturation * 0.9 * 0.1).squareRoot()
    let b = -a * 0.1 * saturation
    for i in 0..<100 {
      let expected = a * (mask[i] == 1 ? Double(input[i]) : saturation) + b
      #expect(abs(values[i] - expected) < 1e-6)
    }
    #expect(Set(mask) == [0, 1])
  }

  /// Every other activation: a dropped unit is 0, a kept one 1/q times itself, so that the mean stays.
  @Test(arguments: [Activation.relu, .tanh, .silu]) func invertedDropoutScalesWhatItKeeps(
    activation: Activation
  ) {
    let (values, mask, input) = dropped(activation, rate: 0.2)
    for i in 0..<100 {
      #expect(abs(values[i] - (mask[i] == 1 ? Double(input[i]) * 1.25 : 0)) < 1e-6)
    }
    let (mean, variance) = moments(values)
    #expect(abs(mean) < 5 * (1.25 / Double(Self.count)).squareRoot())
    #expect(abs(variance - 1.25) < 0.03)
  }

  @Test func theGradientPassesWhatWasKept() {
    let dropout = Dropout(rate: 0.2, activation: .relu)
    var gradient: [Float] = [1, -2, 3]
    dropout.backward(&gradient, mask: [1, 0, 1], count: 3)
    #expect(gradient == [1.25, 0, 3.75])
  }

  /// Rows, layers, epochs and samples have masks of their own; the same place has the same one.
  @Test func masksBelongToTheirPlace() {
    let dropout = Dropout(rate: 0.5, activation: .selu)
    func mask(epoch: Int, images: [Int32] = [5, 6], samples: Int, row: Int, layer: Int) -> [Float] {
      let tags = RowTags(count: images.count, seed: 1)
      for (i, image) in images.enumerated() { tags.numbers[i] = image }
      tags.epoch = epoch
      let mask = DropoutMask(
        dropout, rows: images.count * samples, units: 64, tags: tags, rowsPerTag: samples, layer: layer)
      mask.draw(row)
      return mask.mask.block(rows: row..<row + 1).values
    }
    let masks = [
      mask(epoch: 0, samples: 1, row: 0, layer: 0), mask(epoch: 1, samples: 1, row: 0, layer: 0),
      mask(epoch: 0, samples: 1, row: 1, layer: 0), mask(epoch: 0, samples: 1, row: 0, layer: 1),
      mask(epoch: 0, samples: 2, row: 1, layer: 0),
    ]
    #expect(Set(masks).count == masks.count)
    // Image 6 in either place; the third row of two samples each is the first of image 6.
    #expect(masks[2] == mask(epoch: 0, images: [6, 1], samples: 1, row: 0, layer: 0))
    #expect(masks[2] == mask(epoch: 0, samples: 2, row: 2, layer: 0))
  }
}
