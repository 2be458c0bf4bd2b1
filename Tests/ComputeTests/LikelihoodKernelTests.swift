import CKernels
import Foundation
import Testing

private func row(_ count: Int) -> (logits: [Float], x: [Float]) {
  let special: [Float] = [0, -0.0, 88, -88, 120, -120, Float(bitPattern: 71362), 5e-3, -5e-3, 0.02]
  let logits = (0..<count).map { $0 % 3 == 0 ? special[$0 / 3 % special.count] : Float($0 % 41 - 20) * 0.3 }
  return (logits, (0..<count).map { [0, 1, 0.25, 0.7][$0 % 4] })
}

@Test(arguments: [1, 15, 16, 17, 784, 1600, 5000], Kernels.all)
func `Bernoulli loss and gradient agree with the scalar reference`(_ count: Int, _ kernels: Kernels) {
  let (logits, x) = row(count)
  var expected = [Double](repeating: 0, count: count)
  let loss = selva_bernoulli_reference(logits, x, &expected, count)
  var gradient = [Float](repeating: 0, count: count)
  let found = kernels.bernoulli(logits, x, &gradient, nil, 0.5, count)
  #expect(abs(found - loss) <= 1e-6 * abs(loss) + 1e-6)
  for i in 0..<count { #expect(abs(Double(gradient[i]) - 0.5 * expected[i]) < 2e-7) }
  #expect(kernels.bernoulli(logits, x, nil, nil, 0, count) == found)

  var halves = [UInt16](repeating: 0, count: count)
  #expect(kernels.bernoulli(logits, x, nil, &halves, 0.5, count) == found)
  #expect(gradient.map(roundedToBFloat16) == halves)
}

/// Products of many factors of 2, which float32 holds 127 of.
@Test(arguments: Kernels.all)
func `Bernoulli loss of a large image without an opinion is log 2 a pixel`(_ kernels: Kernels) {
  let count = 20_000
  let zeros = [Float](repeating: 0, count: count)
  let found = kernels.bernoulli(zeros, zeros, nil, nil, 0, count)
  #expect(abs(found - Double(count) * log(2)) < 1e-6 * found)
}

@Test(arguments: Kernels.all)
func `Bernoulli loss is not a number where a logit is not`(_ kernels: Kernels) {
  for position in [0, 20, 33] {
    var logits = [Float](repeating: 1, count: 34)
    logits[position] = .nan
    #expect(kernels.bernoulli(logits, [Float](repeating: 0, count: 34), nil, nil, 0, 34).isNaN)
  }
}

@Test(arguments: Kernels.all)
func `continuous Bernoulli agrees with the paper's form`(_ kernels: Kernels) {
  let logits = stride(from: Float(-12), through: 12, by: 0.0625).map { $0 }
  let x = logits.indices.map { Float($0 % 5) / 4 }
  var expected = [Double](repeating: 0, count: logits.count)
  let loss = selva_continuous_bernoulli_reference(logits, x, &expected, logits.count)
  var gradient = [Float](repeating: 0, count: logits.count)
  let found = kernels.continuous_bernoulli(logits, x, &gradient, nil, 1, logits.count)
  #expect(abs(found - loss) < 2e-6 * abs(loss))
  for i in logits.indices { #expect(abs(Double(gradient[i]) - expected[i]) < 1e-6) }
}

@Test(arguments: Kernels.all)
func `continuous Bernoulli is smooth through one half`(_ kernels: Kernels) {
  // Either side of the switch between Taylor and the closed form.
  let logits: [Float] = [-0.0101, -0.0099, 0, 0.0099, 0.0101]
  var gradient = [Float](repeating: 0, count: 5)
  _ = kernels.continuous_bernoulli(logits, [Float](repeating: 0.5, count: 5), &gradient, nil, 1, 5)
  for (l, g) in zip(logits, gradient) {
    // d/dl (softplus(l) - l/2 - log C) = l/4 - l/6 + O(l³)
    #expect(abs(g - l / 12) < 1e-6)
  }
}

@Test(arguments: Kernels.all)
func `Gaussian loss and gradient agree with the density`(_ kernels: Kernels) {
  let means = (0..<37).map { Float($0) * 0.05 - 0.5 }
  let x = (0..<37).map { Float($0 % 3) * 0.5 }
  let logVariance: Float = -1.5
  var gradient = [Float](repeating: 0, count: 37)
  var squareError = 0.0
  let found = kernels.gaussian(means, x, logVariance, &gradient, nil, 2, 37, &squareError)
  let variance = exp(Double(logVariance))
  var loss = 0.0
  var squares = 0.0
  for i in 0..<37 {
    let d = Double(x[i]) - Double(means[i])
    squares += d * d
    loss += 0.5 * (log(2 * Double.pi * variance) + d * d / variance)
    #expect(abs(Double(gradient[i]) + 2 * d / variance) < 1e-5)
  }
  #expect(abs(found - loss) < 1e-5)
  #expect(abs(squareError - squares) < 1e-5)
}

@Test(arguments: Kernels.all)
func `sigmoid agrees with its definition at the extremes too`(_ kernels: Kernels) {
  let x: [Float] = [0, -0.0, 88, -88, 200, -200, .infinity, -.infinity, 1, -1, 1e-30]
  var y = x
  kernels.sigmoid(x, &y, x.count)
  for (x, y) in zip(x, y) { #expect(abs(Double(y) - 1 / (1 + exp(-Double(x)))) < 1.2e-7) }
}

/// bfloat16 keeps 8 bits, and the correction is rounded once more: 1 part in 128 of either summand.
@Test(arguments: [1, 16, 37, 100], Kernels.all)
func `continuous Bernoulli's bfloat16 gradient is the float32 one, rounded`(_ count: Int, _ kernels: Kernels)
{
  let logits = (0..<count).map { i -> Float in
    let shift: Float = i % 2 == 0 ? 0 : 0.003
    return Float(i % 41 - 20) * 0.21 + shift
  }
  let x = (0..<count).map { Float($0 % 5) / 4 }
  var gradient = [Float](repeating: 0, count: count)
  var halves = [UInt16](repeating: 0, count: count)
  let loss = kernels.continuous_bernoulli(logits, x, &gradient, nil, 0.5, count)
  #expect(kernels.continuous_bernoulli(logits, x, nil, &halves, 0.5, count) == loss)
  #expect(kernels.continuous_bernoulli(logits, x, nil, nil, 0.5, count) == loss)
  for i in 0..<count {
    let half = Float(bitPattern: UInt32(halves[i]) << 16)
    #expect(abs(half - gradient[i]) < 0.5 / 128, "\(half), \(gradient[i])")
  }
}

@Test(arguments: [1, 16, 37, 784], Kernels.all)
func `Gaussian's bfloat16 gradient is the float32 one, rounded`(_ count: Int, _ kernels: Kernels) {
  let means = (0..<count).map { Float($0 % 31) * 0.05 - 0.5 }
  let x = (0..<count).map { Float($0 % 3) * 0.5 }
  var gradient = [Float](repeating: 0, count: count)
  var halves = [UInt16](repeating: 0, count: count)
  var (squareError, again) = (0.0, 0.0)
  let loss = kernels.gaussian(means, x, -1.5, &gradient, nil, 0.25, count, &squareError)
  #expect(kernels.gaussian(means, x, -1.5, nil, &halves, 0.25, count, &again) == loss)
  #expect(again == squareError)
  #expect(halves == gradient.map(roundedToBFloat16))
  for i in 0..<count {
    #expect(abs(gradient[i] - 0.25 * (means[i] - x[i]) * 4.4816891) < 1e-5)
  }
}
