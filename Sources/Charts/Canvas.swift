import CCairo
import Files
import ImageGrid

/// A sheet to draw on, in units of a CSS pixel (1/96 inch) from the top left.
public final class Canvas {
  let cairo: selva_cairo
  let surface: OpaquePointer
  let context: OpaquePointer?
  let width: Double
  let height: Double

  static let ink = Color(rgb: 0x24292F)
  static let quiet = Color(rgb: 0x646C75)
  static let faint = Color(rgb: 0xE7E9EC)

  /// Takes `surface` over, and gives it up at its own end.
  ///
  /// - Parameter density: units of the surface for one of the canvas.
  init(_ surface: OpaquePointer, cairo: selva_cairo, width: Double, height: Double, density: Double) {
    self.cairo = cairo
    self.surface = surface
    (self.width, self.height) = (width, height)
    context = cairo.create(surface)
    cairo.scale(context, density, density)
    // Letters as wide at every scale, so that a chart has one layout in all formats.
    let options = cairo.font_options_create()
    cairo.font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY)
    cairo.font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE)
    cairo.font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF)
    cairo.set_font_options(context, options)
    cairo.font_options_destroy(options)
    cairo.set_line_join(context, CAIRO_LINE_JOIN_ROUND)
    rectangle(x: 0, y: 0, width: width, height: height, .white)
  }

  deinit {
    cairo.destroy(context)
    cairo.surface_destroy(surface)
  }

  /// Why drawing has failed, if it has.
  var fault: String? {
    let statuses = [cairo.status(context), cairo.surface_status(surface)]
    guard let status = statuses.first(where: { $0 != CAIRO_STATUS_SUCCESS }) else { return nil }
    return cairo.status_to_string(status).map { String(cString: $0) } ?? "status \(status.rawValue)"
  }

  private func paint(_ color: Color, _ opacity: Double) {
    cairo.set_source_rgba(
      context, Double(color.red) / 255, Double(color.green) / 255, Double(color.blue) / 255, opacity)
  }

  func rectangle(
    x: Double, y: Double, width: Double, height: Double, _ color: Color, opacity: Double = 1
  ) {
    paint(color, opacity)
    cairo.rectangle(context, x, y, width, height)
    cairo.fill(context)
  }

  /// What `body` draws is cut to a rectangle.
  func clip(x: Double, y: Double, width: Double, height: Double, _ body: () -> Void) {
    cairo.save(context)
    cairo.rectangle(context, x, y, width, height)
    cairo.clip(context)
    body()
    cairo.restore(context)
  }

  /// - Parameter dash: lengths of strokes and gaps by turns; none: a full line.
  func line(
    _ points: [Point], _ color: Color, width: Double = 1, dash: [Double] = [], opacity: Double = 1
  ) {
    guard let first = points.first else { return }
    cairo.move_to(context, first.x, first.y)
    for point in points.dropFirst() { cairo.line_to(context, point.x, point.y) }
    paint(color, opacity)
    cairo.set_line_width(context, width)
    cairo.set_line_cap(context, dash.isEmpty ? CAIRO_LINE_CAP_ROUND : CAIRO_LINE_CAP_BUTT)
    cairo.set_dash(context, dash, Int32(dash.count), 0)
    cairo.stroke(context)
    cairo.set_dash(context, nil, 0, 0)
  }

  func polygon(_ points: [Point], _ color: Color, opacity: Double = 1) {
    guard let first = points.first else { return }
    cairo.move_to(context, first.x, first.y)
    for point in points.dropFirst() { cairo.line_to(context, point.x, point.y) }
    cairo.close_path(context)
    paint(color, opacity)
    cairo.fill(context)
  }

  /// A marker with an edge in white, so that those that touch can be counted.
  func marker(
    _ shape: Marker, at point: Point, radius: Double, _ color: Color, opacity: Double = 1, edge: Double = 1
  ) {
    if let corners = shape.corners {
      cairo.move_to(context, point.x + radius * corners[0].x, point.y + radius * corners[0].y)
      for corner in corners.dropFirst() {
        cairo.line_to(context, point.x + radius * corner.x, point.y + radius * corner.y)
      }
      cairo.close_path(context)
    } else {
      cairo.new_path(context)
      cairo.arc(context, point.x, point.y, radius, 0, 2 * Double.pi)
    }
    paint(color, opacity)
    guard edge > 0 else {
      cairo.fill(context)
      return
    }
    cairo.fill_preserve(context)
    paint(.white, opacity)
    cairo.set_line_width(context, edge)
    cairo.stroke(context)
  }

  /// A picture with its top left corner at (x, y), `side` units along its longer side.
  ///
  /// - Parameter tint: of a grey picture: ink of this colour on nothing, as dense as the picture is bright.
  func picture(_ raster: Raster, x: Double, y: Double, side: Double, tint: Color?) {
    guard
      let image = cairo.image_surface_create(CAIRO_FORMAT_ARGB32, Int32(raster.width), Int32(raster.height)),
      let data = cairo.image_surface_get_data(image)
    else { return }
    let rowSize = Int(cairo.image_surface_get_stride(image))
    for row in 0..<raster.height {
      let line = UnsafeMutableRawPointer(data + row * rowSize).assumingMemoryBound(to: UInt32.self)
      for column in 0..<raster.width { line[column] = Canvas.premultiplied(raster[column, row], tint) }
    }
    cairo.surface_mark_dirty(image)
    cairo.save(context)
    cairo.translate(context, x, y)
    let scale = side / Double(max(raster.width, raster.height))
    cairo.scale(context, scale, scale)
    cairo.set_source_surface(context, image, 0, 0)
    cairo.paint(context)
    cairo.restore(context)
    cairo.surface_destroy(image)
  }

  private static func premultiplied(_ color: Color, _ tint: Color?) -> UInt32 {
    guard let tint else {
      return 0xFF00_0000 | UInt32(color.red) << 16 | UInt32(color.green) << 8 | UInt32(color.blue)
    }
    let alpha = UInt32(color.luma)
    let parts = [tint.red, tint.green, tint.blue].map { (UInt32($0) * alpha + 127) / 255 }
    return alpha << 24 | parts[0] << 16 | parts[1] << 8 | parts[2]
  }
}

