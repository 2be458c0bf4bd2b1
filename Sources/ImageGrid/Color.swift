/// An opaque sRGB colour.
public struct Color: Sendable, Hashable {
  /// 0 to 255, sRGB.
  public var red: UInt8
  /// 0 to 255, sRGB.
  public var green: UInt8
  /// 0 to 255, sRGB.
  public var blue: UInt8

  /// Each component from 0 to 255, sRGB.
  public init(red: UInt8, green: UInt8, blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// A grey: the three components alike.
  public init(grey: UInt8) { self.init(red: grey, green: grey, blue: grey) }

  /// A colour as it is written in style sheets: `Color(rgb: 0x0072B2)`.
  public init(rgb: UInt32) {
    self.init(
      red: UInt8(truncatingIfNeeded: rgb >> 16), green: UInt8(truncatingIfNeeded: rgb >> 8),
      blue: UInt8(truncatingIfNeeded: rgb))
  }

  /// All components 0.
  public static let black = Color(grey: 0)
  /// All components 255.
  public static let white = Color(grey: 255)

  /// The grey that stands for the colour in a one-channel raster (Rec. 601 weights, rounded).
  public var luma: UInt8 {
    let weighted: Int = 299 * Int(red) + 587 * Int(green) + 114 * Int(blue)
    return UInt8((weighted + 500) / 1000)
  }
}
