import CKernels
import Foundation
import Testing

private let kinds: [Int32] = [0, 1, 2, 3, 4, 5, 6, 7]

/// Every value that breaks careless code, and enough ordinary ones to fill vectors and leave a tail.
private let inputs: [Float] =
  [
    0, -0.0, .infinity, -.infinity, 88, -88, 88.8, -104, Float(bitPattern: 71362), -Float(bitPattern: 71362),
    .leastNonzeroMagnitude, 3e38, -3e38,
  ]
  + (-200...200).map { Float($0) * 0.0625 }
  + (1...30).flatMap { [pow(10, -Float($0)), -pow(10, -Float($0))] }

private func isClose(_ a: Float, _ b: Double, relative: Double = 2e-6, absolute: Double = 4e-7) -> Bool {
  let expected = Float(b)
  if expected.isInfinite || a.isInfinite { return expected == a }
  return abs(Double(a) - b) <= max(absolute, relative * abs(b))
}

@Test(arguments: kinds, Kernels.all)
func `activations agree with the scalar reference`(_ kind: Int32, _ kernels: Kernels) {
  var output = [Float](repeating: 0, count: inputs.count)
  kernels.activation_forward(kind, inputs, &output, inputs.count)
  for (x, y) in zip(inputs, output) {
    let expected = selva_activation_reference(kind, Double(x))
    #expect(isClose(y, expected), "kind \(kind) at \(x): \(y), expected \(expected)")
  }
}

@Test(arguments: Kernels.all)
func `SELU keeps its relative precision near zero`(_ kernels: Kernels) {
  let small = (1...30).map { -pow(10, -Float($0)) }
  var output = small
  kernels.activation_forward(0, small, &output, small.count)
  for (x, y) in zip(small, output) {
    let expected = selva_activation_reference(0, Double(x))
    #expect(abs(Double(y) - expected) <= 3e-7 * abs(expected))
  }
}

@Test(arguments: kinds, Kernels.all)
func `activations keep NaN`(_ kind: Int32, _ kernels: Kernels) {
  let x = [Float](repeating: .nan, count: 17)
  var y = [Float](repeating: 0, count: 17)
  var halves = [UInt16](repeating: 0, count: 17)
  kernels.activation_forward(kind, x, &y, 17)
  kernels.activation_forward_bf16(kind, x, &halves, 17)
  for value in y { #expect(value.isNaN) }
  for half in halves { #expect(Float(bitPattern: UInt32(half) << 16).isNaN) }
}

@Test(arguments: kinds, Kernels.all)
func `activation gradients agree with the scalar derivative`(_ kind: Int32, _ kernels: Kernels) {
  let finite = inputs.filter { abs($0) < 1e30 }
  var output = finite
  kernels.activation_forward(kind, finite, &output, finite.count)
  let reference = selva_derivative_from_output(kind) != 0 ? output : finite
  let gradient = finite.indices.map { 0.5 + Float($0 % 7) }
  var result = gradient
  kernels.activation_backward(kind, reference, gradient, &result, finite.count)
  for i in finite.indices where finite[i] != 0 {
    let expected = Double(gradient[i]) * selva_activation_derivative_reference(kind, Double(finite[i]))
    // From the output, 1 - y² and y + λα lose what y has rounded away.
    #expect(isClose(result[i], expected, absolute: 4e-6), "kind \(kind) at \(finite[i])")
  }
}

@Test(arguments: kinds)
func `the derivative is the slope of the function`(_ kind: Int32) {
  let h = 1e-5
  for x in stride(from: -4.03, to: 4, by: 0.1) {
    let slope = (selva_activation_reference(kind, x + h) - selva_activation_reference(kind, x - h)) / (2 * h)
    #expect(abs(slope - selva_activation_derivative_reference(kind, x)) < 1e-8)
  }
}

@Test(arguments: kinds, Kernels.all)
func `bfloat16 activations are the float32 ones, rounded to nearest even`(_ kind: Int32, _ kernels: Kernels) {
  let finite = inputs.filter { abs($0) < 1e30 }
  var output = finite
  var halves = [UInt16](repeating: 0, count: finite.count)
  kernels.activation_forward(kind, finite, &output, finite.count)
  kernels.activation_forward_bf16(kind, finite, &halves, finite.count)
  for (y, half) in zip(output, halves) { #expect(half == roundedToBFloat16(y)) }

  let gradient = [Float](repeating: 1.5, count: finite.count)
  var result = halves
  kernels.activation_backward_bf16(kind, finite, halves, gradient, &result, finite.count)
  let reference =
    selva_derivative_from_output(kind) != 0 ? halves.map { Float(bitPattern: UInt32($0) << 16) } : finite
  var expected = gradient
  kernels.activation_backward(kind, reference, gradient, &expected, finite.count)
  #expect(expected.map(roundedToBFloat16) == result)
}

func roundedToBFloat16(_ x: Float) -> UInt16 {
  let lower = UInt16(x.bitPattern >> 16)
  let rest = x.bitPattern & 0xffff
  let up = rest > 0x8000 || (rest == 0x8000 && lower & 1 == 1)
  return up ? lower &+ 1 : lower
}
