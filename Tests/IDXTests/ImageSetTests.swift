import Foundation
import IDX
import Testing

@Suite struct ImageSetTests {
  /// The pixels as they lie in the set.
  private func raw(_ set: ImageSet) -> [Float] {
    let range = 0..<set.count * set.pixelCount
    return switch set.pixels {
    case .bytes(let bytes): range.map { Float(bytes[$0]) }
    case .floats(let floats): range.map { floats[$0] }
    }
  }

  private func holdsBytes(_ set: ImageSet) -> Bool {
    if case .bytes = set.pixels { true } else { false }
  }

  @Test func bytesOf12By12() throws {
    try withScratchFolder { folder in
      let values = (0..<5 * 144).map { UInt8(truncatingIfNeeded: $0 &* 37) }
      for compressed in [false, true] {
        let path = "\(folder)/images"
        try IDXWriter.write(values, sizes: [5, 12, 12], to: path, compressed: compressed)
        let set = try ImageSet(imagesPath: path)
        #expect(set.path == path)
        #expect(shape(set) == [5, 12, 12])
        #expect(set.labels == nil)
        #expect(holdsBytes(set))
        #expect(raw(set) == values.map(Float.init))
        #expect(set.image(3) == values[3 * 144..<4 * 144].map { Float($0) / 255 })
      }
    }
  }

  @Test func floatsOf32By20() throws {
    try withScratchFolder { folder in
      let values = (0..<3 * 640).map { Float($0) / 1919 }
      for compressed in [false, true] {
        let path = "\(folder)/images"
        try IDXWriter.write(values, sizes: [3, 32, 20], to: path, compressed: compressed)
        let set = try ImageSet(imagesPath: path)
        #expect(shape(set) == [3, 32, 20])
        #expect(!holdsBytes(set))
        #expect(raw(set) == values)
        #expect(set.image(2) == Array(values[1280...]))
      }
    }
  }

  @Test func doublesBecomeFloats() throws {
    try withScratchFolder { folder in
      let values = [0, 0.1, 1.0 / 3, 0.5, 0.999_999_999_9, 1]
      try IDXWriter.write(values, sizes: [1, 2, 3], to: "\(folder)/a")
      #expect(try raw(ImageSet(imagesPath: "\(folder)/a")) == values.map(Float.init))
    }
  }

  @Test func oneImageOfOnePixel() throws {
    try withScratchFolder { folder in
      try IDXWriter.write([255] as [UInt8], sizes: [1, 1, 1], to: "\(folder)/a")
      #expect(try ImageSet(imagesPath: "\(folder)/a").image(0) == [1])
    }
  }

  @Test func imagesThatAProgramMade() {
    let values = (0..<12).map { Float($0) / 11 }
    let set = ImageSet(values: values, height: 3, width: 2, labels: [7, 9])
    #expect(shape(set) == [2, 3, 2])
    #expect(set.path == "memory")
    #expect(set.labels == [7, 9])
    #expect(raw(set) == values)
    #expect(set.image(1) == Array(values[6...]))
  }

  @Test func bytesThatAProgramMade() {
    let set = ImageSet(bytes: (0..<12).map { $0 * 23 }, height: 1, width: 2, channels: 3, labels: [7, 9])
    #expect(set.shape == ImageShape(height: 1, width: 2, channels: 3))
    #expect(set.path == "memory")
    #expect(set.labels == [7, 9])
    #expect(raw(set) == (0..<12).map { Float($0 * 23) })
    #expect(set.image(1)[5] == Float(253) / 255)
  }

  /// A set larger than memory: only its header may be read when it is opened. The file has 64 GiB of holes,
  /// which take seconds to read.
  @Test func openingDoesNotReadTheImages() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/images"
      let count = 1 << 20
      try writeFile(idx(8, [UInt32(count), 256, 256]), path)
      guard truncate(path, off_t(16 + count << 16)) == 0 else { return }
      let start = ContinuousClock.now
      let set = try ImageSet(imagesPath: path)
      #expect(set.image(count - 1) == [Float](repeating: 0, count: 65_536))
      #expect(ContinuousClock.now - start < .seconds(5))
    }
  }
}

@Suite struct ImageFaultTests {
  private func expect(
    _ bytes: [UInt8], saying place: String..., location: SourceLocation = #_sourceLocation,
    _ fault: (String) -> IDXError
  ) throws {
    try withScratchFolder { folder in
      let path = "\(folder)/images"
      try writeFile(bytes, path)
      expectFault(fault(path), saying: "\(path): byte ", place.joined(), at: location) {
        _ = try ImageSet(imagesPath: path)
      }
    }
  }

  @Test func labelsInsteadOfImages() throws {
    try expect(idx(8, [3], [1, 2, 3]), saying: "byte 3: this is a label file (3 labels)") {
      .labelsInsteadOfImages(path: $0, count: 3)
    }
  }

  @Test func wrongRank() throws {
    try expect(idx(8, [1, 4], [1, 2, 3, 4]), saying: "byte 3: sizes 1 x 4 where count x height x width") {
      .wrongRank(path: $0, found: [1, 4], wanted: "count x height x width")
    }
    try expect(
      idx(8, [1, 2, 2, 3, 1], [UInt8](repeating: 0, count: 12)), saying: "byte 3: sizes 1 x 2 x 2 x 3 x 1"
    ) {
      .wrongRank(path: $0, found: [1, 2, 2, 3, 1], wanted: "count x height x width")
    }
    try expect([0, 0, 8, 0, 1], saying: "byte 3: no sizes where") {
      .wrongRank(path: $0, found: [], wanted: "count x height x width")
    }
  }

  @Test func wrongElements() throws {
    for type in [IDXElementType.int8, .int16, .int32] {
      let data = [UInt8](repeating: 0, count: type.byteCount)
      try expect(idx(type.rawValue, [1, 1, 1], data), saying: "byte 2: elements are \(type.name)") {
        .wrongElements(path: $0, found: type, wanted: "uint8, float32 or float64")
      }
    }
  }

  @Test func empty() throws {
    for sizes in [[0, 28, 28], [5, 0, 28], [5, 28, 0]] as [[UInt32]] {
      for type in [0x08, 0x0d, 0x0e] as [UInt8] {
        try expect(idx(type, sizes), saying: "byte 4: sizes \(sizes[0]) x \(sizes[1])") {
          .empty(path: $0, sizes: sizes.map(Int.init))
        }
      }
    }
  }

  @Test func tooManyImages() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/images"
      try writeFile(idx(8, [1 << 31, 1, 1]), path)
      guard truncate(path, off_t(16 + 1 << 31)) == 0 else { return }
      expectFault(.tooManyImages(path: path, count: 1 << 31), saying: "2147483648 images are more than") {
        _ = try ImageSet(imagesPath: path)
      }
    }
  }
}
