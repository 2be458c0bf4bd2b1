import Testing

@testable import ImageGrid

@Suite struct APNGTests {
  private struct Chunk {
    let type: String
    let content: [UInt8]

    func number(_ at: Int, _ size: Int = 4) -> Int { content[at..<at + size].reduce(0) { $0 << 8 | Int($1) } }
  }

  /// Read here by itself, checksums too (the sum as the PNG specification's appendix computes it).
  private static func chunks(_ bytes: [UInt8]) -> [Chunk] {
    #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
    var chunks: [Chunk] = []
    var start = 8
    while start < bytes.count {
      let length = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
      let body = bytes[start + 4..<start + 8 + length]
      var crc: UInt32 = 0xFFFF_FFFF
      for byte in body {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? 0xEDB8_8320 ^ crc >> 1 : crc >> 1 }
      }
      let stored = bytes[start + 8 + length..<start + 12 + length].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      #expect(stored == ~crc)
      chunks.append(
        Chunk(type: String(decoding: body.prefix(4), as: UTF8.self), content: Array(body.dropFirst(4))))
      start += length + 12
    }
    return chunks
  }

  private static func frame(_ index: Int) -> Raster {
    Raster(width: 5, height: 3, fill: Color(grey: UInt8(index * 50)))
  }

  /// The pixels of a frame, through libpng: its data in a file of its own.
  private static func picture(_ parts: [[UInt8]]) throws -> Raster {
    let whole = try PNG.encode(Raster(width: 5, height: 3))
    var bytes = Array(whole.prefix(8 + 25))
    for (type, content) in parts.map({ ("IDAT", $0) }) + [("IEND", [])] {
      let body = Array(type.utf8) + content
      var crc: UInt32 = 0xFFFF_FFFF
      for byte in body {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? 0xEDB8_8320 ^ crc >> 1 : crc >> 1 }
      }
      bytes += APNG.big(UInt32(content.count)) + body + APNG.big(~crc)
    }
    return try PNG.decode(bytes).raster
  }

  @Test func framesStandInTheirOrder() throws {
    let bytes = try APNG.encode(
      count: 3, order: [0, 1, 2, 1], framesPerSecond: 12, hold: 0.5, text: [("Software", "Selva")]
    ) { APNGTests.frame($0) }
    let chunks = APNGTests.chunks(bytes)
    #expect(
      chunks.map(\.type) == [
        "IHDR", "acTL", "tEXt", "fcTL", "IDAT", "fcTL", "fdAT", "fcTL", "fdAT", "fcTL", "fdAT", "IEND",
      ])
    #expect(chunks[1].number(0) == 4 && chunks[1].number(4) == 0)
    let controls = chunks.filter { $0.type == "fcTL" }
    #expect(controls.map { $0.number(4) } == [5, 5, 5, 5] && controls.map { $0.number(8) } == [3, 3, 3, 3])
    #expect(controls.allSatisfy { $0.number(12) == 0 && $0.number(16) == 0 && $0.number(24, 2) == 0 })
    #expect(controls.map { $0.number(20, 2) } == [1, 1, 1, 583])
    #expect(controls.map { $0.number(22, 2) } == [12, 12, 12, 1000])
    // One count over the chunks of frames.
    #expect(chunks.filter { ["fcTL", "fdAT"].contains($0.type) }.map { $0.number(0) } == Array(0...6))
    let shown = try chunks.compactMap { chunk -> Raster? in
      switch chunk.type {
      case "IDAT": try APNGTests.picture([chunk.content])
      case "fdAT": try APNGTests.picture([Array(chunk.content.dropFirst(4))])
      default: nil
      }
    }
    #expect(shown == [0, 1, 2, 1].map(APNGTests.frame))
    // Who knows no animations sees the first picture.
    #expect(try PNG.decode(bytes).raster == APNGTests.frame(0))
  }

  @Test func thereAndBackShowsTheEndsOnce() {
    #expect(APNG.thereAndBack(1) == [0])
    #expect(APNG.thereAndBack(2) == [0, 1])
    #expect(APNG.thereAndBack(4) == [0, 1, 2, 3, 2, 1])
  }

  @Test func slowAndUnevenRatesAreMilliseconds() throws {
    func delay(_ rate: Double) throws -> [Int] {
      let bytes = try APNG.encode(count: 1, framesPerSecond: rate) { APNGTests.frame($0) }
      let control = try #require(APNGTests.chunks(bytes).first { $0.type == "fcTL" })
      return [control.number(20, 2), control.number(22, 2)]
    }
    #expect(try delay(25) == [1, 25])
    #expect(try delay(1.5) == [667, 1000])
    #expect(try delay(0.1) == [10_000, 1000])
  }
}
