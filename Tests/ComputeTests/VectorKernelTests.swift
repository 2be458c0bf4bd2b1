import CKernels
import Foundation
import Testing

@Test(arguments: Kernels.all)
func `exponential over the whole range`(_ kernels: Kernels) {
  let x: [Float] =
    [0, -0.0, 88, -87, -88, 88.6, 100, -100, .infinity, -.infinity, Float(bitPattern: 71362)]
    + (-80...80).map { Float($0) }
  var y = x
  kernels.exp(x, 1, &y, x.count)
  for (x, y) in zip(x, y) {
    let expected = exp(Double(x))
    if expected > Double(Float.greatestFiniteMagnitude) {
      #expect(y == .infinity)
    } else {
      #expect(abs(Double(y) - expected) <= 3e-7 * expected + 2e-38, "at \(x)")
    }
  }
  var nan: [Float] = [.nan]
  kernels.exp(nan, 1, &nan, 1)
  #expect(nan[0].isNaN)
}

@Test(arguments: Kernels.all)
func `bfloat16 rounds to nearest even and widens exactly`(_ kernels: Kernels) {
  let x: [Float] = [
    0, -0.0, 1, 1.00390625, 1.01171875, -3.14159, 65504, .infinity, -.infinity, Float(bitPattern: 71362),
    3.4e38,
  ]
  var halves = [UInt16](repeating: 0, count: x.count)
  kernels.to_bf16(x, &halves, x.count)
  #expect(halves == x.map(roundedToBFloat16))
  var back = x
  kernels.from_bf16(halves, &back, x.count)
  #expect(back.map(\.bitPattern) == halves.map { UInt32($0) << 16 })
}

