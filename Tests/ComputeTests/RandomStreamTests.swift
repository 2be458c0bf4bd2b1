import CKernels
import Foundation
import Testing

@testable import Compute

/// Random123's known-answer vectors for philox4x32-10 (kat_vectors, Salmon et al. 2011).
@Test(
  arguments: [
    ([0, 0, 0, 0], [0, 0], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
    (
      [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff], [0xffff_ffff, 0xffff_ffff],
      [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
    ),
    (
      [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
      [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
    ),
  ] as [([UInt32], [UInt32], [UInt32])])
func `Philox gives the published numbers`(_ vector: (counter: [UInt32], key: [UInt32], output: [UInt32])) {
  var output = [UInt32](repeating: 0, count: 4)
  selva_philox(vector.counter, vector.key, &output)
  #expect(output == vector.output)
}

@Test(arguments: [1, 4, 63, 64, 65, 1000], Kernels.all)
func `vector Philox is the scalar one`(_ count: Int, _ kernels: Kernels) {
  var stream = selva_stream(key: (7, 0x9999_9999), counter: (3, 2, 1))
  var found = [UInt32](repeating: 0, count: count)
  kernels.random_bits(&stream, &found, count)
  for block in 0...(count - 1) / 4 {
    var words = [UInt32](repeating: 0, count: 4)
    selva_philox([UInt32(block), 3, 2, 1], [7, 0x9999_9999], &words)
    for (j, word) in words.enumerated() where 4 * block + j < count { #expect(found[4 * block + j] == word) }
  }
}

@Test(arguments: Kernels.all)
func `normals agree with the scalar reference and with their distribution`(_ kernels: Kernels) {
  var stream = selva_stream(key: (1, 2), counter: (0, 5, 0))
  let count = 100_003
  var found = [Float](repeating: 0, count: count)
  var expected = [Double](repeating: 0, count: count)
  kernels.normals(&stream, &found, count)
  selva_normals_reference(&stream, &expected, count)
  for (x, y) in zip(found, expected) where abs(Double(x) - y) > 3e-6 { Issue.record("\(x), expected \(y)") }
  let mean = found.reduce(0.0) { $0 + Double($1) } / Double(count)
  let moment = { (power: Int) in found.reduce(0.0) { $0 + pow(Double($1), Double(power)) } / Double(count) }
  // Five standard errors each.
  #expect(abs(mean) < 5 / Double(count).squareRoot())
  #expect(abs(moment(2) - 1) < 5 * (2 / Double(count)).squareRoot())
  #expect(abs(moment(3)) < 5 * (15 / Double(count)).squareRoot())
  #expect(abs(moment(4) - 3) < 5 * (96 / Double(count)).squareRoot())
}

@Test func `binarization keeps 0 and 1 and follows probabilities`() {
  let stream = RandomStream(seed: 3, .binarization, epoch: 2, image: 9)
  let probabilities: [Float] = (0..<40_000).map { [0, 1, 0.25, 0.75][$0 % 4] }
  var drawn = probabilities
  stream.binarize(probabilities, into: &drawn, count: drawn.count)
  var totals = [Float](repeating: 0, count: 4)
  for (i, value) in drawn.enumerated() {
    #expect(value == 0 || value == 1)
    totals[i % 4] += value
  }
  #expect(totals[0] == 0)
  #expect(totals[1] == 10_000)
  // Five standard deviations of a binomial.
  #expect(abs(totals[2] - 2500) < 217)
  #expect(abs(totals[3] - 7500) < 217)
}

@Test func `streams differ by every one of their coordinates`() {
  let streams = [
    RandomStream(seed: 1, .training), RandomStream(seed: 2, .training),
    RandomStream(seed: 1 << 40, .training),
    RandomStream(seed: 1, .evaluation), RandomStream(seed: 1, .training, epoch: 1),
    RandomStream(seed: 1, .training, image: 1), RandomStream(seed: 1, .training, sample: 1),
  ]
  #expect(Set(streams.map { $0.bits(4) }).count == streams.count)
  #expect(RandomStream(seed: 1, .training).bits(4) == streams[0].bits(4))
  #expect(Array(streams[0].normals(100)[..<10]) == streams[0].normals(10))
}

@Test(arguments: [0, 1, 2, 1000])
func `a permutation holds every number once`(_ count: Int) {
  let order = RandomStream(seed: 1, .order).permutation(count)
  #expect(order.sorted() == [Int32](0..<Int32(count)))
  if count == 1000 { #expect(order != order.sorted()) }
}

/// A pixel is white where the uniform lies below its value, not where both are equal.
@Test(arguments: [1, 64, 100], Kernels.all)
func `binarization compares with the stream's own numbers`(_ count: Int, _ kernels: Kernels) {
  var stream = selva_stream(key: (5, 6), counter: (1, 2, 3))
  var words = [UInt32](repeating: 0, count: count)
  kernels.random_bits(&stream, &words, count)
  let uniforms = words.map { Float($0 >> 8) * 0x1p-24 }
  var drawn = [Float](repeating: -1, count: count)
  kernels.binarize(&stream, uniforms, &drawn, count)
  #expect(drawn == [Float](repeating: 0, count: count))
  kernels.binarize(&stream, uniforms.map(\.nextUp), &drawn, count)
  #expect(drawn == [Float](repeating: 1, count: count))
}
