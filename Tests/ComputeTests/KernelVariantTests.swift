import CKernels
import Testing

/// Versions for different processors against the plainest. They may differ where one fuses a product and a sum;
/// whole numbers, bits and roundings may not.
@Suite struct KernelVariantTests {
  private static let others = Array(Kernels.all.filter { $0.testDescription != "default" })
  private let plain = Kernels.all.first { $0.testDescription == "default" } ?? Kernels.all[0]
  private let count = 1003

  private func wave(_ scale: Float, _ step: Int = 7919) -> [Float] {
    (0..<count).map { (Float($0 * step % 2003) / 1001.5 - 1) * scale }
  }

  private func made(_ kernel: (UnsafeMutablePointer<Float>) -> Void) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      buffer.initialize(repeating: 0)
      if let base = buffer.baseAddress { kernel(base) }
      initialized = count
    }
  }

  private func expectClose(
    _ a: [Float], _ b: [Float], _ location: SourceLocation = #_sourceLocation
  ) {
    let error = zip(a, b).reduce(Float(0)) { max($0, abs($1.0 - $1.1) / max(1, abs($1.1))) }
    #expect(error < 2e-6, sourceLocation: location)
  }

  @Test(arguments: others) func functionsAgree(_ kernels: Kernels) {
    let (x, d) = (wave(9), wave(2, 104_729))
    for kind in Int32(0)..<8 {
      expectClose(
        made { kernels.activation_forward(kind, x, $0, count) },
        made { plain.activation_forward(kind, x, $0, count) })
      expectClose(
        made { kernels.activation_backward(kind, x, d, $0, count) },
        made { plain.activation_backward(kind, x, d, $0, count) })
    }
    expectClose(made { kernels.exp(x, 0.5, $0, count) }, made { plain.exp(x, 0.5, $0, count) })
    expectClose(made { kernels.sigmoid(x, $0, count) }, made { plain.sigmoid(x, $0, count) })
    expectClose(
      made { kernels.standardize(x, d, x, $0, count) }, made { plain.standardize(x, d, x, $0, count) })
    expectClose(
      made { kernels.column_sums(x, 10, 100, 100, $0) }, made { plain.column_sums(x, 10, 100, 100, $0) })
    let squares = (kernels.sum_of_squares(x, count), plain.sum_of_squares(x, count))
    #expect(abs(squares.0 - squares.1) < 1e-6 * squares.1)
  }

  @Test(arguments: others) func likelihoodsAgree(_ kernels: Kernels) {
    let (l, x) = (wave(9), wave(0.5, 104_729).map { $0 + 0.5 })
    func losses(_ kernels: Kernels) -> (losses: [Double], gradients: [[Float]]) {
      var losses: [Double] = []
      var square = 0.0
      let spreads: [Float] = [0.3, -0.5, 0.1]
      var (slopes, others) = ([0.0, 0, 0], [0.0, 0, 0])
      let gradients = [
        made { losses.append(kernels.bernoulli(l, x, $0, nil, 0.5, count)) },
        made { losses.append(kernels.continuous_bernoulli(l, x, $0, nil, 0.5, count)) },
        made { losses.append(kernels.gaussian(l, x, 0.3, $0, nil, 0.5, count, &square)) },
        made { losses.append(kernels.gaussian_channels(l, x, spreads, 3, $0, nil, 0.5, 1002, &slopes)) },
        made { losses.append(kernels.discretized_logistic(l, x, spreads, 3, $0, nil, 0.5, 1002, &others)) },
      ]
      return (losses + [square] + slopes + others, gradients)
    }
    let (found, expected) = (losses(kernels), losses(plain))
    for (a, b) in zip(found.losses, expected.losses) { #expect(abs(a - b) < 1e-6 * abs(b)) }
    for (a, b) in zip(found.gradients, expected.gradients) { expectClose(a, b) }
  }

  @Test(arguments: others) func normalsAgree(_ kernels: Kernels) {
    var stream = selva_stream(key: (8, 1 << 31), counter: (1, 2, 3))
    expectClose(made { kernels.normals(&stream, $0, count) }, made { plain.normals(&stream, $0, count) })
  }

  @Test(arguments: others) func wholeNumbersAndRoundingsAreTheSame(_ kernels: Kernels) {
    let x = wave(3)
    var stream = selva_stream(key: (8, 1 << 31), counter: (1, 2, 3))
    func exact(_ kernels: Kernels) -> (bits: [UInt32], halves: [UInt16], floats: [[Float]]) {
      var (bits, halves) = ([UInt32](repeating: 0, count: count), [UInt16](repeating: 0, count: count))
      kernels.random_bits(&stream, &bits, count)
      kernels.to_bf16(x, &halves, count)
      let floats = [
        made { kernels.binarize(&stream, x, $0, count) }, made { kernels.from_bf16(halves, $0, count) },
        made { kernels.scale_bytes(halves.map { UInt8(truncatingIfNeeded: $0) }, $0, count) },
      ]
      kernels.scale_bf16(&halves, 0.7, count)
      return (bits, halves, floats)
    }
    let (found, expected) = (exact(kernels), exact(plain))
    #expect(found.bits == expected.bits)
    #expect(found.halves == expected.halves)
    #expect(found.floats == expected.floats)
  }

  @Test(arguments: others) func stepsAgree(_ kernels: Kernels) {
    var step = selva_adam_step()
    (step.beta1, step.beta2, step.epsilon, step.gradient_scale) = (0.9, 0.999, 1e-8, 0.5)
    (step.step_size, step.inverse_root_correction, step.decay, step.average_decay) = (0.01, 3, 0.99, 0.9)
    func moved(_ kernels: Kernels) -> [[Float]] {
      var (w, m, v, average) = (wave(1), wave(0.1), wave(0.5, 31).map(abs), wave(1, 17))
      kernels.adam(&step, &w, &m, &v, wave(0.3, 104_729), count, nil, &average)
      return [w, m, v, average]
    }
    for (a, b) in zip(moved(kernels), moved(plain)) { expectClose(a, b) }
  }
}