@Test(arguments: Kernels.all)
func `sums, scales and standardizing agree with plain loops`(_ kernels: Kernels) {
  let n = 5003
  let x = (0..<n).map { Float(($0 * 7919) % 1000) * 0.01 - 5 }
  let squares = x.reduce(0.0) { $0 + Double($1) * Double($1) }
  #expect(abs(kernels.sum_of_squares(x, n) - squares) < 1e-6 * squares)

  var scaled = x
  kernels.scale(&scaled, 0.25, n)
  #expect(scaled == x.map { $0 * 0.25 })
  var halved = scaled.map(roundedToBFloat16)
  let widened = halved.map { Float(bitPattern: UInt32($0) << 16) }
  kernels.scale_bf16(&halved, 0.3, n)
  #expect(halved == widened.map { roundedToBFloat16($0 * 0.3) })

  let bytes = (0..<300).map { UInt8($0 % 256) }
  var target = [Float](repeating: -1, count: 300)
  kernels.scale_bytes(bytes, &target, 300)
  for (byte, value) in zip(bytes, target) { #expect(abs(value - Float(byte) / 255) <= Float.ulpOfOne / 2) }
  #expect(target[0] == 0 && target[255] == 1)
  let factor = (0..<300).map { Float($0 + 1) * 0.01 }
  let shift = (0..<300).map { Float($0) - 100 }
  var input = target
  kernels.standardize(target, factor, shift, &input, 300)
  var halves = [UInt16](repeating: 0, count: 300)
  kernels.standardize_bf16(target, factor, shift, &halves, 300)
  for i in 0..<300 {
    #expect(abs(input[i] - (target[i] * factor[i] + shift[i])) < 1e-5)
    #expect(halves[i] == roundedToBFloat16(input[i]))
  }
}

@Test(arguments: [1, 16, 37], Kernels.all)
func `column sums add to what is there`(_ columns: Int, _ kernels: Kernels) {
  let (rows, stride) = (9, 40)
  let x = (0..<rows * stride).map { Float($0 % 13) - 6 }
  var sums = [Float](repeating: 1, count: columns)
  kernels.column_sums(x, rows, stride, columns, &sums)
  let expected = (0..<columns).map { column in
    (0..<rows).reduce(Float(1)) { $0 + x[$1 * stride + column] }
  }
  #expect(sums == expected)
  var halves = [UInt16](repeating: 0, count: x.count)
  kernels.to_bf16(x, &halves, x.count)
  sums = [Float](repeating: 1, count: columns)
  kernels.column_sums_bf16(halves, rows, stride, columns, &sums)
  #expect(sums == expected)
}

@Test(arguments: [3, 16, 1000], Kernels.all)
func `Adam agrees with its scalar reference`(_ n: Int, _ kernels: Kernels) {
  var step = selva_adam_step()
  (step.beta1, step.beta2, step.epsilon) = (0.9, 0.999, 1e-8)
  (step.gradient_scale, step.step_size, step.inverse_root_correction) = (0.5, 2e-3, 3.2)
  (step.decay, step.average_decay) = (0.999, 0.9)
  let gradient = (0..<n).map { sin(Float($0)) * ($0 % 5 == 0 ? 0 : 1) }
  var weights = (0..<n).map { cos(Float($0)) }
  var first = (0..<n).map { Float($0 % 3) * 0.1 }
  var second = (0..<n).map { Float($0 % 4 + 1) * 0.01 }
  var average = [Float](repeating: 2, count: n)
  var halves = [UInt16](repeating: 0, count: n)
  var expected = (weights, first, second)
  var expectedAverage = [Double](repeating: 2, count: n)
  for _ in 0..<3 {
    selva_adam_reference(&step, &expected.0, &expected.1, &expected.2, gradient, n)
    for i in 0..<n { expectedAverage[i] = 0.9 * expectedAverage[i] + 0.1 * Double(expected.0[i]) }
    kernels.adam(&step, &weights, &first, &second, gradient, n, &halves, &average)
  }
  for i in 0..<n {
    #expect(abs(weights[i] - expected.0[i]) < 1e-6)
    #expect(abs(first[i] - expected.1[i]) < 1e-6)
    #expect(abs(second[i] - expected.2[i]) < 1e-6)
    #expect(halves[i] == roundedToBFloat16(weights[i]))
    #expect(abs(Double(average[i]) - expectedAverage[i]) < 1e-6)
  }
}

/// Without a copy in bfloat16 or an average, and with either alone, the weights move alike.
@Test(arguments: Kernels.all)
func `Adam moves weights alike whatever else it writes`(_ kernels: Kernels) {
  var step = selva_adam_step()
  (step.beta1, step.beta2, step.epsilon, step.gradient_scale) = (0.9, 0.999, 1e-8, 1)
  (step.step_size, step.inverse_root_correction, step.decay, step.average_decay) = (0.01, 2, 1, 0.5)
  let gradient = (0..<37).map { cos(Float($0)) }
  func moved(halves: Bool, average: Bool) -> (weights: [Float], halves: [UInt16], average: [Float]) {
    var weights = (0..<37).map { Float($0) * 0.1 }
    var (first, second) = ([Float](repeating: 0, count: 37), [Float](repeating: 0, count: 37))
    var (copies, averages) = ([UInt16](repeating: 0, count: 37), [Float](repeating: 0, count: 37))
    copies.withUnsafeMutableBufferPointer { copies in
      averages.withUnsafeMutableBufferPointer { averages in
        kernels.adam(
          &step, &weights, &first, &second, gradient, 37, halves ? copies.baseAddress : nil,
          average ? averages.baseAddress : nil)
      }
    }
    return (weights, copies, averages)
  }
  let both = moved(halves: true, average: true)
  #expect(both.halves == both.weights.map(roundedToBFloat16))
  #expect(both.average == both.weights.map { $0 * 0.5 })
  for (halves, average) in [(true, false), (false, true), (false, false)] {
    let some = moved(halves: halves, average: average)
    #expect(some.weights == both.weights)
    #expect(some.halves == (halves ? both.halves : [UInt16](repeating: 0, count: 37)))
    #expect(some.average == (average ? both.average : [Float](repeating: 0, count: 37)))
  }
}

@Test(arguments: Kernels.all)
func `the first number that is not finite is found wherever it stands`(_ kernels: Kernels) {
  // Large and small ones, whose sum would overflow: it is not their sum that is looked at.
  let n = 4096 + 4096 + 37
  let x = (0..<n).map { [Float.greatestFiniteMagnitude, -0.0, -1, .leastNonzeroMagnitude][$0 % 4] }
  for count in [0, 1, 15, 16, 17, 4095, 4096, 4097, n] { #expect(kernels.finite_prefix(x, count) == count) }
  for place in [0, 15, 16, 4095, 4096, 8191, 8192, n - 1] {
    for value in [Float.nan, -.nan, .infinity, -.infinity, .signalingNaN] {
      var broken = x
      broken[place] = value
      broken[n - 1] = value
      #expect(kernels.finite_prefix(broken, n) == place, "\(value) at \(place)")
      #expect(kernels.finite_prefix(broken, place) == place)
    }
  }
}
