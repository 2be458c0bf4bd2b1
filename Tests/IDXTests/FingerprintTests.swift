import IDX
import Testing

@Suite struct FingerprintTests {
  @Test func sizesAndEveryPixelCount() throws {
    let values: [Float] = [0, 0.25, 0.5, 0.75, 1, 0.125, 0.25, 0.5, 0.75, 1, 0, 0.5]
    func fingerprint(height: Int, width: Int, _ change: (inout [Float]) -> Void = { _ in }) -> UInt32 {
      var pixels = values
      change(&pixels)
      return ImageSet(values: pixels, height: height, width: width).fingerprint
    }
    let first = fingerprint(height: 2, width: 3)
    #expect(first == fingerprint(height: 2, width: 3))
    #expect(first != fingerprint(height: 3, width: 2))
    for place in values.indices {
      #expect(first != fingerprint(height: 2, width: 3) { $0[place] = 0.3 }, "pixel \(place)")
    }
  }

  /// Bytes, as they lie in a file.
  @Test func bytesCountToTheLast() throws {
    try withScratchFolder { folder in
      func fingerprint(last: UInt8) throws -> UInt32 {
        let path = "\(folder)/\(last).idx"
        try writeFile([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4, 5, last], path)
        return try ImageSet(imagesPath: path).fingerprint
      }
      let (six, seven) = try (fingerprint(last: 6), fingerprint(last: 7))
      #expect(six != seven)
    }
  }
}
