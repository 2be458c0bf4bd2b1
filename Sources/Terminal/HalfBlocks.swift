import ImageGrid

/// Two pixels in a cell: the upper one in the colour of text, on the lower one as background, so that it does not matter
/// what lies behind.
enum HalfBlocks {
  /// A line for two rows of pixels. Colours are said where they change, and taken back at every line's end, so that none
  /// runs on into the rest of the line.
  static func text(_ raster: Raster, hasAllColors: Bool) -> String {
    var text = ""
    for top in stride(from: 0, to: raster.height, by: 2) {
      var (above, below): (String?, String?) = (nil, nil)
      for x in 0..<raster.width {
        let upper = "38;" + code(raster[x, top], hasAllColors)
        let lower = top + 1 < raster.height ? "48;" + code(raster[x, top + 1], hasAllColors) : nil
        let changes = [upper == above ? nil : upper, lower == below ? nil : lower].compactMap { $0 }
        if !changes.isEmpty { text += "\u{1B}[\(changes.joined(separator: ";"))m" }
        text += "▀"
        (above, below) = (upper, lower)
      }
      text += "\u{1B}[0m\n"
    }
    return text
  }

  private static func code(_ color: Color, _ hasAllColors: Bool) -> String {
    hasAllColors ? "2;\(color.red);\(color.green);\(color.blue)" : "5;\(Palette256.nearest(to: color))"
  }
}

/// xterm's 256 colours: 16 that everybody sets as they like, a cube of 6 levels, and 24 greys.
enum Palette256 {
  private static let levels = [0, 95, 135, 175, 215, 255]

  /// The nearest colour of the cube or of the greys.
  static func nearest(to color: Color) -> Int {
    let parts = [Int(color.red), Int(color.green), Int(color.blue)]
    let steps = parts.map { part in
      levels.indices.min { abs(levels[$0] - part) < abs(levels[$1] - part) } ?? 0
    }
    // Greys are 8, 18, …, 238.
    let grey = max(0, min(23, (parts.reduce(0, +) / 3 - 3) / 10))
    let ofCube = distance(parts, steps.map { levels[$0] })
    return distance(parts, [Int](repeating: 8 + 10 * grey, count: 3)) < ofCube
      ? 232 + grey : 16 + 36 * steps[0] + 6 * steps[1] + steps[2]
  }

  private static func distance(_ a: [Int], _ b: [Int]) -> Int {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }
}
