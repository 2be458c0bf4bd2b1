import IDX
import ImageGrid

/// What is done with every picture on its way into a set.
public struct ImportSettings: Sendable {
  /// The size of all images; nil: that which all pictures have.
  public var size: PictureSize?
  public var fit = PictureFit.crop
  /// Grey, whether or not there is colour.
  public var isGrey = false
  public var background = Color.black
  public var isInverted = false
  public var isTransposed = false
  /// Where arrays have their channels; nil: told by which side is 1 or 3.
  public var layout: ImageLayout?
  /// Whether one broken picture ends it all.
  public var isStrict = false
  /// Part of the images to hold out as the test set; nil: none.
  public var testFraction: Double?
  public var seed: UInt64 = 0

  public init() {}

  /// The picture as the set will hold it; grey where there is no colour in it.
  func prepared(_ picture: Raster) -> Raster {
    var picture = isTransposed ? picture.transposed() : picture
    if isGrey { picture = picture.grey() }
    if let size {
      picture = Scaling.scaled(
        picture, width: size.width, height: size.height, fit: fit, background: background)
      if isGrey { picture = picture.grey() }
    }
    if !picture.hasColour { picture = picture.grey() }
    return isInverted ? picture.inverted() : picture
  }
}

/// Width and height, as people say them.
public struct PictureSize: Hashable, Sendable, CustomStringConvertible {
  public let width: Int
  public let height: Int
  /// No side of an image is longer.
  public static let largest = 4096

  public init(width: Int, height: Int) { (self.width, self.height) = (width, height) }

  public var description: String { "\(width)x\(height)" }
}
