import IDX
import Testing

@Suite struct GzipTests {
  private let values = (0..<3000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 4) }

  /// A compressed file of 3,000 elements, changed by `change`.
  private func changed(_ change: (inout [UInt8]) -> Void = { _ in }) throws -> [UInt8] {
    try withScratchFolder { folder in
      try IDXWriter.write(values, sizes: [3000], to: "\(folder)/a", compressed: true)
      var bytes = try readFile("\(folder)/a")
      change(&bytes)
      return bytes
    }
  }

  private func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
    try withScratchFolder { folder in
      // The name says nothing: content tells that this is gzip.
      try writeFile(bytes, "\(folder)/digits.idx")
      try body("\(folder)/digits.idx")
    }
  }

  private func brokenGzip(_ path: String) throws -> (offset: Int, reason: String) {
    let fault = try #require(#expect(throws: IDXError.self) { try IDXFile(path) })
    guard case .brokenGzip(path, let offset, let reason) = fault else {
      Issue.record("\(fault)")
      return (-1, "")
    }
    #expect(fault.category == .badData)
    #expect(fault.description == "\(path): byte \(offset): broken gzip: \(reason); get the file again")
    return (offset, reason)
  }

  @Test func contentTellsNotTheName() throws {
    try withFile(changed()) { path in
      let file = try IDXFile(path)
      #expect(file.isCompressed)
      #expect(file.elements(0..<3000, UInt8.self) == values)
    }
    try withScratchFolder { folder in
      try IDXWriter.write([1, 2] as [UInt8], sizes: [2], to: "\(folder)/plain.gz")
      #expect(try !IDXFile("\(folder)/plain.gz").isCompressed)
    }
  }

  @Test func theSameDataMakesTheSameBytesWithoutATime() throws {
    try withFile(changed()) { path in
      let first = try readFile(path)
      #expect(first[..<8] == [0x1f, 0x8b, 8, 0, 0, 0, 0, 0])
      #expect(first.count < 3000)
      try IDXWriter.write(values, sizes: [3000], to: "\(path).again", compressed: true)
      #expect(try readFile("\(path).again") == first)
    }
  }

  @Test func membersAreJoined() throws {
    try withScratchFolder { folder in
      let bytes = idx(0x0b, [2, 2], [0, 1, 0, 2, 0, 3, 0, 4])
      // Borders in the header, between elements, within one, and a member that is empty.
      let parts = [bytes[..<3], bytes[3..<12], bytes[12..<12], bytes[12..<15], bytes[15...]]
      try writeFile(parts.flatMap { gzip(Array($0)) }, "\(folder)/a")
      #expect(try IDXFile("\(folder)/a").doubles(0..<4) == [1, 2, 3, 4])
    }
  }

  @Test func cutShort() throws {
    for kept in [2, 9, 10, 11, 200] {
      try withFile(changed { $0.removeSubrange(kept...) }) { path in
        let (offset, reason) = try brokenGzip(path)
        #expect(offset == kept)
        #expect(reason == "it ends too early")
      }
    }
    // Within the checksum and within the length at the end.
    for missing in [1, 4, 5, 8] {
      try withFile(changed { $0.removeLast(missing) }) { path in
        let reason = try brokenGzip(path).reason
        #expect(reason == "it ends too early")
      }
    }
  }

  @Test func wrongChecksum() throws {
    try withFile(changed { $0[$0.count - 8] ^= 1 }) { path in
      let reason = try brokenGzip(path).reason
      #expect(reason == "incorrect data check")
    }
    try withFile(changed { $0[$0.count - 1] ^= 1 }) { path in
      let reason = try brokenGzip(path).reason
      #expect(reason == "incorrect length check")
    }
  }

  @Test func corrupt() throws {
    // A block type that does not exist.
    try withFile(changed { $0[10] = 0xff }) { path in
      let (offset, reason) = try brokenGzip(path)
      #expect(reason == "invalid block type")
      #expect((10...12).contains(offset))
    }
    // A compression method that does not exist.
    try withFile(changed { $0[2] = 9 }) { path in
      let reason = try brokenGzip(path).reason
      #expect(reason == "unknown compression method")
    }
  }

  @Test func noiseAfterTheEnd() throws {
    try withFile(changed { $0 += [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] }) { path in
      let (offset, reason) = try brokenGzip(path)
      #expect(reason == "11 bytes follow its end that are no gzip")
      let count = try readFile(path).count
      #expect(offset == count - 11)
    }
    // Zeros first, one byte only, the beginning of a member, and a member behind zeros.
    for tail in [[0, 0, 1], [7], [0x1f, 0], [0, 0] + gzip([])] as [[UInt8]] {
      try withFile(changed { $0 += tail }) { path in
        let reason = try brokenGzip(path).reason
        #expect(reason == "\(tail.count) bytes follow its end that are no gzip")
      }
    }
    try withFile(changed { $0 += [0x1f] }) { path in
      let reason = try brokenGzip(path).reason
      #expect(reason == "it ends too early")
    }
  }

  @Test(arguments: [1, 2, 511, 100_000]) func zerosAfterTheEnd(count: Int) throws {
    try withFile(changed { $0 += [UInt8](repeating: 0, count: count) }) { path in
      let file = try IDXFile(path)
      #expect(file.elements(0..<3000, UInt8.self) == values)
    }
  }

  /// What expands without end is not expanded to its end, were it never so long.
  @Test func aBombIsCountedOnlySoFar() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/a"
      try IDXWriter.write(
        repeatElement(0 as UInt8, count: 1 << 21), sizes: [1 << 21], to: path, compressed: true)
      let member = try readFile(path)
      let members = (0..<64).flatMap { _ in member }
      try writeFile(gzip(idx(8, [1], [0])) + members, path)
      let fault = try #require(#expect(throws: IDXError.self) { try IDXFile(path) })
      guard case .bytesLeftOver(path, 9, let count) = fault else {
        Issue.record("\(fault)")
        return
      }
      #expect(count >= 1 << 26 && count < 1 << 26 + 1 << 19)
      #expect(fault.description.contains("\(count) or more bytes follow the data"))
    }
  }

  /// Elements beyond the header's sizes are counted, not kept.
  @Test func aBombIsNotExpandedInMemory() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/a"
      try IDXWriter.write(
        repeatElement(0 as UInt8, count: 3_000_000), sizes: [3_000_000], to: path, compressed: true)
      let bomb = try readFile(path)
      try writeFile(gzip(idx(8, [1], [0])) + bomb, path)
      expectFault(.bytesLeftOver(path: path, offset: 9, count: 3_000_008), saying: path, "byte 9: ") {
        _ = try IDXFile(path)
      }
    }
  }
}
