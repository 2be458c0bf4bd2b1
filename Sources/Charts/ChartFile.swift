import CCairo
import Files
import ImageGrid

/// A picture made of lines, areas and text.
public protocol Figure {
  /// In CSS pixels.
  var width: Double { get }
  var height: Double { get }
  func draw(on canvas: Canvas)
}

/// How a chart is written, told by the end of a file's name.
public enum ChartFormat: String, Sendable, CaseIterable {
  case png, svg, pdf

  public init?(path: String) {
    guard let format = ChartFormat.allCases.first(where: { path.lowercased().hasSuffix(".\($0.rawValue)") })
    else { return nil }
    self = format
  }
}

/// Charts as files.
public enum ChartFile {
  /// Pixels of a PNG for one CSS pixel, so that it is sharp on dense screens too.
  public static let density = 2.0

  /// - Throws: `ChartError.noCairo` where charts cannot be drawn on this machine: better known before hours of training.
  public static func checkLibrary() throws { _ = try Cairo.functions() }

  /// Writes a chart whole or not at all.
  ///
  /// - Parameter text: what a PNG carries as text, an SVG as its description, a PDF as its subject.
  /// - Throws: `ChartError`, `FileError` where the file cannot be written, `PNGError`.
  public static func write(
    _ figure: some Figure, to path: String, as format: ChartFormat, text: [(key: String, value: String)] = []
  ) throws {
    try AtomicFile.write(encode(figure, as: format, text: text, name: path), to: path)
  }

  /// - Parameter name: what an error calls the file.
  /// - Throws: `ChartError`, `PNGError`.
  public static func encode(
    _ figure: some Figure, as format: ChartFormat, text: [(key: String, value: String)] = [],
    name: String = "the chart"
  ) throws -> [UInt8] {
    switch format {
    case .png:
      return try PNG.encode(
        raster(figure, name: name), text: text, pixelsPerInch: 96 * density, name: name)
    case .svg: return described(try stream(figure, .svg, text, name), text)
    case .pdf: return try stream(figure, .pdf, text, name)
    }
  }

  /// The size of a chart as a person sees it: pixels of a PNG, units of other formats.
  public static func size(of figure: some Figure, as format: ChartFormat) -> (width: Int, height: Int) {
    let density = format == .png ? density : 1
    return (Int(figure.width * density), Int(figure.height * density))
  }

  /// An RGB picture at double density.
  ///
  /// - Throws: `ChartError`.
  public static func raster(_ figure: some Figure, name: String = "the chart") throws -> Raster {
    let cairo = try Cairo.functions()
    let (width, height) = size(of: figure, as: .png)
    guard let surface = cairo.image_surface_create(CAIRO_FORMAT_ARGB32, Int32(width), Int32(height)) else {
      throw ChartError.cannotDraw(path: name, reason: "out of memory")
    }
    let canvas = Canvas(
      surface, cairo: cairo, width: figure.width, height: figure.height, density: density)
    figure.draw(on: canvas)
    cairo.surface_flush(surface)
    if let reason = canvas.fault { throw ChartError.cannotDraw(path: name, reason: reason) }
    guard let data = cairo.image_surface_get_data(surface) else {
      throw ChartError.cannotDraw(path: name, reason: "no pixels")
    }
    let rowSize = Int(cairo.image_surface_get_stride(surface))
    var bytes: [UInt8] = []
    bytes.reserveCapacity(width * height * 3)
    for row in 0..<height {
      let line = UnsafeRawPointer(data + row * rowSize).assumingMemoryBound(to: UInt32.self)
      for pixel in UnsafeBufferPointer(start: line, count: width) {
        bytes.append(UInt8(truncatingIfNeeded: pixel >> 16))
        bytes.append(UInt8(truncatingIfNeeded: pixel >> 8))
        bytes.append(UInt8(truncatingIfNeeded: pixel))
      }
    }
    return Raster(width: width, height: height, channels: 3, bytes: bytes)
  }

  /// What Cairo hands over, piece by piece.
  private final class Sink {
    var bytes: [UInt8] = []
  }

  private static func stream(
    _ figure: some Figure, _ format: ChartFormat, _ text: [(key: String, value: String)], _ name: String
  ) throws -> [UInt8] {
    let cairo = try Cairo.functions()
    let sink = Sink()
    let closure = Unmanaged.passUnretained(sink).toOpaque()
    let take: cairo_write_func_t = { closure, data, count in
      guard let closure, let data else { return CAIRO_STATUS_WRITE_ERROR }
      Unmanaged<Sink>.fromOpaque(closure).takeUnretainedValue().bytes
        .append(contentsOf: UnsafeBufferPointer(start: data, count: Int(count)))
      return CAIRO_STATUS_SUCCESS
    }
    // A PDF is measured in points, of which an inch has 72.
    let scale = format == .pdf ? 0.75 : 1
    let (width, height) = (figure.width * scale, figure.height * scale)
    let made =
      format == .pdf
      ? cairo.pdf_surface_create_for_stream(take, closure, width, height)
      : cairo.svg_surface_create_for_stream(take, closure, width, height)
    guard let surface = made else { throw ChartError.cannotDraw(path: name, reason: "out of memory") }
    if format == .pdf {
      // A fixed date: the same chart gives the same bytes.
      cairo.pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "2000-01-01T00:00:00Z")
      cairo.pdf_surface_set_metadata(
        surface, CAIRO_PDF_METADATA_SUBJECT, text.map { "\($0.key): \($0.value)" }.joined(separator: "; "))
    } else {
      cairo.svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PX)
    }
    let canvas = Canvas(surface, cairo: cairo, width: figure.width, height: figure.height, density: scale)
    figure.draw(on: canvas)
    cairo.surface_finish(surface)
    if let reason = canvas.fault { throw ChartError.cannotDraw(path: name, reason: reason) }
    return withExtendedLifetime(canvas) { sink.bytes }
  }

  /// An SVG with the text as the description of the whole.
  private static func described(_ svg: [UInt8], _ text: [(key: String, value: String)]) -> [UInt8] {
    guard !text.isEmpty, let start = svg.indices.first(where: { svg[$0...].starts(with: "<svg".utf8) }),
      let end = svg[start...].firstIndex(of: UInt8(ascii: ">"))
    else { return svg }
    let lines = text.map { escaped("\($0.key): \($0.value)") }.joined(separator: "\n")
    return Array(svg[...end]) + Array("\n<desc>\(lines)</desc>".utf8) + Array(svg[(end + 1)...])
  }

  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      default: result.append(character)
      }
    }
  }
}
