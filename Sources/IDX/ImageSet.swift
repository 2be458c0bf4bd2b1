import Files

/// Images of one size, grey or in colour, with labels where there are any.
///
/// `UInt8` images stay where they are (a plain file memory-mapped, pages coming in as they are used), so a set
/// larger than memory can be worked on. `Float32` and `Float64` images are copied as host-order `Float`, and
/// colour images whose channels come first with the channels last; large copies go into a nameless file.
///
/// `@unchecked Sendable`: immutable after `init`.
public final class ImageSet: @unchecked Sendable {
  /// The path of images that a program made.
  public static let memory = "memory"

  /// The file the images came from; `memory` for images made by a program.
  public let path: String
  /// Where the channels are in that file, if it was said.
  public let layout: ImageLayout?
  /// Images.
  public let count: Int
  /// Of each of them.
  public let shape: ImageShape
  /// One an image, `[count]`; nil where there are none.
  public let labels: [UInt8]?
  /// The file that they came from; nil where they did not come from one.
  public let labelsPath: String?
  /// The pixels of all images, image by image, row by row, each with its channels (red, green, blue) together.
  public let pixels: Pixels
  private let file: IDXFile?
  private let copied: UnsafeMutableRawBufferPointer?
  private let scratch: ScratchMemory?

  /// Where the pixels of all images lie, `[count, height, width, channels]`. Valid while the set lives.
  public enum Pixels: @unchecked Sendable {
    /// 0 (black) to 255 (white).
    case bytes(UnsafePointer<UInt8>)
    /// 0 to 1.
    case floats(UnsafePointer<Float>)
  }

