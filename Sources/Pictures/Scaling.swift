import ImageGrid

/// How a picture of another shape is brought to a size.
public enum PictureFit: String, Sendable, CaseIterable {
  /// Its middle, as much of it as has the new shape.
  case crop
  /// All of it, with the background beside or above and below it.
  case pad
  /// All of it, out of proportion.
  case stretch
}

/// A picture at the size of others.
enum Scaling {
  static func scaled(
    _ raster: Raster, width: Int, height: Int, fit: PictureFit, background: Color
  ) -> Raster {
    guard (raster.width, raster.height) != (width, height) else { return raster }
    // Sides of what has the new shape, in pixels of the old: width as broad as it is, or height as high.
    let isBroad = raster.width * height > raster.height * width
    switch fit {
    case .stretch: return raster.resampled(width: width, height: height)
    case .crop:
      let side =
        isBroad
        ? max(1, rounded(raster.height * width, by: height))
        : max(1, rounded(raster.width * height, by: width))
      let (x, y) = isBroad ? ((raster.width - side) / 2, 0) : (0, (raster.height - side) / 2)
      let (w, h) = isBroad ? (side, raster.height) : (raster.width, side)
      return raster.resampled(columns: x..<x + w, rows: y..<y + h, width: width, height: height)
    case .pad:
      let w = isBroad ? width : max(1, rounded(raster.width * height, by: raster.height))
      let h = isBroad ? max(1, rounded(raster.height * width, by: raster.width)) : height
      return padded(raster.resampled(width: w, height: h), width, height, background)
    }
  }

  private static func rounded(_ value: Int, by divisor: Int) -> Int { (value + divisor / 2) / divisor }

  private static func padded(_ inner: Raster, _ width: Int, _ height: Int, _ background: Color) -> Raster {
    let isGrey = background.red == background.green && background.green == background.blue
    let channels = isGrey ? inner.channels : 3
    var outer = Raster(width: width, height: height, channels: channels, fill: background)
    let (left, top) = ((width - inner.width) / 2, (height - inner.height) / 2)
    for y in 0..<inner.height {
      for x in 0..<inner.width { outer[left + x, top + y] = inner[x, y] }
    }
    return outer
  }
}
