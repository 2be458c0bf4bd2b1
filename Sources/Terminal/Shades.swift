import ImageGrid

/// Shades by characters alone, for terminals without colours and for people who want none.
enum Shades {
  /// From the lightest ink to the heaviest.
  private static let ink = Array(" .:-=+*#%@")

  /// A character for a cell, which is twice as high as it is wide.
  ///
  /// - Parameter isLight: whether ink is dark on a light background.
  static func text(_ raster: Raster, _ screen: TerminalScreen, isLight: Bool) -> String {
    let width = min(raster.width, screen.columns)
    let height = max(1, (raster.height * width + raster.width) / (2 * raster.width))
    let small = raster.resampled(width: width, height: height)
    return (0..<height).map { y in
      let line = (0..<width).map { x in
        let luma = Int(small[x, y].luma)
        return ink[((isLight ? 255 - luma : luma) * (ink.count - 1) + 127) / 255]
      }
      return String(line) + "\n"
    }.joined()
  }
}
