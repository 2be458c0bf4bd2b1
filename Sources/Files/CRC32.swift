import CZlib

/// The CRC-32 of gzip, PNG and zlib, taken piece by piece: bytes come to the same value however they are cut.
package struct CRC32: Sendable {
  private var state: uLong = 0

  package init() {}

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    // For no buffer at all zlib gives the value to begin with, in place of the value so far.
    guard let start = bytes.baseAddress else { return }
    state = crc32_z(state, start.assumingMemoryBound(to: Bytef.self), bytes.count)
  }

  /// That of the bytes so far; 0 before the first.
  package var value: UInt32 { UInt32(truncatingIfNeeded: state) }
}