  /// Reads images, `[count, height, width]` or with channels first or last, and labels, `[count]`.
  ///
  /// - Parameters:
  ///   - imagesPath: an IDX file of `UInt8` from 0 to 255, or of floats from 0 to 1.
  ///   - labelsPath: an IDX file of whole numbers from 0 to 255, one an image; nil: no labels.
  ///   - layout: where the channels are; nil: told by which side is 1 or 3.
  /// - Throws: `FileError`, or the `IDXError` that says what is wrong with which file.
  public init(imagesPath: String, labelsPath: String? = nil, layout: ImageLayout? = nil) throws {
    let file = try IDXFile(imagesPath)
    let sizes = try ImageSet.imageSizes(file, layout)
    path = imagesPath
    self.layout = layout
    (count, shape) = (sizes.count, sizes.shape)
    let labels = try labelsPath.map { try Labels.read($0) }
    if let labels, let labelsPath, labels.count != sizes.count {
      throw IDXError.countsDisagree(
        images: imagesPath, imageCount: sizes.count, labels: labelsPath, labelCount: labels.count)
    }
    self.labels = labels
    self.labelsPath = labelsPath
    if file.header.type == .uint8, sizes.isPermuted {
      let bytes = try ImageSet.permuted(file, sizes)
      self.file = nil
      scratch = bytes
      pixels = .bytes(UnsafePointer(bytes.bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)))
    } else if file.header.type == .uint8 {
      self.file = file
      scratch = nil
      pixels = .bytes(file.bytes.baseAddress!.assumingMemoryBound(to: UInt8.self))
    } else {
      let values = try FloatPixels.copy(file, sizes)
      self.file = nil
      scratch = values
      pixels = .floats(UnsafePointer(values.bytes.baseAddress!.assumingMemoryBound(to: Float.self)))
    }
    copied = nil
  }

  /// Images that a program made, which are copied.
  ///
  /// - Parameters:
  ///   - values: `[count, height · width · channels]`, row-major, each in [0, 1].
  ///   - height: rows of pixels.
  ///   - width: pixels in a row.
  ///   - channels: 1 grey, 3 red, green and blue.
  ///   - labels: one an image.
  public convenience init(values: [Float], height: Int, width: Int, channels: Int = 1, labels: [UInt8]? = nil)
  {
    let shape = ImageShape(height: height, width: width, channels: channels)
    self.init(copy: values, shape, labels) { .floats($0.assumingMemoryBound(to: Float.self)) }
  }

  /// Images that a program made of bytes, which are copied.
  ///
  /// - Parameters:
  ///   - bytes: `[count, height · width · channels]`, row-major, each from 0 (black) to 255 (white).
  ///   - height: rows of pixels.
  ///   - width: pixels in a row.
  ///   - channels: 1 grey, 3 red, green and blue.
  ///   - labels: one an image.
  public convenience init(bytes: [UInt8], height: Int, width: Int, channels: Int = 1, labels: [UInt8]? = nil)
  {
    let shape = ImageShape(height: height, width: width, channels: channels)
    self.init(copy: bytes, shape, labels) { .bytes($0.assumingMemoryBound(to: UInt8.self)) }
  }

  private init<Pixel: BitwiseCopyable>(
    copy values: [Pixel], _ shape: ImageShape, _ labels: [UInt8]?, as pixels: (UnsafeRawPointer) -> Pixels
  ) {
    let (height, width, channels) = (shape.height, shape.width, shape.channels)
    precondition(channels == 1 || channels == 3, "images of \(channels) channels")
    precondition(
      height > 0 && width > 0 && !values.isEmpty && values.count % (height * width * channels) == 0,
      "\(values.count) values are no whole images of \(shape)")
    self.shape = shape
    path = ImageSet.memory
    layout = nil
    count = values.count / (height * width * channels)
    precondition(labels == nil || labels?.count == count, "\(labels?.count ?? 0) labels for \(count) images")
    self.labels = labels
    labelsPath = nil
    file = nil
    scratch = nil
    let memory = values.withUnsafeBytes { values in
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: values.count, alignment: 64)
      memory.copyMemory(from: values)
      return memory
    }
    copied = memory
    self.pixels = pixels(UnsafeRawPointer(memory.baseAddress!))
  }

  deinit { copied?.deallocate() }

  /// Rows of pixels.
  public var height: Int { shape.height }
  /// Pixels in a row.
  public var width: Int { shape.width }
  /// 1 grey, 3 red, green and blue.
  public var channels: Int { shape.channels }

  /// Values of one image, height · width · channels.
  public var pixelCount: Int { height * width * channels }

  /// The greatest pixel of a set of bytes that is so dark, with none above 31 where white is 255, that its pixels
  /// were likely meant on another scale (0 and 1, or 0 to 16); nil elsewhere.
  ///
  /// Reads up to the first brighter pixel, and 64 MiB at most.
  public var unscaledMaximum: UInt8? {
    guard case .bytes(let bytes) = pixels else { return nil }
    var greatest: UInt8 = 0
    for pixel in UnsafeBufferPointer(start: bytes, count: min(count * pixelCount, 1 << 26)) {
      if pixel > 31 { return nil }
      greatest = max(greatest, pixel)
    }
    return greatest > 0 ? greatest : nil
  }

  /// Whether the pixels are those that the set was made of: false where another process has changed the file that they
  /// are read from. Pixels that were copied stay as they are.
  public var isIntact: Bool { file?.isIntact ?? true }

  /// A number that differs, but for one chance in 2³², where any pixel or size does. Reads all pixels.
  public var fingerprint: UInt32 {
    var checksum = CRC32()
    withUnsafeBytes(of: (height, width)) { checksum.update($0) }
    // What grey images had before there were others stays theirs.
    if channels > 1 { withUnsafeBytes(of: channels) { checksum.update($0) } }
    switch pixels {
    case .bytes(let bytes): checksum.update(UnsafeRawBufferPointer(start: bytes, count: count * pixelCount))
    case .floats(let floats):
      checksum.update(UnsafeRawBufferPointer(UnsafeBufferPointer(start: floats, count: count * pixelCount)))
    }
    return checksum.value
  }

  /// One image, `[height · width · channels]` in [0, 1].
  public func image(_ index: Int) -> [Float] {
    precondition((0..<count).contains(index), "image \(index) of \(count)")
    let range = index * pixelCount..<(index + 1) * pixelCount
    switch pixels {
    case .bytes(let bytes): return range.map { Float(bytes[$0]) / 255 }
    case .floats(let floats): return range.map { floats[$0] }
    }
  }

  /// Bytes of images whose channels come first, with the channels last.
  private static func permuted(_ file: IDXFile, _ sizes: ImageSizes) throws -> ScratchMemory {
    let memory = try ScratchMemory(
      byteCount: file.header.count, for: file.path, verb: "is copied as",
      fix: "store its channels last: a plain file of such is read as it is used")
    let (channels, pixels) = (sizes.shape.channels, sizes.shape.height * sizes.shape.width)
    for start in stride(from: 0, to: file.header.count, by: channels * pixels) {
      for channel in 0..<channels {
        for pixel in 0..<pixels {
          memory.bytes[start + pixel * channels + channel] = file.bytes[start + channel * pixels + pixel]
        }
      }
    }
    return memory
  }

  private static func imageSizes(_ file: IDXFile, _ layout: ImageLayout?) throws -> ImageSizes {
    let sizes = file.header.sizes
    if sizes.count == 1 { throw IDXError.labelsInsteadOfImages(path: file.path, count: sizes[0]) }
    guard sizes.count == 3 || sizes.count == 4 else {
      throw IDXError.wrongRank(path: file.path, found: sizes, wanted: "count x height x width")
    }
    guard [.uint8, .float32, .float64].contains(file.header.type) else {
      let wanted = "uint8, float32 or float64"
      throw IDXError.wrongElements(path: file.path, found: file.header.type, wanted: wanted)
    }
    guard !sizes.contains(0) else { throw IDXError.empty(path: file.path, sizes: sizes) }
    guard sizes[0] <= Int32.max else { throw IDXError.tooManyImages(path: file.path, count: sizes[0]) }
    return try ImageSizes(sizes, layout: layout, path: file.path)
  }
}
