import CKernels

/// What a stream of random numbers is for. Two purposes never share numbers.
package enum RandomPurpose: UInt32, Sendable {
  case initialization = 1
  case order, training, dropout, binarization
  case evaluation, evaluationBinarization, importance
  case latents, encoding, split, activations
  case component, pseudoInputs
}

/// Random numbers that are a pure function of (seed, purpose, epoch, image, sample, position): Philox4x32-10
/// (Salmon et al. 2011). Nothing is carried from one draw to the next, so results depend neither on how work is
/// split over threads nor on where a run was stopped and resumed.
package struct RandomStream: Sendable {
  private var stream: selva_stream

  package init(
    seed: UInt64, _ purpose: RandomPurpose, epoch: Int = 0, image: Int = 0, sample: Int = 0
  ) {
    let key1 = UInt32(truncatingIfNeeded: seed >> 32) ^ (purpose.rawValue &* 0x9E37_79B9)
    stream = selva_stream(
      key: (UInt32(truncatingIfNeeded: seed), key1),
      counter: (
        UInt32(truncatingIfNeeded: sample), UInt32(truncatingIfNeeded: image),
        UInt32(truncatingIfNeeded: epoch)
      ))
  }

  /// Standard normals: values `0 ..< count` of the stream.
  package func normals(into output: UnsafeMutablePointer<Float>, count: Int) {
    withUnsafePointer(to: stream) { selva_normals($0, output, count) }
  }

  package func normals(_ count: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let base = buffer.baseAddress { normals(into: base, count: count) }
      initialized = count
    }
  }

  /// 1 with probability `probabilities[i]`, else 0.
  package func binarize(
    _ probabilities: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, count: Int
  ) {
    withUnsafePointer(to: stream) { selva_binarize($0, probabilities, output, count) }
  }

  package func bits(_ count: Int) -> [UInt32] {
    [UInt32](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let base = buffer.baseAddress {
        withUnsafePointer(to: stream) { selva_random_bits($0, base, count) }
      }
      initialized = count
    }
  }

  /// `0 ..< count` in random order (Fisher & Yates; the bias of taking 32 bits modulo a range is under
  /// count / 2^32).
  package func permutation(_ count: Int) -> [Int32] {
    var order = [Int32](0..<Int32(count))
    let random = bits(count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, Int((UInt64(random[last]) &* UInt64(last + 1)) >> 32))
    }
    return order
  }
}
