import Files
import Foundation
import Testing

@Suite struct AtomicFolderTests {
  private struct Broken: Error {}

  private func names(_ folder: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
  }

  @Test func aFolderIsThereWhenItIsWhole() throws {
    try withScratchFolder { folder in
      try AtomicFolder.write(to: "\(folder)/set/") { temporary in
        try AtomicFolder.write([1, 2], to: "\(temporary)/a")
        #expect(try names(folder).allSatisfy { !$0.hasPrefix("set") })
      }
      #expect(try names(folder) == ["set", "set/a"])
      #expect(try readFile("\(folder)/set/a") == [1, 2])
    }
  }

  @Test func whatBreaksOffLeavesNothing() throws {
    try withScratchFolder { folder in
      #expect(throws: Broken.self) {
        try AtomicFolder.write(to: "\(folder)/set") { temporary in
          try AtomicFolder.write([1], to: "\(temporary)/a")
          throw Broken()
        }
      }
      let left = try names(folder)
      #expect(left == [])
    }
  }

  /// Not those of the temporary folder, of which nobody knows.
  @Test func faultsNameWhereAFileWillBe() throws {
    try withScratchFolder { folder in
      let fault = #expect(throws: FileError.self) {
        try AtomicFolder.write(to: "\(folder)/set/") { temporary in
          try AtomicFolder.write([1], to: "\(temporary)/missing/a")
        }
      }
      #expect(fault?.description == "\(folder)/set/missing/a: cannot be written: No such file or directory")
      let other = #expect(throws: FileError.self) {
        try AtomicFolder.write(to: "\(folder)/set") { _ in throw FileError.unwritable("elsewhere") }
      }
      #expect(other?.path == "elsewhere")
    }
  }

  @Test func aFullFolderIsLeftAlone() throws {
    try withScratchFolder { folder in
      try AtomicFile.write([9], to: "\(folder)/mine")
      let fault = #expect(throws: FileError.self) { try AtomicFolder.write(to: folder) { _ in } }
      #expect(fault?.description == "\(folder): already holds files; name another --output")
      let file = #expect(throws: FileError.self) { try AtomicFolder.write(to: "\(folder)/mine") { _ in } }
      #expect(file?.reason == "is a file; name a folder")
      #expect(try names(folder) == ["mine"])
    }
  }

  @Test func aSetIsReplacedAndTheRestStays() throws {
    try withScratchFolder { folder in
      for name in ["mine", "old", "both"] { try AtomicFile.write([9], to: "\(folder)/\(name)") }
      try AtomicFolder.write(to: folder, replaces: { $0 == "old" || $0 == "both" }) { temporary in
        for name in ["both", "new"] { try AtomicFolder.write([1], to: "\(temporary)/\(name)") }
      }
      #expect(try names(folder) == ["both", "mine", "new"])
      #expect(try readFile("\(folder)/both") == [1])
      #expect(try readFile("\(folder)/mine") == [9])
    }
  }
}

@Suite struct SpoolTests {
  @Test(arguments: [0, 1, 3_000_000]) func whatIsAppendedIsThere(_ count: Int) throws {
    let spool = try Spool(for: "a")
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    for start in stride(from: 0, to: count, by: 999_999) {
      try spool.append(Array(bytes[start..<min(count, start + 999_999)]))
    }
    #expect(spool.count == count)
    let isSame = try spool.content().elementsEqual(bytes)
    #expect(isSame)
  }

  @Test func aPipeIsReadOnceAndThereTwice() throws {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    #expect(write(ends[1], [UInt8](1...9), 9) == 9)
    close(ends[1])
    defer { close(ends[0]) }
    for _ in 0..<2 {
      let file = try MappedFile("/dev/fd/\(ends[0])")
      #expect(withExtendedLifetime(file) { Array(file.bytes) } == [UInt8](1...9))
      #expect(file.isIntact)
    }
  }
}
