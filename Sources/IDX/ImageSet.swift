import Files

/// Greyscale images of one size, with labels where there are any.
///
/// `UInt8` images stay where they are (a plain file memory-mapped, pages coming in as they are used), so a set
/// larger than memory can be worked on. `Float32` and `Float64` images are copied as host-order `Float`, many of them
/// into a nameless file.
///
/// `@unchecked Sendable`: immutable after `init`.
public final class ImageSet: @unchecked Sendable {
  /// The file the images came from; "memory" for images made by a program.
  public let path: String
  public let count: Int
  public let height: Int
  public let width: Int
  /// One a image, where there are labels.
  public let labels: [UInt8]?
  /// The file that they came from; nil where they did not come from one.
  public let labelsPath: String?
  /// The pixels of all images, image by image, row by row.
  public let pixels: Pixels
  private let file: IDXFile?
  private let copied: UnsafeMutableBufferPointer<Float>?
  private let scratch: ScratchMemory?

  /// Valid while the set lives.
  public enum Pixels: @unchecked Sendable {
    /// 0 (black) to 255 (white).
    case bytes(UnsafePointer<UInt8>)
    /// 0 to 1.
    case floats(UnsafePointer<Float>)
  }

  /// Reads images, `[count, height, width]`, and labels, `[count]`.
  ///
  /// - Throws: `FileError`, or the `IDXError` that says what is wrong with which file.
  public init(imagesPath: String, labelsPath: String? = nil) throws {
    let file = try IDXFile(imagesPath)
    let sizes = try ImageSet.imageSizes(file)
    path = imagesPath
    (count, height, width) = (sizes[0], sizes[1], sizes[2])
    let labels = try labelsPath.map { try Labels.read($0) }
    if let labels, let labelsPath, labels.count != sizes[0] {
      throw IDXError.countsDisagree(
        images: imagesPath, imageCount: sizes[0], labels: labelsPath, labelCount: labels.count)
    }
    self.labels = labels
    self.labelsPath = labelsPath
    if file.header.type == .uint8 {
      self.file = file
      scratch = nil
      pixels = .bytes(file.bytes.baseAddress!.assumingMemoryBound(to: UInt8.self))
    } else {
      let values = try FloatPixels.copy(file)
      self.file = nil
      scratch = values
      pixels = .floats(UnsafePointer(values.bytes.baseAddress!.assumingMemoryBound(to: Float.self)))
    }
    copied = nil
  }

  /// Images that a program made.
  ///
  /// - Parameters:
  ///   - values: `[count, height · width]`, row-major.
  ///   - labels: one an image.
  public init(values: [Float], height: Int, width: Int, labels: [UInt8]? = nil) {
    precondition(
      height > 0 && width > 0 && !values.isEmpty && values.count % (height * width) == 0,
      "\(values.count) values are no whole images of \(height) x \(width)")
    path = "memory"
    count = values.count / (height * width)
    precondition(labels == nil || labels?.count == count, "\(labels?.count ?? 0) labels for \(count) images")
    self.height = height
    self.width = width
    self.labels = labels
    labelsPath = nil
    file = nil
    scratch = nil
    let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: values.count)
    _ = memory.initialize(fromContentsOf: values)
    copied = memory
    pixels = .floats(UnsafePointer(memory.baseAddress!))
  }

  deinit { copied?.deallocate() }

  /// Pixels of one image.
  public var pixelCount: Int { height * width }

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
    switch pixels {
    case .bytes(let bytes): checksum.update(UnsafeRawBufferPointer(start: bytes, count: count * pixelCount))
    case .floats(let floats):
      checksum.update(UnsafeRawBufferPointer(UnsafeBufferPointer(start: floats, count: count * pixelCount)))
    }
    return checksum.value
  }

  /// One image, `[height · width]` in [0, 1].
  public func image(_ index: Int) -> [Float] {
    precondition((0..<count).contains(index), "image \(index) of \(count)")
    let range = index * pixelCount..<(index + 1) * pixelCount
    switch pixels {
    case .bytes(let bytes): return range.map { Float(bytes[$0]) / 255 }
    case .floats(let floats): return range.map { floats[$0] }
    }
  }

  private static func imageSizes(_ file: IDXFile) throws -> [Int] {
    let sizes = file.header.sizes
    if sizes.count == 1 { throw IDXError.labelsInsteadOfImages(path: file.path, count: sizes[0]) }
    guard sizes.count == 3 else {
      // Rank 4 is likely colour, its channels first or last.
      let wanted =
        sizes.count == 4 ? "greyscale images, count x height x width," : "count x height x width"
      throw IDXError.wrongRank(path: file.path, found: sizes, wanted: wanted)
    }
    guard [.uint8, .float32, .float64].contains(file.header.type) else {
      let wanted = "uint8, float32 or float64"
      throw IDXError.wrongElements(path: file.path, found: file.header.type, wanted: wanted)
    }
    guard !sizes.contains(0) else { throw IDXError.empty(path: file.path, sizes: sizes) }
    guard sizes[0] <= Int32.max else { throw IDXError.tooManyImages(path: file.path, count: sizes[0]) }
    return sizes
  }
}
