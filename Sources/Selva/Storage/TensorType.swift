import Files

/// Element types of stored arrays that can be read; all become `Float`.
enum TensorType: String {
  case f64 = "F64"
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"

  var byteCount: Int {
    switch self {
    case .f64: 8
    case .f32: 4
    case .f16, .bf16: 2
    }
  }

  /// The values in `bytes`, little-endian and not necessarily aligned; each is copied once.
  func floats(_ bytes: UnsafeRawBufferPointer) -> [Float] {
    let total = bytes.count / byteCount
    return Array(unsafeUninitializedCapacity: total) { values, count in
      count = total
      switch self {
      case .f32:
        // As they are: all hosts that Swift runs on are little-endian.
        UnsafeMutableRawBufferPointer(values).copyMemory(from: bytes)
      case .f64:
        for i in 0..<total {
          values.initializeElement(
            at: i, to: Float(bytes.loadUnaligned(fromByteOffset: 8 * i, as: Double.self)))
        }
      case .f16, .bf16:
        for i in 0..<total {
          let bits = bytes.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)
          let value = self == .f16 ? HalfFloat.value(bits) : Float(bitPattern: UInt32(bits) << 16)
          values.initializeElement(at: i, to: value)
        }
      }
    }
  }
}
