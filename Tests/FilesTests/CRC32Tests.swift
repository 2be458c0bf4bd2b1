import Testing

@testable import Files

@Suite struct CRC32Tests {
  private func value(_ pieces: [[UInt8]]) -> UInt32 {
    var checksum = CRC32()
    for piece in pieces { piece.withUnsafeBytes { checksum.update($0) } }
    return checksum.value
  }

  /// The values of Python's `zlib.crc32`; the first text is the standard's own check.
  @Test func agreesWithPublishedValues() {
    #expect(value([Array("123456789".utf8)]) == 0xCBF4_3926)
    #expect(value([Array("a".utf8)]) == 0xE8B7_BE43)
    #expect(value([[UInt8](repeating: 0, count: 70_000)]) == 0xA6A9_C8DC)
    #expect(value([]) == 0)
  }

  @Test func doesNotDependOnHowBytesAreCut() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    for cut in [0, 1, 63, 999, 1000] {
      #expect(value([Array(bytes[..<cut]), [], Array(bytes[cut...])]) == value([bytes]), "cut at \(cut)")
    }
    var checksum = CRC32()
    bytes.withUnsafeBytes { checksum.update($0) }
    checksum.update(UnsafeRawBufferPointer(start: nil, count: 0))
    #expect(checksum.value == value([bytes]))
  }
}
