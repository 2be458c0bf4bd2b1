extension Raster {
  /// The height of a capital letter in pixels; descenders reach `2 * scale` below it.
  public static func textHeight(scale: Int = 1) -> Int { Font.capHeight * scale }

  /// The width in pixels of `text` as `drawText` draws it.
  public static func textWidth(_ text: String, scale: Int = 1) -> Int {
    let advance = text.unicodeScalars.reduce(0) { $0 + Font.shared.glyph($1).advance }
    return max(advance - 1, 0) * scale
  }

  /// Draws one line of text in the built-in typeface; what falls outside the raster is cut off.
  ///
  /// The typeface has ASCII, a few Greek letters and signs; any other character is drawn as a box.
  ///
  /// - Parameters:
  ///   - text: one line.
  ///   - x: the left edge of the first letter, in pixels.
  ///   - y: the top of a capital letter, in pixels.
  ///   - color: of the letters; its luma in a grey raster.
  ///   - scale: the side of one pixel of the typeface: letters are `7 * scale` high.
  public mutating func drawText(_ text: String, x: Int, y: Int, color: Color = .black, scale: Int = 1) {
    precondition(scale >= 1, "a text scale of \(scale) leaves nothing; use 1 or more")
    var left = x
    for scalar in text.unicodeScalars {
      let glyph = Font.shared.glyph(scalar)
      draw(glyph, x: left, y: y, color: color, scale: scale)
      left += glyph.advance * scale
    }
  }

  private mutating func draw(_ glyph: Font.Glyph, x: Int, y: Int, color: Color, scale: Int) {
    for row in 0..<glyph.rows.count {
      for column in 0..<glyph.advance {
        if Raster.ink(glyph, column, row) {
          for offset in 0..<scale * scale {
            blend(
              x: x + column * scale + offset % scale, y: y + row * scale + offset / scale, color: color,
              coverage: 255)
          }
        } else if scale > 1 {
          smooth(glyph, column, row, x: x + column * scale, y: y + row * scale, color: color, scale: scale)
        }
      }
    }
  }

  /// Fills the corner of an empty cell where two inked neighbours touch only diagonally, so that slanted
  /// strokes do not look like stairs when a glyph is enlarged.
  private mutating func smooth(
    _ glyph: Font.Glyph, _ column: Int, _ row: Int, x: Int, y: Int, color: Color, scale: Int
  ) {
    for (across, down) in [(-1, -1), (1, -1), (-1, 1), (1, 1)] {
      guard Raster.ink(glyph, column + across, row), Raster.ink(glyph, column, row + down),
        !Raster.ink(glyph, column + across, row + down)
      else { continue }
      for offset in 0..<scale * scale {
        let (right, below) = (offset % scale, offset / scale)
        // Distance from the corner along both sides, in half pixels of the raster.
        let fromCorner =
          (across < 0 ? 2 * right + 1 : 2 * (scale - right) - 1)
          + (down < 0 ? 2 * below + 1 : 2 * (scale - below) - 1)
        let coverage = min(max((scale - fromCorner + 1) * 255 / 2, 0), 255)
        blend(x: x + right, y: y + below, color: color, coverage: coverage)
      }
    }
  }

  private static func ink(_ glyph: Font.Glyph, _ column: Int, _ row: Int) -> Bool {
    guard column >= 0, column < 8, row >= 0, row < glyph.rows.count else { return false }
    return glyph.rows[row] >> UInt8(column) & 1 == 1
  }
}
