import IDX
import Testing

@Suite struct ColourTests {
  /// Two images of 2 x 3 pixels: red, green and blue of each are apart, so that no two values change places unseen.
  private static let last: [UInt8] = (0..<36).map { (index: Int) -> UInt8 in
    UInt8(index % 3 * 80 + index / 3 * 2)
  }
  /// The same with the channels first.
  private static let first: [UInt8] = (0..<36).map { (index: Int) -> UInt8 in
    let (image, channel, pixel) = (index / 18, index % 18 / 6, index % 6)
    return last[image * 18 + pixel * 3 + channel]
  }

  enum Kind: CaseIterable {
    case bytes, gzip, floats, doubles

    func write(_ values: [UInt8], sizes: [Int], to path: String) throws {
      switch self {
      case .bytes, .gzip: try IDXWriter.write(values, sizes: sizes, to: path, compressed: self == .gzip)
      case .floats: try IDXWriter.write(values.map { Float($0) / 255 }, sizes: sizes, to: path)
      case .doubles: try IDXWriter.write(values.map { Double($0) / 255 }, sizes: sizes, to: path)
      }
    }
  }

  @Test(arguments: Kind.allCases) func channelsFirstAreReadAsChannelsLast(_ kind: Kind) throws {
    try withScratchFolder { folder in
      try kind.write(Self.last, sizes: [2, 2, 3, 3], to: "\(folder)/last")
      try kind.write(Self.first, sizes: [2, 3, 2, 3], to: "\(folder)/first")
      let last = try ImageSet(imagesPath: "\(folder)/last", layout: .channelsLast)
      let first = try ImageSet(imagesPath: "\(folder)/first", layout: .channelsFirst)
      for set in [last, first] {
        #expect(set.count == 2 && set.shape == ImageShape(height: 2, width: 3, channels: 3))
        #expect(set.pixelCount == 18)
        for image in 0..<2 {
          let expected = Self.last[image * 18..<(image + 1) * 18].map { Float($0) / 255 }
          let isSame = zip(set.image(image), expected).allSatisfy { abs($0 - $1) < 1e-7 }
          #expect(isSame, "image \(image)")
        }
        let isBytes = if case .bytes = set.pixels { true } else { false }
        #expect(isBytes == (kind == .bytes || kind == .gzip))
      }
      #expect(first.fingerprint == last.fingerprint)
    }
  }

  struct Side: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let sizes: [Int]
    let shape: ImageShape

