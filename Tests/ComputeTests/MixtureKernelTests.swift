import CKernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Values that end where memory does: whoever reads on falls.
private final class LastValues {
  let values: UnsafeMutablePointer<Float>
  private let memory: UnsafeMutableRawPointer
  private let length: Int

  init(_ values: [Float]) {
    let page = Int(getpagesize())
    let used = (values.count * 4 + page - 1) / page * page
    length = used + page
    memory = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    precondition(mprotect(memory + used, page, PROT_NONE) == 0, "no page can be closed")
    self.values = (memory + used - values.count * 4).assumingMemoryBound(to: Float.self)
    self.values.update(from: values, count: values.count)
  }

  deinit { munmap(memory, length) }
}

/// Components of `n` values, means `stride` apart, against plain loops in double precision.
@Suite struct MixtureKernelTests {
  private static let sizes = [1, 3, 16, 17, 40]

  private func wave(_ count: Int, _ scale: Float, _ step: Int) -> [Float] {
    (0..<count).map { (Float($0 * step % 2003) / 1001.5 - 1) * scale }
  }

  private func agree(_ found: [Float], _ expected: [Double], _ location: SourceLocation = #_sourceLocation) {
    let size = expected.reduce(1e-3) { max($0, abs($1)) }
    for (a, b) in zip(found, expected) {
      #expect(abs(Double(a) - b) < 2e-6 * size, sourceLocation: location)
    }
  }

  @Test(arguments: Kernels.all, sizes)
  func distancesAndPulls(_ kernels: Kernels, n: Int) {
    let (components, stride) = (7, n + 5)
    let (z, means) = (wave(n, 2, 7919), wave(components * stride, 3, 104_729))
    let precisions = wave(components * n, 0.5, 31).map { $0 + 1 }
    let weights = wave(components, 1, 17)
    func row(_ values: [Float], _ k: Int, _ stride: Int) -> [Float] {
      Array(values[k * stride..<k * stride + n])
    }
    var distances = [Float](repeating: -1, count: components)
    kernels.mixture_distances(z, means, stride, precisions, components, n, &distances)
    agree(
      distances,
      (0..<components).map {
        selva_mixture_distance_reference(z, row(means, $0, stride), row(precisions, $0, n), n)
      })
    var gradient = wave(n, 1, 11)
    let before = gradient
    kernels.mixture_pull(z, means, stride, precisions, weights, components, n, &gradient)
    agree(
      gradient,
      (0..<n).map { i in
        (0..<components).reduce(Double(before[i])) { sum, k in
          sum + Double(weights[k]) * (Double(z[i]) - Double(means[k * stride + i]))
            * Double(precisions[k * n + i])
        }
      })
  }

  @Test(arguments: Kernels.all, sizes)
  func gradientsOfOneComponent(_ kernels: Kernels, n: Int) {
    let (rows, stride, components) = (9, n + 3, 4)
    let (z, mean) = (wave(rows * stride, 2, 7919), wave(n, 1, 104_729))
    let (precision, weights) = (wave(n, 0.5, 31).map { $0 + 1 }, wave(rows * components, 1, 17))
    var (first, second) = ([Float](repeating: -1, count: n), [Float](repeating: -1, count: n))
    kernels.mixture_component(z, stride, weights, components, rows, mean, precision, n, &first, &second)
    func sum(_ i: Int, _ term: (Double, Double) -> Double) -> Double {
      (0..<rows).reduce(0) { sum, row in
        sum + Double(weights[row * components])
          * term(Double(z[row * stride + i]) - Double(mean[i]), Double(precision[i]))
      }
    }
    agree(first, (0..<n).map { sum($0) { distance, precision in -distance * precision } })
    agree(
      second, (0..<n).map { sum($0) { distance, precision in 0.5 * (1 - distance * distance * precision) } })
  }

  /// From few components to more than are added up at once; the first far from the rest, so that the largest counts.
  @Test(arguments: Kernels.all, [1, 5, 16, 500, 2100])
  func shares(_ kernels: Kernels, components: Int) {
    let constants = wave(components, 3, 7919).enumerated().map { $0 == 0 ? $1 - 120 : $1 }
    let distances = wave(components, 2, 104_729).map { $0 + 2 }
    let logits = zip(constants, distances).map { Double($0) - 0.5 * Double($1) }
    let largest = logits.max()!
    let total = logits.reduce(0) { $0 + exp($1 - largest) }
    var shares = distances
    let density = kernels.mixture_shares(constants, &shares, components)
    #expect(abs(density - largest - log(total)) < 1e-6 * max(1, abs(largest)))
    for (share, logit) in zip(shares, logits) {
      #expect(abs(Double(share) - exp(logit - largest) / total) < 1e-6)
    }
    #expect(abs(shares.reduce(0) { $0 + Double($1) } - 1) < 1e-5)
  }

  /// Rows are read in whole vectors, but none past the end, and what follows a row does not count.
  @Test(arguments: Kernels.all, sizes)
  func nothingIsReadPastTheEnd(_ kernels: Kernels, n: Int) {
    let components = 5
    let (z, means) = (LastValues(wave(n, 2, 7919)), LastValues(wave(components * n, 3, 104_729)))
    let precisions = LastValues([Float](repeating: 1, count: components * n))
    let weights = wave(components, 1, 17)
    var distances = [Float](repeating: -1, count: components)
    kernels.mixture_distances(z.values, means.values, n, precisions.values, components, n, &distances)
    agree(
      distances,
      (0..<components).map {
        selva_mixture_distance_reference(z.values, means.values + $0 * n, precisions.values, n)
      })
    var (first, second) = ([Float](repeating: 0, count: n), [Float](repeating: 0, count: n))
    kernels.mixture_pull(z.values, means.values, n, precisions.values, weights, components, n, &first)
    agree(
      first,
      (0..<n).map { i in
        (0..<components).reduce(0) {
          $0 + Double(weights[$1]) * (Double(z.values[i]) - Double(means.values[$1 * n + i]))
        }
      })
    kernels.mixture_component(
      means.values, n, weights, 1, components, z.values, precisions.values + (components - 1) * n, n, &first,
      &second)
    agree(
      first,
      (0..<n).map { i in
        (0..<components).reduce(0) {
          $0 - Double(weights[$1]) * (Double(means.values[$1 * n + i]) - Double(z.values[i]))
        }
      })
  }
}
