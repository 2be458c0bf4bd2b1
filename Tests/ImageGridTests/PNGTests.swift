import Files
import Foundation
import ImageGrid
import Testing

@Suite struct PNGTests {
  private static let grey = Raster(width: 5, height: 3, bytes: (0..<15).map { UInt8($0 * 17) })
  private static let color = Raster(
    width: 4, height: 2, channels: 3, bytes: (0..<24).map { UInt8(($0 * 53) % 256) })

  private static func bytes(_ hex: String) -> [UInt8] {
    let digits = hex.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }

  private static func fixture(_ name: String) throws -> [UInt8] {
    bytes(try #require(PNGFixture.all.first { $0.name == name }).hex)
  }

  private static func fault(_ bytes: [UInt8]) -> PNGError? {
    #expect(throws: PNGError.self) { try PNG.decode(bytes, name: "a.png") }
  }

  private static let rasters = [
    "grey": grey, "colour": color, "one pixel": Raster(width: 1, height: 1),
    "large": Raster(width: 700, height: 301, fill: .white),
  ]

  @Test(arguments: rasters.keys.sorted()) func roundTripInMemory(name: String) throws {
    let raster = try #require(Self.rasters[name])
    #expect(try PNG.decode(PNG.encode(raster)).raster == raster)
  }

  @Test(arguments: PNGFixture.all.filter { !$0.pixels.isEmpty })
  func readsEveryKindOfFile(_ fixture: PNGFixture) throws {
    let raster = try PNG.decode(PNGTests.bytes(fixture.hex)).raster
    #expect((raster.width, raster.height) == (fixture.width, fixture.height))
    #expect(raster.channels == fixture.channels)
    #expect(raster.pixels == fixture.pixels)
  }

  @Test func writesAndReadsAFile() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("png-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("grid.png").path
    try PNG.write(PNGTests.color, to: path, text: [("Software", "Selva")])
    let image = try PNG.read(path)
    #expect(image.raster == PNGTests.color)
    #expect(image.text("Software") == "Selva")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["grid.png"])
  }

  @Test func textKeepsEveryCharacter() throws {
    let text = [
      ("Software", "Selva"), ("Selva command", "selva sample --seed 7\nsecond line"), ("Latin", "Größe ÿ é"),
      ("Author", "森 β-VAE 🌲"), ("Empty", ""), ("Long", String(repeating: "x", count: 5000)),
    ]
    let image = try PNG.decode(PNG.encode(PNGTests.grey, text: text))
    #expect(image.text.map(\.key) == text.map(\.0))
    #expect(image.text.map(\.value) == text.map(\.1))
    #expect(image.raster == PNGTests.grey)
    #expect(image.text("Missing") == nil)
  }

  @Test func textOutsideLatin1GoesIntoUTF8Chunks() throws {
    let latin = try PNG.encode(PNGTests.grey, text: [("Key", "é")])
    #expect(PNGTests.chunks(latin) == ["IHDR", "tEXt", "IDAT", "IEND"])
    let utf8 = try PNG.encode(PNGTests.grey, text: [("Key", "森")])
    #expect(PNGTests.chunks(utf8) == ["IHDR", "iTXt", "IDAT", "IEND"])
  }

  @Test func nulInATextValueDoesNotCutIt() throws {
    let image = try PNG.decode(PNG.encode(PNGTests.grey, text: [("Key", "a\0b"), ("Next", "c")]))
    #expect(image.text.map(\.value) == ["a\u{FFFD}b", "c"])
  }

  @Test func readsTextOfOtherPrograms() throws {
    let text = try PNG.decode(PNGTests.fixture("commented")).text
    #expect(text.map(\.key) == ["Title", "Comment", "Author", "Empty"])
    #expect(text.map(\.value) == ["café", String(repeating: "squeezed ", count: 9), "森 β", ""])
  }

  @Test func sameInputGivesSameBytes() throws {
    let text = [(key: "Software", value: "Selva")]
    let first = try PNG.encode(PNGTests.color, text: text)
    #expect(try PNG.encode(PNGTests.color, text: text) == first)
    // No time, no gamma: only what was asked for.
    #expect(PNGTests.chunks(first) == ["IHDR", "tEXt", "IDAT", "IEND"])
  }

  @Test func otherFormatsAreRefused() {
    #expect(PNGTests.fault([]) == .notPNG(path: "a.png"))
    #expect(PNGTests.fault(Array("GIF89a and so on".utf8)) == .notPNG(path: "a.png"))
  }

  @Test func everyTruncationIsFound() throws {
    let whole = try PNG.encode(PNGTests.grey, text: [("Software", "Selva")])
    for count in 1..<whole.count {
      let fault = PNGTests.fault(Array(whole.prefix(count)))
      let start = PNGTests.offsets(whole).last { $0 <= count }
      #expect(fault == .truncated(path: "a.png", byte: start ?? 0), "after \(count) bytes")
    }
  }

  @Test func aDamagedChunkIsNamed() throws {
    let whole = try PNG.encode(PNGTests.grey)
    // Signature 8, IHDR 25: the first IDAT begins at 33 and its data at 41.
    var damaged = whole
    damaged[45] ^= 0xFF
    guard case .damaged("a.png", 33, let reason) = PNGTests.fault(damaged) else {
      Issue.record("no fault in the chunk at 33")
      return
    }
    #expect(reason.contains("IDAT"))
    var header = whole
    header[20] ^= 1
    guard case .damaged("a.png", 8, let crc) = PNGTests.fault(header) else {
      Issue.record("no fault in the header")
      return
    }
    #expect(crc.contains("CRC"))
  }

  /// One bit of every byte, another one in each of eight neighbours; Tests/Fuzzing tries many more.
  @Test(arguments: ["paletteTransparent", "commented"]) func noDamageCrashes(name: String) throws {
    let whole = try PNGTests.fixture(name)
    for index in whole.indices {
      var damaged = whole
      damaged[index] ^= 1 << UInt8(index % 8)
      do { _ = try PNG.decode(damaged) } catch  where error is PNGError {}
    }
  }

  @Test func sizesBeyondReasonAreRefused() throws {
    let huge = PNGTests.fault(try PNGTests.fixture("huge"))
    #expect(huge == .tooLarge(path: "a.png", width: 900_000, height: 800_000))
    guard case .damaged("a.png", 33, let reason) = PNGTests.fault(try PNGTests.fixture("unfilled")) else {
      Issue.record("sizes that the file's 68 bytes cannot fill are taken at their word")
      return
    }
    #expect(reason.contains("too short for the width and height"))
    let wide = Raster(width: PNG.maximumSide + 1, height: 1)
    #expect(throws: PNGError.tooLarge(path: "PNG data", width: 1_000_001, height: 1)) {
      try PNG.encode(wide)
    }
  }