    init(_ name: String, _ sizes: [Int], _ shape: ImageShape) {
      (testDescription, self.sizes, self.shape) = (name, sizes, shape)
    }
  }

  static let sides = [
    Side("three last", [2, 4, 5, 3], ImageShape(height: 4, width: 5, channels: 3)),
    Side("three first", [2, 3, 4, 5], ImageShape(height: 4, width: 5, channels: 3)),
    Side("one last", [2, 4, 5, 1], ImageShape(height: 4, width: 5)),
    Side("one first", [2, 1, 4, 5], ImageShape(height: 4, width: 5)),
    Side("three in the middle", [2, 4, 3, 1], ImageShape(height: 4, width: 3)),
  ]

  /// Told by which side is 1 or 3, without a word.
  @Test(arguments: sides) func theSideOfOneOrThreeIsThatOfTheChannels(_ side: Side) throws {
    let sizes = side.sizes
    try withScratchFolder { folder in
      try IDXWriter.write([UInt8](repeating: 9, count: sizes.reduce(1, *)), sizes: sizes, to: "\(folder)/a")
      let set = try ImageSet(imagesPath: "\(folder)/a")
      #expect(set.shape == side.shape)
      let layout: ImageLayout = sizes[1] == side.shape.channels ? .channelsFirst : .channelsLast
      #expect(try ImageSet(imagesPath: "\(folder)/a", layout: layout).shape == set.shape)
    }
  }

  @Test func oneChannelIsGrey() throws {
    try withScratchFolder { folder in
      let paths = ["grey", "first", "last"].map { "\(folder)/\($0)" }
      for (path, sizes) in zip(paths, [[3, 4, 3], [3, 1, 4, 3], [3, 4, 3, 1]]) {
        try IDXWriter.write(Self.last, sizes: sizes, to: path)
      }
      let grey = try ImageSet(imagesPath: paths[0])
      for (path, layout) in [(paths[1], ImageLayout.channelsFirst), (paths[2], .channelsLast)] {
        let set = try ImageSet(imagesPath: path, layout: layout)
        #expect(set.shape == grey.shape && set.fingerprint == grey.fingerprint)
        #expect(set.image(2) == grey.image(2))
      }
    }
  }

  private func refusal(
    _ sizes: [Int], _ layout: ImageLayout?, saying parts: String...,
    location: SourceLocation = #_sourceLocation,
    _ fault: (String) -> IDXError
  ) throws {
    try withScratchFolder { folder in
      let path = "\(folder)/images"
      try IDXWriter.write([UInt8](repeating: 9, count: sizes.reduce(1, *)), sizes: sizes, to: path)
      expectFault(fault(path), saying: "\(path): byte ", parts.joined(), at: location) {
        _ = try ImageSet(imagesPath: path, layout: layout)
      }
    }
  }

  @Test func asksWhereTheChannelsAre() throws {
    for sizes in [[2, 3, 4, 3], [2, 1, 4, 1], [2, 3, 4, 1], [2, 1, 4, 3]] {
      try refusal(sizes, nil, saying: "say which, with --layout channels-first or --layout channels-last") {
        .ambiguousChannels(path: $0, sizes: sizes)
      }
    }
    try withScratchFolder { folder in
      try IDXWriter.write(Self.last, sizes: [1, 3, 4, 3], to: "\(folder)/a")
      let sets = try ImageLayout.allCases.map { try ImageSet(imagesPath: "\(folder)/a", layout: $0) }
      #expect(sets.map(\.shape.sizes) == [[4, 3, 3], [3, 4, 3]])
      #expect(
        sets[0].image(0)[1] == Float(Self.last[12]) / 255 && sets[1].image(0)[1] == Float(Self.last[1]) / 255)
    }
  }

  @Test func refusesWhatHasNoChannelsThere() throws {
    try refusal([2, 4, 5, 4], nil, saying: "where the second or last must be 1 or 3") {
      .noChannels(path: $0, sizes: [2, 4, 5, 4], layout: nil)
    }
    try refusal([2, 4, 5, 3], .channelsFirst, saying: "where the second must be 1 or 3", "") {
      .noChannels(path: $0, sizes: [2, 4, 5, 3], layout: .channelsFirst)
    }
    try refusal([2, 3, 5, 4], .channelsLast, saying: "where the last must be 1 or 3") {
      .noChannels(path: $0, sizes: [2, 3, 5, 4], layout: .channelsLast)
    }
    try refusal([2, 4, 5], .channelsLast, saying: "leave out --layout channels-last") {
      .layoutWithoutChannels(path: $0, sizes: [2, 4, 5], layout: .channelsLast)
    }
  }

  /// The offset is that in the file, whatever the order in memory.
  @Test func namesAPixelByItsPlaceInTheFile() throws {
    try withScratchFolder { folder in
      var values = [Float](repeating: 0.5, count: 12)
      values[5] = 2
      try IDXWriter.write(values, sizes: [1, 3, 2, 2], to: "\(folder)/a")
      expectFault(
        .valueOutOfRange(
          path: "\(folder)/a", index: 5, offset: 20 + 20, value: 2, range: "0 to 1",
          fix: "the pixels lie from 0.5 to 2.0, so divide them by 2"),
        saying: "element 5 is 2.0"
      ) { _ = try ImageSet(imagesPath: "\(folder)/a") }
    }
  }

  /// Of the same values and sides.
  @Test func coloursHaveAnotherFingerprint() {
    let values = Self.last.map { Float($0) / 255 }
    let grey = ImageSet(values: values, height: 2, width: 2)
    let colour = ImageSet(values: values, height: 2, width: 2, channels: 3)
    #expect(grey.count == 9 && colour.count == 3)
    #expect(grey.fingerprint != colour.fingerprint)
  }

  @Test func shapesAreSaidAsTheyAreWritten() {
    #expect("\(ImageShape(height: 28, width: 20))" == "28 x 20")
    #expect("\(ImageShape(height: 32, width: 30, channels: 3))" == "32 x 30 x 3")
  }
}
