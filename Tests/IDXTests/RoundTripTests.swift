import Foundation
import IDX
import Testing

/// Values that use every byte of their type, written and read in every shape.
@Suite struct RoundTripTests {
  static let shapes = [[24], [4, 6], [2, 3, 4], [2, 3, 2, 2]]

  private func roundTrip<Element: IDXElement & Equatable>(_ values: [Element]) throws {
    try withScratchFolder { folder in
      for sizes in RoundTripTests.shapes {
        for compressed in [false, true] {
          let path = "\(folder)/a"
          try IDXWriter.write(values, sizes: sizes, to: path, compressed: compressed)
          let file = try IDXFile(path)
          #expect(file.path == path)
          #expect(file.header == IDXHeader(type: Element.idxType, sizes: sizes))
          #expect(file.header.count == 24)
          #expect(file.header.headerByteCount == 4 + 4 * sizes.count)
          #expect(file.isCompressed == compressed)
          #expect(file.bytes.count == 24 * Element.idxType.byteCount)
          #expect(file.elements(0..<24, Element.self) == values)
          #expect(file.elements(5..<9, Element.self) == Array(values[5..<9]))
        }
      }
    }
  }

  @Test func uint8() throws { try roundTrip((0..<24).map { UInt8($0 * 11) }) }
  @Test func int8() throws { try roundTrip((0..<24).map { Int8($0 * 11 - 128) }) }
  @Test func int16() throws { try roundTrip((0..<24).map { Int16($0 * 2849 - 32768) }) }
  @Test func int32() throws { try roundTrip((0..<24).map { Int32($0 * 186_737_708 - 2_147_483_648) }) }
  @Test func float32() throws { try roundTrip((0..<24).map { Float($0) / 7 - 1.5 }) }
  @Test func float64() throws { try roundTrip((0..<24).map { Double($0) / 7 - 1.5 }) }

  @Test func manyBlocks() throws {
    try withScratchFolder { folder in
      let values = (0..<200_000).map { Int16(truncatingIfNeeded: $0 &* 40_503) }
      for compressed in [false, true] {
        try IDXWriter.write(values, sizes: [200_000], to: "\(folder)/a", compressed: compressed)
        #expect(try IDXFile("\(folder)/a").elements(0..<200_000, Int16.self) == values)
      }
    }
  }

  /// As many elements as fit a block of the writer exactly: the end must still be written.
  @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 131_072]) func blockBorders(_ count: Int) throws {
    try withScratchFolder { folder in
      let values = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
      for compressed in [false, true] {
        try IDXWriter.write(values, sizes: [count], to: "\(folder)/a", compressed: compressed)
        #expect(try IDXFile("\(folder)/a").elements(0..<count, UInt8.self) == values)
      }
    }
  }

  @Test func aSliceOfACollectionWithoutStorage() throws {
    try withScratchFolder { folder in
      let values = (0..<100).lazy.map { Int32($0) }[10..<20]
      try IDXWriter.write(values, sizes: [10], to: "\(folder)/a")
      #expect(try IDXFile("\(folder)/a").doubles(0..<10) == (10..<20).map(Double.init))
    }
  }
}

/// The bytes themselves, so that writer and reader cannot be wrong together.
@Suite struct ByteLayoutTests {
  private func written<Element: IDXElement>(_ values: [Element], _ sizes: [Int]) throws -> [UInt8] {
    try withScratchFolder { folder in
      try IDXWriter.write(values, sizes: sizes, to: "\(folder)/a")
      return try readFile("\(folder)/a")
    }
  }

  @Test func writerPutsTheHighestByteFirst() throws {
    #expect(try written([1, 255] as [UInt8], [1, 2]) == [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 255])
    #expect(try written([-2] as [Int8], [1]) == [0, 0, 9, 1, 0, 0, 0, 1, 0xfe])
    #expect(try written([-2, 258] as [Int16], [2]) == [0, 0, 0xb, 1, 0, 0, 0, 2, 0xff, 0xfe, 1, 2])
    #expect(try written([0x0102_0304] as [Int32], [1]) == [0, 0, 0xc, 1, 0, 0, 0, 1, 1, 2, 3, 4])
    #expect(try written([1.5] as [Float], [1]) == [0, 0, 0xd, 1, 0, 0, 0, 1, 0x3f, 0xc0, 0, 0])
    let double: [UInt8] = [0xbf, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a]
    #expect(try written([-0.1] as [Double], [1]) == [0, 0, 0xe, 1, 0, 0, 0, 1] + double)
  }

  @Test func readerTakesTheHighestByteFirst() throws {
    try withScratchFolder { folder in
      let files: [(type: UInt8, data: [UInt8], values: [Double])] = [
        (0x8, [1, 255], [1, 255]),
        (0x9, [1, 0xfe], [1, -2]),
        (0xb, [1, 2, 0xff, 0xfe], [258, -2]),
        (0xc, [0xff, 0xff, 0xff, 0xfe], [-2]),
        (0xd, [0xbf, 0xc0, 0, 0], [-1.5]),
        (0xe, [0xbf, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a], [-0.1]),
      ]
      for (type, data, values) in files {
        try writeFile(idx(type, [UInt32(values.count)], data), "\(folder)/a")
        let file = try IDXFile("\(folder)/a")
        #expect(file.doubles(0..<values.count) == values)
        #expect(file.floats(0..<values.count) == values.map(Float.init))
      }
    }
  }

  /// A file without sizes holds one element.
  @Test func rankZero() throws {
    try withScratchFolder { folder in
      try writeFile([0, 0, 9, 0, 0xff], "\(folder)/a")
      let file = try IDXFile("\(folder)/a")
      #expect(file.header.count == 1)
      #expect(file.doubles(0..<1) == [-1])
    }
  }

  @Test func typesHaveTheirCodesNamesAndSizes() {
    #expect(IDXElementType.allCases.map(\.rawValue) == [0x8, 0x9, 0xb, 0xc, 0xd, 0xe])
    #expect(IDXElementType.allCases.map(\.byteCount) == [1, 1, 2, 4, 4, 8])
    #expect(
      IDXElementType.allCases.map(\.name) == ["uint8", "int8", "int16", "int32", "float32", "float64"])
  }
}
