import Files
import IDX
import ImageGrid

/// A NumPy array of images: `[count, height, width]`, with channels first or last, or `[count, pixels]`.
struct PixelArray {
  let name: String
  let count: Int
  let shape: ImageShape
  private let header: NPYHeader
  private let bytes: UnsafeRawBufferPointer
  private let isChannelsFirst: Bool
  /// Of floats 255, of integers 1.
  private let scale: Float

  /// - Parameters:
  ///   - bytes: of the .npy file; must live as long as this.
  ///   - name: what errors call it.
  /// - Throws: `PictureError`.
  init(_ bytes: UnsafeRawBufferPointer, name: String, settings: ImportSettings) throws {
    func fault(_ problem: String, _ fix: String) -> PictureError {
      PictureError(path: name, problem: problem, fix: fix)
    }
    let header = try NPYHeader(bytes) { fault("byte \($0): \($1)", $2) }
    let sizes = header.shape
    guard let needed = header.byteCount, needed == bytes.count - header.dataStart else {
      throw fault("does not have the bytes of an array of shape \(sizes)", "save it again with numpy.save")
    }
    guard !sizes.isEmpty, !sizes.contains(0) else { throw fault("holds no image", "save one with images") }
    guard let (shape, isFirst) = PixelArray.shape(sizes, settings) else {
      throw fault(
        "an array of shape \(sizes) is not [count, height, width], with 1 or 3 channels first or last, nor "
          + "[count, pixels] of squares",
        sizes.count == 4
          ? "say where the channels are with --layout, or reshape it" : "reshape it, or give --size")
    }
    (self.name, self.bytes, self.header, self.shape) = (name, bytes, header, shape)
    (count, isChannelsFirst) = (sizes[0], isFirst)
    scale = header.type.isFloat ? 255 : 1
  }

  private static func shape(_ sizes: [Int], _ settings: ImportSettings) -> (ImageShape, Bool)? {
    switch sizes.count {
    case 2:
      let side = square(sizes[1], settings.size)
      return side.map { (ImageShape(height: $0.height, width: $0.width), false) }
    case 3: return (ImageShape(height: sizes[1], width: sizes[2]), false)
    case 4:
      guard let found = try? ImageSizes(sizes, layout: settings.layout, path: "") else { return nil }
      return (found.shape, found.layout == .channelsFirst)
    default: return nil
    }
  }

  /// The size that so many pixels have: that which was asked for, or a square.
  static func square(_ pixels: Int, _ wanted: PictureSize?) -> PictureSize? {
    if let wanted, wanted.width * wanted.height == pixels { return wanted }
    let side = Int(Double(pixels).squareRoot().rounded())
    return side > 1 && side * side == pixels ? PictureSize(width: side, height: side) : nil
  }

  /// - Throws: `PictureError` where a value is no pixel.
  func image(_ index: Int) throws -> Raster {
    let pixels = shape.height * shape.width
    let total = pixels * shape.channels
    let values = values(index, total)
    var raster = [UInt8](repeating: 0, count: total)
    for (place, value) in values.enumerated() {
      let pixel = value * scale
      guard pixel >= -0.25, pixel <= 255.25 else {
        throw PictureError(
          path: "\(name)[\(index)]",
          problem:
            "\(value) is no pixel: \(scale == 1 ? "integers go from 0 to 255" : "floats go from 0 to 1")",
          fix: scale == 1 ? "scale the array to 0 to 255" : "scale the array to 0 to 1, or save it as uint8")
      }
      let to = isChannelsFirst ? place % pixels * shape.channels + place / pixels : place
      raster[to] = UInt8(max(0, min(255, (pixel + 0.5).rounded(.down))))
    }
    return Raster(width: shape.width, height: shape.height, channels: shape.channels, bytes: raster)
  }

  /// Those of one image, in C order.
  private func values(_ index: Int, _ total: Int) -> [Float] {
    let data = UnsafeRawBufferPointer(rebasing: bytes[header.dataStart...])
    let size = header.type.byteCount
    guard header.isFortran else {
      return header.type.floats(
        UnsafeRawBufferPointer(rebasing: data[index * total * size..<(index + 1) * total * size]))
    }
    // The first size runs fastest.
    var gathered = [UInt8](repeating: 0, count: total * size)
    for place in 0..<total {
      var (rest, stride, from) = (place, count, index)
      let steps = header.shape.dropFirst()
      var places: [Int] = []
      for length in steps.reversed() {
        places.append(rest % length)
        rest /= length
      }
      for (length, step) in zip(steps, places.reversed()) {
        from += step * stride
        stride *= length
      }
      for byte in 0..<size { gathered[place * size + byte] = data[from * size + byte] }
    }
    return gathered.withUnsafeBytes { header.type.floats($0) }
  }
}

/// A NumPy array of labels: whole numbers from 0 to 255, `[count]` or `[count, 1]`.
enum LabelArray {
  /// Nil where the array cannot be one.
  static func read(_ bytes: UnsafeRawBufferPointer, _ header: NPYHeader) -> [UInt8]? {
    let sizes = header.shape
    guard sizes.count == 1 || sizes.count == 2 && sizes[1] == 1, !header.type.isFloat else { return nil }
    guard let needed = header.byteCount, needed == bytes.count - header.dataStart else { return nil }
    let values = header.type.floats(UnsafeRawBufferPointer(rebasing: bytes[header.dataStart...]))
    guard values.allSatisfy({ (0...255).contains($0) }) else { return nil }
    return values.map { UInt8($0) }
  }
}
