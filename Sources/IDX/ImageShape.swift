/// Where the channels of a file of colour images stand among its sizes.
public enum ImageLayout: String, Codable, Sendable, CaseIterable {
  /// `[count, channels, height, width]`.
  case channelsFirst = "channels-first"
  /// `[count, height, width, channels]`.
  case channelsLast = "channels-last"
}

/// How large an image is.
public struct ImageShape: Sendable, Equatable, CustomStringConvertible {
  /// Rows of pixels.
  public let height: Int
  /// Pixels in a row.
  public let width: Int
  /// 1 grey, 3 red, green and blue.
  public let channels: Int

  /// A size, of which nothing is checked.
  ///
  /// - Parameters:
  ///   - height: rows of pixels.
  ///   - width: pixels in a row.
  ///   - channels: 1 grey, 3 red, green and blue.
  public init(height: Int, width: Int, channels: Int = 1) {
    self.height = height
    self.width = width
    self.channels = channels
  }

  /// Height and width, and the channels where there are several.
  public var sizes: [Int] { channels == 1 ? [height, width] : [height, width, channels] }

  /// 28 x 28 of grey images, 32 x 32 x 3 of colour ones.
  public var description: String { sizes.map { String($0) }.joined(separator: " x ") }
}

/// What the sizes of an IDX file of images say: `[count, height, width]`, or with channels among them.
package struct ImageSizes: Sendable, Equatable {
  /// Images.
  package let count: Int
  package let shape: ImageShape
  /// Nil where no channels are among the sizes.
  package let layout: ImageLayout?

  /// - Parameters:
  ///   - sizes: of the file at `path`, of rank 3 or 4.
  ///   - layout: where the channels are; nil: where a side of 1 or 3 is.
  /// - Throws: `IDXError.ambiguousChannels`, `.noChannels` or `.layoutWithoutChannels`.
  package init(_ sizes: [Int], layout: ImageLayout?, path: String) throws {
    precondition(sizes.count == 3 || sizes.count == 4, "images of rank \(sizes.count)")
    count = sizes[0]
    guard sizes.count == 4 else {
      if let layout { throw IDXError.layoutWithoutChannels(path: path, sizes: sizes, layout: layout) }
      shape = ImageShape(height: sizes[1], width: sizes[2])
      self.layout = nil
      return
    }
    let possible = ImageLayout.allCases.filter { [1, 3].contains(sizes[$0 == .channelsFirst ? 1 : 3]) }
    guard let found = layout ?? possible.first, possible.contains(found) else {
      throw IDXError.noChannels(path: path, sizes: sizes, layout: layout)
    }
    guard layout != nil || possible.count == 1 else {
      throw IDXError.ambiguousChannels(path: path, sizes: sizes)
    }
    self.layout = found
    shape =
      found == .channelsFirst
      ? ImageShape(height: sizes[2], width: sizes[3], channels: sizes[1])
      : ImageShape(height: sizes[1], width: sizes[2], channels: sizes[3])
  }

  /// Whether a value's place in the file is not that in memory, where channels are last.
  var isPermuted: Bool { layout == .channelsFirst && shape.channels > 1 }

  /// The place in memory of the value at `index` of the file.
  func place(_ index: Int) -> Int {
    let (pixels, channels) = (shape.height * shape.width, shape.channels)
    let (image, within) = index.quotientAndRemainder(dividingBy: pixels * channels)
    let (channel, pixel) = within.quotientAndRemainder(dividingBy: pixels)
    return image * pixels * channels + pixel * channels + channel
  }
}
