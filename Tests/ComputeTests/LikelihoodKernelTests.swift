import CKernels
import Foundation
import Testing

private func row(_ count: Int) -> (logits: [Float], x: [Float]) {
  let special: [Float] = [0, -0.0, 88, -88, 120, -120, Float(bitPattern: 71362), 5e-3, -5e-3, 0.02]
  let logits = (0..<count).map { $0 % 3 == 0 ? special[$0 / 3 % special.count] : Float($0 % 41 - 20) * 0.3 }
  return (logits, (0..<count).map { [0, 1, 0.25, 0.7][$0 % 4] })
}

@Test(arguments: [1, 15, 16, 17, 784, 1600, 5000])
func `Bernoulli loss and gradient agree with the scalar reference`(_ count: Int) {
  let (logits, x) = row(count)
  var expected = [Double](repeating: 0, count: count)
  let loss = selva_bernoulli_reference(logits, x, &expected, count)
  var gradient = [Float](repeating: 0, count: count)
  let found = selva_bernoulli(logits, x, &gradient, nil, 0.5, count)
  #expect(abs(found - loss) <= 1e-6 * abs(loss) + 1e-6)
  for i in 0..<count { #expect(abs(Double(gradient[i]) - 0.5 * expected[i]) < 2e-7) }
  #expect(selva_bernoulli(logits, x, nil, nil, 0, count) == found)

  var halves = [UInt16](repeating: 0, count: count)
  #expect(selva_bernoulli(logits, x, nil, &halves, 0.5, count) == found)
  #expect(gradient.map(roundedToBFloat16) == halves)
}

@Test func `Bernoulli loss is not a number where a logit is not`() {
  for position in [0, 20, 33] {
    var logits = [Float](repeating: 1, count: 34)
    logits[position] = .nan
    #expect(selva_bernoulli(logits, [Float](repeating: 0, count: 34), nil, nil, 0, 34).isNaN)
  }
}

@Test func `continuous Bernoulli agrees with the paper's form`() {
  let logits = stride(from: Float(-12), through: 12, by: 0.0625).map { $0 }
  let x = logits.indices.map { Float($0 % 5) / 4 }
  var expected = [Double](repeating: 0, count: logits.count)
  let loss = selva_continuous_bernoulli_reference(logits, x, &expected, logits.count)
  var gradient = [Float](repeating: 0, count: logits.count)
  let found = selva_continuous_bernoulli(logits, x, &gradient, nil, 1, logits.count)
  #expect(abs(found - loss) < 2e-6 * abs(loss))
  for i in logits.indices { #expect(abs(Double(gradient[i]) - expected[i]) < 1e-6) }
}

@Test func `continuous Bernoulli is smooth through one half`() {
  // Either side of the switch between Taylor and the closed form.
  let logits: [Float] = [-0.0101, -0.0099, 0, 0.0099, 0.0101]
  var gradient = [Float](repeating: 0, count: 5)
  _ = selva_continuous_bernoulli(logits, [Float](repeating: 0.5, count: 5), &gradient, nil, 1, 5)
  for (l, g) in zip(logits, gradient) {
    // d/dl (softplus(l) - l/2 - log C) = l/4 - l/6 + O(l³)
    #expect(abs(g - l / 12) < 1e-6)
  }
}

@Test func `Gaussian loss and gradient agree with the density`() {
  let means = (0..<37).map { Float($0) * 0.05 - 0.5 }
  let x = (0..<37).map { Float($0 % 3) * 0.5 }
  let logVariance: Float = -1.5
  var gradient = [Float](repeating: 0, count: 37)
  var squareError = 0.0
  let found = selva_gaussian(means, x, logVariance, &gradient, nil, 2, 37, &squareError)
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

@Test func `sigmoid agrees with its definition at the extremes too`() {
  let x: [Float] = [0, -0.0, 88, -88, 200, -200, .infinity, -.infinity, 1, -1, 1e-30]
  var y = x
  selva_sigmoid(x, &y, x.count)
  for (x, y) in zip(x, y) { #expect(abs(Double(y) - 1 / (1 + exp(-Double(x)))) < 1.2e-7) }
}
