import CKernels
import Foundation
import Testing

/// Likelihoods with a spread for each channel, against the scalar reference.
@Suite struct ChannelKernelTests {
  enum Kind: CaseIterable { case gaussian, logistic }

  private struct Found: Equatable {
    var loss = 0.0
    var gradient: [Float]
    var halves: [UInt16]
    var slopes = [0.0, 0, 0]
  }

  private static let spreads: [Float] = [-2, -3.5, -1.25]

  private func row(_ count: Int) -> (means: [Float], x: [Float]) {
    let means = (0..<count).map { Float($0 * 37 % 101) * 0.012 - 0.1 }
    // Both ends among the levels, and values between two levels.
    let x = (0..<count).map { [0, 1, 0.25, Float($0 * 53 % 256) / 255, 0.7003][$0 % 5] }
    return (means, x)
  }

  private func run(
    _ kind: Kind, _ kernels: Kernels, _ means: [Float], _ x: [Float], channels: Int,
    spreads: [Float] = spreads,
    gradient wantsGradient: Bool = true, halves wantsHalves: Bool = false
  ) -> Found {
    let count = means.count
    var found = Found(
      gradient: [Float](repeating: 0, count: count), halves: [UInt16](repeating: 0, count: count))
    let kernel = kind == .gaussian ? kernels.gaussian_channels : kernels.discretized_logistic
    found.gradient.withUnsafeMutableBufferPointer { gradient in
      found.halves.withUnsafeMutableBufferPointer { halves in
        found.loss = kernel(
          means, x, spreads, channels, wantsGradient ? gradient.baseAddress : nil,
          wantsHalves ? halves.baseAddress : nil, 0.5, count, &found.slopes)
      }
    }
    return found
  }

  @Test(arguments: Kind.allCases, Kernels.all) func agreesWithTheReference(_ kind: Kind, _ kernels: Kernels) {
    for channels in [1, 3] {
      for count in [3, 15, 16 * 3, 51, 768, 2400, 3072] {
        let (means, x) = row(count)
        var (gradient, slopes) = ([Double](repeating: 0, count: count), [0.0, 0, 0])
        let reference =
          kind == .gaussian ? selva_gaussian_channels_reference : selva_discretized_logistic_reference
        let loss = reference(means, x, Self.spreads, channels, &gradient, count, &slopes)
        let found = run(kind, kernels, means, x, channels: channels)
        let name = "\(channels) of \(count)"
        #expect(abs(found.loss - loss) <= 1e-6 * abs(loss) + 1e-5, "\(name)")
        for i in 0..<count {
          #expect(abs(Double(found.gradient[i]) - 0.5 * gradient[i]) < 1e-4, "\(name), \(i)")
        }
        for channel in 0..<channels {
          #expect(
            abs(found.slopes[channel] - slopes[channel]) <= 2e-6 * Double(count) + 1e-5
              * abs(slopes[channel]),
            "\(name), channel \(channel)")
        }
      }
    }
  }

  @Test(arguments: Kind.allCases, Kernels.all) func bfloat16IsFloat32Rounded(_ kind: Kind, _ kernels: Kernels)
  {
    for count in [3, 48, 51, 783] {
      let (means, x) = row(count)
      let single = run(kind, kernels, means, x, channels: 3)
      let half = run(kind, kernels, means, x, channels: 3, gradient: false, halves: true)
      let none = run(kind, kernels, means, x, channels: 3, gradient: false)
      #expect(half.halves == single.gradient.map(roundedToBFloat16))
      #expect(half.loss == single.loss && none.loss == single.loss)
      #expect(half.slopes == single.slopes && none.slopes == single.slopes)
    }
  }

  struct Shape: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let mean: Float
    let logScale: Float

    init(_ name: String, _ mean: Float, _ logScale: Float) {
      (testDescription, self.mean, self.logScale) = (name, mean, logScale)
    }
  }

  static let shapes = [
    Shape("ordinary", 0.3, -2), Shape("wide", 0.7, 0), Shape("mean below", -0.4, -1),
    Shape("mean above", 1.3, -4), Shape("narrow", 0.5004, -9), Shape("very wide", 0.25, 3),
  ]

  /// In float32, so to 256 roundings.
  @Test(arguments: shapes, Kernels.all) func theLevelsAddUpToOne(_ of: Shape, _ kernels: Kernels) {
    let total = (0...255).reduce(0.0) { total, level in
      let found = run(
        .logistic, kernels, [of.mean], [Float(level) / 255], channels: 1, spreads: [of.logScale])
      return total + exp(-found.loss)
    }
    #expect(abs(total - 1) < 2e-4, "\(total)")
  }

  /// In the tail, −log P grows by 1/s with the distance; the paper's difference of two sigmoids is 0 there.
  @Test(arguments: Kernels.all) func farAndNarrowStayFinite(_ kernels: Kernels) {
    let s = exp(Float(-5))
    let found = run(.logistic, kernels, [100, -100, 0.2], [0.4, 0.4, 0.2], channels: 1, spreads: [-5])
    let middle = -log(tanh(0.25 / 255 / Double(s)))
    // (|x − m| − h) / s, and the logarithm of what a level of this width takes: 1 − e^(−2h/s).
    let tail = [99.6, 100.4].map { ($0 - 0.5 / 255) / Double(s) - log(1 - exp(-1 / 255 / Double(s))) }
    #expect(abs(found.loss / (tail[0] + tail[1] + middle) - 1) < 1e-5)
    #expect(abs(found.gradient[0] * s - 0.5) < 1e-5 && abs(found.gradient[1] * s + 0.5) < 1e-5)
    for logScale in [-30, -59, -100, -.greatestFiniteMagnitude] as [Float] {
      let found = run(
        .logistic, kernels, [100, -100, 0.6], [0.4, 0, 0.6], channels: 3,
        spreads: [Float](repeating: logScale, count: 3))
      #expect(found.loss.isFinite && found.loss > 0)
      #expect(found.gradient.allSatisfy(\.isFinite) && found.slopes.allSatisfy(\.isFinite))
    }
  }

  /// Every factor is nearly 2 here, and the product of all would be no number.
  @Test(arguments: Kernels.all) func wideScalesOfManyPixelsDoNotOverflow(_ kernels: Kernels) {
    let (means, x) = row(3072)
    let spreads: [Float] = [3, 3, 3]
    var slopes = [0.0, 0, 0]
    let loss = selva_discretized_logistic_reference(means, x, spreads, 3, nil, 3072, &slopes)
    let found = run(.logistic, kernels, means, x, channels: 3, spreads: spreads)
    #expect(abs(found.loss - loss) < 1e-5 * loss)
  }

  /// On the level with a scale far under its width, the level is certain.
  @Test(arguments: Kernels.all) func aCertainLevelCostsNothing(_ kernels: Kernels) {
    let found = run(.logistic, kernels, [0, 0.2, 1], [0, 0.2, 1], channels: 3, spreads: [-12, -12, -12])
    #expect(abs(found.loss) < 1e-6)
    #expect(found.gradient.allSatisfy { abs($0) < 1e-6 })
  }

  @Test(arguments: Kind.allCases, Kernels.all) func isNotANumberWhereAMeanIsNot(
    _ kind: Kind, _ kernels: Kernels
  ) {
    for position in [0, 20, 50] {
      for x in [0, 0.5, 1] as [Float] {
        var means = [Float](repeating: 0.5, count: 51)
        means[position] = .nan
        let found = run(kind, kernels, means, [Float](repeating: x, count: 51), channels: 3, gradient: false)
        #expect(found.loss.isNaN, "\(position), \(x)")
      }
    }
  }
}
