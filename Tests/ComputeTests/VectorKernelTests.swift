import CKernels
import Foundation
import Testing

@Test func `exponential over the whole range`() {
  let x: [Float] =
    [0, -0.0, 88, -87, -88, 88.6, 100, -100, .infinity, -.infinity, Float(bitPattern: 71362)]
    + (-80...80).map { Float($0) }
  var y = x
  selva_exp(x, 1, &y, x.count)
  for (x, y) in zip(x, y) {
    let expected = exp(Double(x))
    if expected > Double(Float.greatestFiniteMagnitude) {
      #expect(y == .infinity)
    } else {
      #expect(abs(Double(y) - expected) <= 3e-7 * expected + 2e-38, "at \(x)")
    }
  }
  var nan: [Float] = [.nan]
  selva_exp(nan, 1, &nan, 1)
  #expect(nan[0].isNaN)
}

@Test func `bfloat16 rounds to nearest even and widens exactly`() {
  let x: [Float] = [
    0, -0.0, 1, 1.00390625, 1.01171875, -3.14159, 65504, .infinity, -.infinity, Float(bitPattern: 71362),
    3.4e38,
  ]
  var halves = [UInt16](repeating: 0, count: x.count)
  selva_to_bf16(x, &halves, x.count)
  #expect(halves == x.map(roundedToBFloat16))
  var back = x
  selva_from_bf16(halves, &back, x.count)
  #expect(back.map(\.bitPattern) == halves.map { UInt32($0) << 16 })
}

@Test func `sums, scales and standardizing agree with plain loops`() {
  let n = 5003
  let x = (0..<n).map { Float(($0 * 7919) % 1000) * 0.01 - 5 }
  let squares = x.reduce(0.0) { $0 + Double($1) * Double($1) }
  #expect(abs(selva_sum_of_squares(x, n) - squares) < 1e-6 * squares)

  var scaled = x
  selva_scale(&scaled, 0.25, n)
  #expect(scaled == x.map { $0 * 0.25 })

  let bytes = (0..<300).map { UInt8($0 % 256) }
  var target = [Float](repeating: -1, count: 300)
  selva_scale_bytes(bytes, &target, 300)
  for (byte, value) in zip(bytes, target) { #expect(abs(value - Float(byte) / 255) <= Float.ulpOfOne / 2) }
  #expect(target[0] == 0 && target[255] == 1)
  let factor = (0..<300).map { Float($0 + 1) * 0.01 }
  let shift = (0..<300).map { Float($0) - 100 }
  var input = target
  selva_standardize(target, factor, shift, &input, 300)
  var halves = [UInt16](repeating: 0, count: 300)
  selva_standardize_bf16(target, factor, shift, &halves, 300)
  for i in 0..<300 {
    #expect(abs(input[i] - (target[i] * factor[i] + shift[i])) < 1e-5)
    #expect(halves[i] == roundedToBFloat16(input[i]))
  }
}

@Test(arguments: [1, 16, 37])
func `column sums add to what is there`(_ columns: Int) {
  let (rows, stride) = (9, 40)
  let x = (0..<rows * stride).map { Float($0 % 13) - 6 }
  var sums = [Float](repeating: 1, count: columns)
  selva_column_sums(x, rows, stride, columns, &sums)
  let expected = (0..<columns).map { column in
    (0..<rows).reduce(Float(1)) { $0 + x[$1 * stride + column] }
  }
  #expect(sums == expected)
  var halves = [UInt16](repeating: 0, count: x.count)
  selva_to_bf16(x, &halves, x.count)
  sums = [Float](repeating: 1, count: columns)
  selva_column_sums_bf16(halves, rows, stride, columns, &sums)
  #expect(sums == expected)
}

@Test(arguments: [3, 16, 1000])
func `Adam agrees with its scalar reference`(_ n: Int) {
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
  for _ in 0..<3 {
    selva_adam_reference(&step, &expected.0, &expected.1, &expected.2, gradient, n)
    selva_adam(&step, &weights, &first, &second, gradient, n, &halves, &average)
  }
  for i in 0..<n {
    #expect(abs(weights[i] - expected.0[i]) < 1e-6)
    #expect(abs(first[i] - expected.1[i]) < 1e-6)
    #expect(abs(second[i] - expected.2[i]) < 1e-6)
    #expect(halves[i] == roundedToBFloat16(weights[i]))
    // 2 decays towards weights that hardly move.
    #expect(abs(average[i] - (weights[i] + (2 - weights[i]) * 0.729)) < 0.05)
  }
}
