import Files
import Testing

@testable import IDX

@Suite struct LabelTests {
  /// Two images beside labels of the given bytes.
  private func withSet(_ labels: [UInt8], _ body: (_ images: String, _ labels: String) throws -> Void) throws
  {
    try withScratchFolder { folder in
      try writeFile(idx(8, [2, 1, 1], [0, 255]), "\(folder)/images")
      try writeFile(labels, "\(folder)/labels")
      try body("\(folder)/images", "\(folder)/labels")
    }
  }

  private func expect(
    _ labels: [UInt8], saying place: String, location: SourceLocation = #_sourceLocation,
    _ fault: (String) -> IDXError
  ) throws {
    try withSet(labels) { images, labels in
      expectFault(fault(labels), saying: "\(labels): ", place, at: location) {
        _ = try ImageSet(imagesPath: images, labelsPath: labels)
      }
    }
  }

  @Test func everyIntegerType() throws {
    let files: [([UInt8], [UInt8])] = [
      (idx(0x08, [2], [0, 255]), [0, 255]),
      (idx(0x09, [2], [0, 127]), [0, 127]),
      (idx(0x0b, [2], [0, 255, 0, 3]), [255, 3]),
      (idx(0x0c, [2], [0, 0, 0, 9, 0, 0, 0, 255]), [9, 255]),
      (gzip(idx(0x08, [2], [4, 5])), [4, 5]),
    ]
    for (bytes, expected) in files {
      try withSet(bytes) { images, labels in
        let set = try ImageSet(imagesPath: images, labelsPath: labels)
        #expect(set.labels == expected)
      }
    }
  }

  @Test func valuesThatAreNoLabels() throws {
    try expect(idx(0x09, [2], [1, 0xff]), saying: "byte 9: element 1 is -1.0") {
      .valueOutOfRange(
        path: $0, index: 1, offset: 9, value: -1, range: "0 to 255", fix: "number the labels from 0")
    }
    try expect(idx(0x0c, [2], [0, 0, 1, 0, 0, 0, 0, 0]), saying: "byte 8: element 0 is 256.0") {
      .valueOutOfRange(
        path: $0, index: 0, offset: 8, value: 256, range: "0 to 255", fix: "number the labels from 0")
    }
  }

  /// More than are converted at once.
  @Test func labelsBeyondTheFirstBlock() throws {
    let count = 1 << 16 + 3
    let bytes = (0..<count).flatMap { bigEndian(Int16($0 % 251)) }
    try withScratchFolder { folder in
      try writeFile(idx(0x0b, [UInt32(count)], bytes), "\(folder)/labels")
      try writeFile(idx(8, [UInt32(count), 1, 1], [UInt8](repeating: 9, count: count)), "\(folder)/images")
      let set = try ImageSet(imagesPath: "\(folder)/images", labelsPath: "\(folder)/labels")
      let isRight = set.labels == (0..<count).map { UInt8($0 % 251) }
      #expect(isRight)
      try writeFile(idx(0x0b, [UInt32(count)], bytes.dropLast(2) + [1, 0]), "\(folder)/labels")
      let fault = #expect(throws: IDXError.self) {
        _ = try ImageSet(imagesPath: "\(folder)/images", labelsPath: "\(folder)/labels")
      }
      #expect(fault?.description.contains("element \(count - 1) is 256.0, outside 0 to 255") == true)
    }
  }

  @Test func countsDisagree() throws {
    try withSet(idx(8, [3], [0, 1, 2])) { images, labels in
      let fault = IDXError.countsDisagree(images: images, imageCount: 2, labels: labels, labelCount: 3)
      expectFault(fault, saying: "\(labels): byte 4: 3 labels", "2 images of \(images)") {
        _ = try ImageSet(imagesPath: images, labelsPath: labels)
      }
    }
  }

  @Test func imagesInsteadOfLabels() throws {
    try expect(idx(8, [2, 1, 1], [0, 255]), saying: "byte 3: sizes 2 x 1 x 1 where labels are expected") {
      .imagesInsteadOfLabels(path: $0, sizes: [2, 1, 1])
    }
  }

  @Test func wrongRankAndElements() throws {
    try expect([0, 0, 8, 0, 1], saying: "byte 3: ") {
      .wrongRank(path: $0, found: [], wanted: "labels, one size,")
    }
    try expect(idx(0x0d, [2], [UInt8](repeating: 0, count: 8)), saying: "byte 2: elements are float32") {
      .wrongElements(path: $0, found: .float32, wanted: "an integer type")
    }
  }

  @Test func missingLabels() throws {
    try withSet([]) { images, labels in
      let fault = #expect(throws: FileError.self) {
        try ImageSet(imagesPath: images, labelsPath: "\(labels)-none")
      }
      #expect(fault?.category == .missingInput)
    }
  }

  /// As QMNIST has them: the first of eight numbers.
  @Test func theFirstColumnOfEight() throws {
    try withScratchFolder { folder in
      let count = 20_000
      let values = (0..<count).flatMap { [Int32($0 % 10)] + [Int32](repeating: 4000, count: 7) }
      try writeFile(idx(0x0C, [UInt32(count), 8], values.flatMap { bigEndian($0) }), "\(folder)/labels")
      let labels = try Labels.read("\(folder)/labels")
      #expect(labels.count == count && labels.enumerated().allSatisfy { $1 == UInt8($0 % 10) })
      try writeFile(
        idx(0x0C, [1, 8], [Int32](repeating: 300, count: 8).flatMap { bigEndian($0) }), "\(folder)/wrong")
      #expect(throws: IDXError.self) { try Labels.read("\(folder)/wrong") }
    }
  }
}
