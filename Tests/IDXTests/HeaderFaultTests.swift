import Files
import IDX
import Testing

/// Every way in which a header and the length of a file can be wrong, plain and expanded from gzip.
@Suite struct HeaderFaultTests {
  private func expect(
    _ bytes: [UInt8], at place: String, compressed: [Bool] = [false, true], _ fault: (String) -> IDXError,
    location: SourceLocation = #_sourceLocation
  ) throws {
    try withScratchFolder { folder in
      let path = "\(folder)/digits"
      for compressed in compressed {
        try writeFile(compressed ? gzip(bytes) : bytes, path)
        expectFault(fault(path), saying: "\(path): ", place, at: location) { _ = try IDXFile(path) }
        #expect(fault(path).category == .badData, sourceLocation: location)
      }
    }
  }

  @Test func wrongMagic() throws {
    try expect([0x89, 0x50, 0x4e, 0x47, 0x0d], at: "byte 0: ") {
      .wrongMagic(path: $0, found: [0x89, 0x50, 0x4e, 0x47])
    }
    try expect([0, 1, 8, 1, 0, 0, 0, 0], at: "byte 0: ") { .wrongMagic(path: $0, found: [0, 1, 8, 1]) }
  }

  @Test func unknownType() throws {
    for code in [0, 7, 0x0a, 0x0f, 0xff] as [UInt8] {
      try expect(idx(code, [1], [0]), at: "byte 2: ") { .unknownType(path: $0, code: code) }
    }
  }

  @Test func truncatedHeader() throws {
    try expect([0, 0, 8], at: "byte 3: ") { .truncated(path: $0, offset: 3, expected: 4) }
    try expect(Array(idx(8, [2, 2, 2]).dropLast()), at: "byte 15: ") {
      .truncated(path: $0, offset: 15, expected: 16)
    }
    try expect([0, 0, 8, 255], at: "byte 4: ") { .truncated(path: $0, offset: 4, expected: 1024) }
  }

  @Test func truncatedData() throws {
    try expect(idx(8, [2, 3], [1, 2, 3, 4, 5]), at: "byte 17: ") {
      .truncated(path: $0, offset: 17, expected: 18)
    }
    try expect(idx(8, [2, 3]), at: "byte 12: ") { .truncated(path: $0, offset: 12, expected: 18) }
    try expect(idx(0x0e, [2], [UInt8](repeating: 0, count: 15)), at: "byte 23: ") {
      .truncated(path: $0, offset: 23, expected: 24)
    }
  }

  @Test func bytesLeftOver() throws {
    try expect(idx(8, [2], [1, 2, 3]), at: "byte 10: ") { .bytesLeftOver(path: $0, offset: 10, count: 1) }
    try expect(idx(0x0b, [1], [UInt8](repeating: 0, count: 3000)), at: "byte 10: ") {
      .bytesLeftOver(path: $0, offset: 10, count: 2998)
    }
    try expect(idx(8, [0, 28, 28], [7]), at: "byte 16: ") { .bytesLeftOver(path: $0, offset: 16, count: 1) }
  }

  /// Sizes whose product no `Int` holds, then sizes that are merely noise for so short a file.
  @Test func absurdSizes() throws {
    let large = UInt32.max
    let all = Int(large)
    for sizes in [[large, large, large], [large, large, 0], [1 << 31, 1 << 31, 4, 1]] {
      try expect(idx(8, sizes, [1]), at: "byte 4: ", compressed: [false]) {
        .absurdSizes(path: $0, sizes: sizes.map(Int.init), fileLength: 4 + 4 * sizes.count + 1)
      }
    }
    try expect(idx(0x0e, [large], [1]), at: "byte 4: sizes 4294967295 ", compressed: [false]) {
      .absurdSizes(path: $0, sizes: [all], fileLength: 9)
    }
  }

  /// What is expanded is never larger than what its file can hold, so noise asks for no memory.
  @Test func absurdSizesInGzip() throws {
    for sizes in [[UInt32.max, UInt32.max, UInt32.max], [UInt32.max, 16], [100_000, 28, 28]] {
      let bytes = gzip(idx(8, sizes, [1]))
      try withScratchFolder { folder in
        let path = "\(folder)/digits.gz"
        try writeFile(bytes, path)
        let fault = IDXError.absurdSizes(path: path, sizes: sizes.map(Int.init), fileLength: bytes.count)
        expectFault(fault, saying: "\(path): byte 4: ", "a file of \(bytes.count) bytes") {
          _ = try IDXFile(path)
        }
      }
    }
  }

  @Test func otherFiles() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/digits"
      for (bytes, what) in [
        ([], "an empty file; get or write it again"),
        (Array("<!doctype html><title>404</title>".utf8), "a web page; it came instead of"),
        (
          Array("z0,z1\n0.5,1\n".utf8),
          "a table of comma-separated values; make a set of it with 'selva data import"
        ),
        (
          [3, 8, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7],
          "an IDX file with the bytes of its sizes in the wrong order (little-endian); write its sizes with"
        ),
        (gzip(idx(8, [1], [7])), "a gzip file; unpack it first"),
      ] as [([UInt8], String)] {
        for compressed in bytes.starts(with: [0x1F]) ? [true] : [false, true] {
          try writeFile(compressed ? gzip(bytes) : bytes, path)
          let fault = #expect(throws: FileError.self) { _ = try IDXFile(path) }
          #expect(fault?.category == .badData)
          let text = fault?.description ?? ""
          #expect(text.hasPrefix("\(path): \(compressed ? "expands to" : "is") \(what)"), "\(text)")
        }
      }
    }
  }

  @Test func missingFileAndFolder() throws {
    try withScratchFolder { folder in
      let fault = #expect(throws: FileError.self) { try IDXFile("\(folder)/none") }
      #expect(fault?.category == .missingInput)
      #expect(fault?.description.contains("\(folder)/none") == true)
      #expect(throws: FileError.self) { try IDXFile(folder) }
    }
  }

  @Test func writingIntoAMissingFolder() throws {
    try withScratchFolder { folder in
      let fault = #expect(throws: FileError.self) {
        try IDXWriter.write([1] as [UInt8], sizes: [1], to: "\(folder)/none/a", compressed: true)
      }
      #expect(fault?.category == .cannotWrite)
    }
  }
}
