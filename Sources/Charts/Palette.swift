import ImageGrid

/// A sign at a point. Shapes tell apart what colours do not.
enum Marker: Int, CaseIterable, Sendable {
  case circle, square, triangle, diamond, cross, wedge

  /// Around the origin, of about the area of a circle of radius 1; nil for the circle.
  var corners: [Point]? {
    switch self {
    case .circle: nil
    case .square: [Point(-0.9, -0.9), Point(0.9, -0.9), Point(0.9, 0.9), Point(-0.9, 0.9)]
    case .triangle: [Point(0, -1.25), Point(1.15, 0.8), Point(-1.15, 0.8)]
    case .diamond: [Point(0, -1.3), Point(1.3, 0), Point(0, 1.3), Point(-1.3, 0)]
    case .cross:
      [
        Point(-0.4, -1.2), Point(0.4, -1.2), Point(0.4, -0.4), Point(1.2, -0.4), Point(1.2, 0.4),
        Point(0.4, 0.4), Point(0.4, 1.2), Point(-0.4, 1.2), Point(-0.4, 0.4), Point(-1.2, 0.4),
        Point(-1.2, -0.4), Point(-0.4, -0.4),
      ]
    case .wedge: [Point(0, 1.25), Point(1.15, -0.8), Point(-1.15, -0.8)]
    }
  }

  static func of(_ index: Int) -> Marker { allCases[index % allCases.count] }
}

/// Colours that stay apart for colour-blind readers too.
public enum Palette {
  /// For lines (Okabe and Ito 2008, without the yellow, which is too pale on white).
  public static let lines = [
    Color(rgb: 0x0072B2), Color(rgb: 0xD55E00), Color(rgb: 0x009E73), Color(rgb: 0xCC79A7),
    Color(rgb: 0xE69F00), Color(rgb: 0x56B4E9), Color(rgb: 0x555555),
  ]

  /// For classes (Petroff 2021, "Accessible color sequences for data visualization", the ten-colour set).
  public static let classes = [
    Color(rgb: 0x3F90DA), Color(rgb: 0xFFA90E), Color(rgb: 0xBD1F01), Color(rgb: 0x94A4A2),
    Color(rgb: 0x832DB6), Color(rgb: 0xA96B59), Color(rgb: 0xE76300), Color(rgb: 0xB9AC70),
    Color(rgb: 0x717581), Color(rgb: 0x92DADD),
  ]

  static func classColor(_ index: Int) -> Color { classes[index % classes.count] }

  /// A colour dark enough for letters of its own on white.
  static func letters(_ color: Color) -> Color {
    let factor = min(1, 105 / Double(max(color.luma, 1)))
    return Color(
      red: UInt8(Double(color.red) * factor), green: UInt8(Double(color.green) * factor),
      blue: UInt8(Double(color.blue) * factor))
  }
}