  @Test func faultsNameFilePlaceAndRemedy() throws {
    let error = PNGError.damaged(path: "x/a.png", byte: 33, reason: "IDAT: CRC error")
    #expect(
      error.description == "x/a.png: byte 33: damaged (IDAT: CRC error); copy or make the file again")
    #expect(error.category == .badData)
    #expect(PNGError.cannotEncode(path: "a", reason: "").category == .cannotWrite)
  }

  @Test func missingFilesAndFoldersAreFileErrors() {
    let missing = #expect(throws: FileError.self) { try PNG.read("/nonexistent/a.png") }
    #expect(missing?.category == .missingInput)
    let unwritable = #expect(throws: FileError.self) {
      try PNG.write(PNGTests.grey, to: "/nonexistent/a.png")
    }
    #expect(unwritable?.category == .cannotWrite)
  }
}

extension PNGTests {
  /// Where each chunk begins.
  private static func offsets(_ file: [UInt8]) -> [Int] {
    var offsets: [Int] = []
    var next = 8
    while next < file.count {
      offsets.append(next)
      next += 12 + file[next..<next + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    return offsets
  }

  private static func chunks(_ file: [UInt8]) -> [String] {
    offsets(file).map { String(decoding: file[$0 + 4..<$0 + 8], as: UTF8.self) }
  }
}
