import Files

/// Animated PNG (the APNG chunks of the PNG specification, third edition): pictures of one size, shown in turn, for ever.
///
/// Programs that know no animations show the first picture. libpng makes each one; what stands around them is written
/// here.
public enum APNG {
  /// The bytes of an animation.
  ///
  /// - Parameters:
  ///   - count: of different pictures, at least one.
  ///   - order: in which they are shown, by index; each at least once, picture 0 first.
  ///   - framesPerSecond: 1/60 to 1000.
  ///   - hold: seconds that the last of `order` stays longer than the others.
  ///   - text: as for `PNG.encode`.
  ///   - name: what an error calls the file.
  ///   - frame: makes a picture, asked for each index once, from 0 on; all as large and with as many channels as the
  ///     first.
  /// - Throws: `PNGError`, and what `frame` throws.
  public static func encode(
    count: Int, order: [Int]? = nil, framesPerSecond: Double, hold: Double = 0,
    text: [(key: String, value: String)] = [], name: String = "PNG data", frame: (Int) throws -> Raster
  ) throws -> [UInt8] {
    let order = order ?? Array(0..<count)
    precondition(count > 0 && order.first == 0, "\(count) pictures in the order \(order)")
    let first = try frame(0)
    let whole = chunks(try PNG.encode(first, text: text, name: name))
    let pixels = try (0..<count).map { index in
      guard index > 0 else { return data(whole) }
      let raster = try frame(index)
      precondition(
        raster.width == first.width && raster.height == first.height && raster.channels == first.channels,
        "picture \(index) is \(raster.width) x \(raster.height) x \(raster.channels), unlike the first")
      return data(chunks(try PNG.encode(raster, name: name)))
    }
    var output = Writer()
    output.bytes = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    for chunk in whole where chunk.type != "IDAT" && chunk.type != "IEND" {
      output.add(chunk.type, chunk.content)
      if chunk.type == "IHDR" { output.add("acTL", big(UInt32(order.count)) + big(UInt32(0))) }
    }
    for (position, index) in order.enumerated() {
      let seconds = 1 / framesPerSecond + (position == order.count - 1 ? hold : 0)
      output.addControl(width: first.width, height: first.height, delay: delay(seconds))
      for part in pixels[index] { output.addFrame(part, isFirst: position == 0) }
    }
    output.add("IEND", [])
    return output.bytes
  }

  /// There and back: each picture but the two at the ends twice.
  public static func thereAndBack(_ count: Int) -> [Int] {
    Array(0..<count) + (count > 2 ? Array((1..<count - 1).reversed()) : [])
  }

  /// A fraction of a second in two 16-bit numbers: 1 / 12 as such, what is no such fraction in milliseconds.
  private static func delay(_ seconds: Double) -> (UInt16, UInt16) {
    let rate = (1 / seconds).rounded()
    if rate >= 1, abs(rate * seconds - 1) < 1e-9 { return (1, UInt16(rate)) }
    return (UInt16(min((seconds * 1000).rounded(), 65_535)), 1000)
  }

  private struct Chunk {
    let type: String
    let content: ArraySlice<UInt8>
  }

  /// The chunks of a file that libpng has just written.
  private static func chunks(_ png: [UInt8]) -> [Chunk] {
    var chunks: [Chunk] = []
    var start = 8
    while start + 12 <= png.count {
      let length = png[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
      let type = String(decoding: png[start + 4..<start + 8], as: UTF8.self)
      chunks.append(Chunk(type: type, content: png[start + 8..<start + 8 + length]))
      start += length + 12
    }
    return chunks
  }

  private static func data(_ chunks: [Chunk]) -> [ArraySlice<UInt8>] {
    chunks.filter { $0.type == "IDAT" }.map(\.content)
  }

  static func big<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }

  private struct Writer {
    var bytes: [UInt8] = []
    /// Of the chunks that tell of frames, all in one count.
    private var sequence: UInt32 = 0

    /// Length, type, content and their checksum.
    mutating func add(_ type: String, _ content: some Collection<UInt8>) {
      let body = Array(type.utf8) + content
      var checksum = CRC32()
      body.withUnsafeBytes { checksum.update($0) }
      bytes += big(UInt32(content.count)) + body + big(checksum.value)
    }

    private mutating func next() -> [UInt8] {
      defer { sequence += 1 }
      return big(sequence)
    }

    /// A frame over the whole picture, in place of what was there.
    mutating func addControl(width: Int, height: Int, delay: (UInt16, UInt16)) {
      let place = [UInt32(width), UInt32(height), 0, 0].flatMap { big($0) }
      add("fcTL", next() + place + big(delay.0) + big(delay.1) + [0, 0])
    }

    mutating func addFrame(_ content: ArraySlice<UInt8>, isFirst: Bool) {
      if isFirst { add("IDAT", content) } else { add("fdAT", next() + content) }
    }
  }
}
