import Files
import Foundation
import Testing

@Test(arguments: [0, 1, 5000], [0, 1 << 20])
func `scratch memory holds what is put into it`(_ count: Int, _ largestInMemory: Int) throws {
  let memory = try ScratchMemory(byteCount: count, for: "x.gz", largestInMemory: largestInMemory)
  #expect(memory.bytes.count == count)
  for i in 0..<count { memory.bytes[i] = UInt8(i % 251) }
  for i in 0..<count where memory.bytes[i] != UInt8(i % 251) { Issue.record("byte \(i)") }
}

@Test func `more than there is room for is a fault of the file`() throws {
  #expect {
    _ = try ScratchMemory(byteCount: 1 << 56, for: "x.gz")
  } throws: { error in
    guard let error = error as? FileError else { return false }
    return error.category == .inputOutput && error.path == "x.gz"
      && error.reason.hasPrefix("expands to 72057594037927936 bytes, for which there is no room; unpack it")
  }
}

#if os(Linux)
  /// Large scratch memory lies in a file that has lost its name already; small in none.
  @Test(arguments: [(0, true), (1 << 20, false)]) func `scratch files have no name`(
    _ largestInMemory: Int, _ inFile: Bool
  ) throws {
    let memory = try ScratchMemory(byteCount: 1 << 16, for: "a", largestInMemory: largestInMemory)
    // Read to its end, since its size is said to be 0; the memory is held until then.
    let map = URL(fileURLWithPath: "/proc/self/maps")
    let (address, maps) = try withExtendedLifetime(memory) {
      (
        UInt(bitPattern: memory.bytes.baseAddress),
        String(decoding: try FileHandle(forReadingFrom: map).readToEnd() ?? Data(), as: UTF8.self)
      )
    }
    let line = try #require(
      maps.split(separator: "\n").first { line in
        let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
        return ends.count == 2 && ends[0] <= address && address < ends[1]
      })
    #expect(line.hasSuffix(" (deleted)") == inFile, "\(line)")
    #expect(line.contains("/selva.") == inFile, "\(line)")
  }
#endif
