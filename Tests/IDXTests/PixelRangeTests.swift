import IDX
import Testing

/// Pixels that lie elsewhere than they should, or seem to.
@Suite struct PixelRangeTests {
  private func set<Element: IDXElement>(_ pixels: [Element]) throws -> ImageSet {
    try withScratchFolder { folder in
      try IDXWriter.write(pixels, sizes: [pixels.count, 1, 1], to: "\(folder)/images")
      return try ImageSet(imagesPath: "\(folder)/images")
    }
  }

  private func values(_ set: ImageSet) -> [Float] { (0..<set.count).flatMap { set.image($0) } }

  /// The message without its path.
  private func refusal<Element: IDXElement>(_ pixels: [Element]) -> String {
    let fault = #expect(throws: IDXError.self) { _ = try set(pixels) }
    return fault.map { String($0.description.drop { $0 != ":" }.dropFirst(2)) } ?? ""
  }

  /// 1.0000001 is the next float32 after 1; 1.0005 is what float16 may make of 1 on the way through a sum.
  @Test func takesWhatIsOutsideByRounding() throws {
    let step: Float = 0x1p-10
    #expect(
      try values(set([0, 1.000_000_1, 1.0005, 1 + step, -step, -1e-7, 0.5] as [Float])) == [
        0, 1, 1, 1, 0, 0, 0.5,
      ])
    #expect(try values(set([1.000_000_000_1, -0x1p-10, 0.1] as [Double])) == [1, 0, 0.1])
  }

  @Test func refusesWhatIsFartherOutside() {
    for value in [1 + Float(0x1p-10).nextUp.nextUp * 1.001, 1.001] {
      #expect(refusal([0, value]).hasPrefix("byte 20: element 1 is \(Double(value)), outside 0 to 1; "))
    }
    #expect(refusal([0, -0.001] as [Float]).contains("element 1 is -0.0010000000474974513, outside"))
    #expect(refusal([0, 1 + 0x1.0001p-10]).hasPrefix("byte 24: element 1 is "))
    #expect(refusal([0, -0x1.0001p-10]).hasPrefix("byte 24: element 1 is "))
  }

  @Test(
    arguments: [
      ([0, 12, 255], "the pixels lie from 0.0 to 255.0, so divide them by 255"),
      ([0, 17, 3.5], "the pixels lie from 0.0 to 17.0, so divide them by 255"),
      ([0, 16, 3], "the pixels lie from 0.0 to 16.0, so divide them by 16"),
      ([0, 1.5, 1], "the pixels lie from 0.0 to 1.5, so divide them by 1.5"),
      ([0, 256, 1], "the pixels lie from 0.0 to 256.0, so divide them by 65535"),
      ([0, 65_535, 1], "the pixels lie from 0.0 to 65535.0, so divide them by 65535"),
      ([0, 70_000, 1], "the pixels lie from 0.0 to 70000.0, so divide them by 70000"),
      ([0, -1, 1], "the pixels lie from -1.0 to 1.0, so add 1 and divide by 2"),
      (
        [-0.25, 2.75],
        "the pixels lie from -0.25 to 2.75, so subtract the least and divide by the width of that range"
      ),
      ([0.5, 2, .infinity], "replace what is not a finite number, and scale the rest to 0 to 1"),
    ] as [([Float], String)])
  func saysHowToScale(pixels: [Float], fix: String) {
    #expect(refusal(pixels).hasSuffix("outside 0 to 1; \(fix)"), "\(refusal(pixels))")
    #expect(refusal(pixels.map(Double.init)).hasSuffix("outside 0 to 1; \(fix)"))
  }

  @Test func refusesNaN() {
    #expect(
      refusal([0, .nan] as [Float]).hasPrefix("byte 20: element 1 is nan, outside 0 to 1; replace what is"))
  }

  @Test func noticesBytesThatAreNotScaled() throws {
    #expect(try set([0, 1, 1, 0] as [UInt8]).unscaledMaximum == 1)
    #expect(try set([0, 16, 3] as [UInt8]).unscaledMaximum == 16)
    #expect(try set([31, 0] as [UInt8]).unscaledMaximum == 31)
    #expect(try set([0, 1, 32] as [UInt8]).unscaledMaximum == nil)
    #expect(try set([0, 0] as [UInt8]).unscaledMaximum == nil)
    #expect(try set([0, 1] as [Float]).unscaledMaximum == nil)
  }
}