/// A place on a canvas.
struct Point: Equatable {
  var x: Double
  var y: Double

  init(_ x: Double, _ y: Double) { (self.x, self.y) = (x, y) }
}

// MARK: - Text

extension Canvas {
  enum Anchor { case left, center, right }

  // The one typeface that Debian's fontconfig brings along.
  #if canImport(Darwin)
    private static let typeface = "Helvetica"
  #else
    private static let typeface = "DejaVu Sans"
  #endif

  private func select(_ size: Double, _ isBold: Bool) {
    cairo.select_font_face(
      context, Canvas.typeface, CAIRO_FONT_SLANT_NORMAL,
      isBold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL)
    cairo.set_font_size(context, size)
  }

  func textWidth(_ text: String, size: Double, isBold: Bool = false) -> Double {
    select(size, isBold)
    var extents = cairo_text_extents_t()
    cairo.text_extents(context, text, &extents)
    return extents.x_advance
  }

  /// As much of the text as fits, with dots where it is cut.
  func shortened(_ text: String, to width: Double, size: Double, isBold: Bool = false) -> String {
    var kept = text
    while textWidth(kept, size: size, isBold: isBold) > width, kept.count > 2 {
      kept = String(kept.dropLast(kept.last == "…" ? 2 : 1)) + "…"
    }
    return kept
  }

  /// One line of text.
  ///
  /// - Parameters:
  ///   - y: of the baseline.
  ///   - isUpright: turned to run from bottom to top.
  ///   - halo: width of a white rim that keeps letters legible on lines and points.
  func text(
    _ text: String, x: Double, y: Double, size: Double, _ color: Color = Canvas.ink, anchor: Anchor = .left,
    isBold: Bool = false, isUpright: Bool = false, halo: Double = 0
  ) {
    let width = textWidth(text, size: size, isBold: isBold)
    let offset =
      switch anchor {
      case .left: 0.0
      case .center: -width / 2
      case .right: -width
      }
    cairo.save(context)
    cairo.translate(context, x, y)
    if isUpright { cairo.rotate(context, -Double.pi / 2) }
    if halo > 0 {
      cairo.move_to(context, offset, 0)
      cairo.text_path(context, text)
      paint(.white, 0.9)
      cairo.set_line_width(context, halo)
      cairo.stroke(context)
    }
    paint(color, 1)
    cairo.move_to(context, offset, 0)
    cairo.show_text(context, text)
    cairo.restore(context)
  }
}
