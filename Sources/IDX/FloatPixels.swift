import Files

/// The pixels of `Float32` and `Float64` files.
enum FloatPixels {
  /// A pixel that lies no farther outside [0, 1] was rounded on its way, and is taken for 0 or 1. It is the step of
  /// float16 above 1, the coarsest type that images are scaled in, and a quarter of a step of 8-bit grey.
  static let rounding = 0x1p-10

  /// All pixels as `Float` in [0, 1], channels last.
  ///
  /// - Throws: `IDXError.valueOutOfRange`; `FileError` where there is no room for them.
  static func copy(_ file: IDXFile, _ sizes: ImageSizes) throws -> ScratchMemory {
    let count = file.header.count
    let memory = try ScratchMemory(
      byteCount: 4 * count, for: file.path, verb: "is copied as", fix: "store its pixels as bytes")
    let floats = memory.bytes.assumingMemoryBound(to: Float.self)
    let isPermuted = sizes.isPermuted
    for index in 0..<count {
      let value = pixel(file, index)
      guard value >= -rounding && value <= 1 + rounding else {
        throw IDXError.valueOutOfRange(
          path: file.path, index: index, offset: file.offset(index), value: value, range: "0 to 1",
          fix: fix(file))
      }
      floats[isPermuted ? sizes.place(index) : index] = Float(min(max(value, 0), 1))
    }
    return memory
  }

  private static func pixel(_ file: IDXFile, _ index: Int) -> Double {
    let base = file.bytes.baseAddress!
    return file.header.type == .float64
      ? Double(bigEndianBytes: base + 8 * index) : Double(Float(bigEndianBytes: base + 4 * index))
  }

  /// How to bring the pixels to [0, 1], by where all of them lie.
  private static func fix(_ file: IDXFile) -> String {
    var (least, greatest) = (Double.infinity, -Double.infinity)
    for index in 0..<file.header.count {
      let value = pixel(file, index)
      guard value.isFinite else { return "replace what is not a finite number, and scale the rest to 0 to 1" }
      least = min(least, value)
      greatest = max(greatest, value)
    }
    let range = "the pixels lie from \(Float(least)) to \(Float(greatest)), so"
    if least < 0 {
      return least >= -1 && greatest <= 1
        ? "\(range) add 1 and divide by 2"
        : "\(range) subtract the least and divide by the width of that range"
    }
    // Scales that pictures come in: 8 and 16 bits.
    let white = greatest > 16 ? [255, 65_535].first { greatest <= $0 } ?? greatest : greatest
    return
      "\(range) divide them by \(white == white.rounded() && white < 1e15 ? "\(Int(white))" : "\(white)")"
  }
}
