/// How much of each pixel of the plot a line covers. All pieces of one line go into one mask before it is
/// blended, so that joints and crossings are not darker than the rest.
struct ChartMask {
  let width: Int
  let height: Int
  /// `[height, width]`, 0 ... 255.
  private var coverage: [UInt8]
  /// The rows that hold anything.
  private var rows: Range<Int> = 0..<0

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    coverage = Array(repeating: 0, count: width * height)
  }

  /// Points are in pixels from the top left corner of the plot; the centre of the first pixel is (0.5, 0.5).
  typealias Point = (x: Double, y: Double)

  /// A straight line with round ends.
  mutating func addLine(from start: Point, to end: Point, halfWidth: Double) {
    guard let (start, end) = clip(start, end, margin: halfWidth + 2) else { return }
    let (dx, dy) = (end.x - start.x, end.y - start.y)
    let length = (dx * dx + dy * dy).squareRoot()
    let reach = halfWidth + 1
    let rows = span(min(start.y, end.y) - reach, max(start.y, end.y) + reach, height)
    for row in rows {
      // Only the part of the row that the line passes: its middle there, and as far as its slope asks.
      var columns = (min(start.x, end.x) - reach, max(start.x, end.x) + reach)
      if abs(dy) > 1e-9 {
        let middle = start.x + (Double(row) + 0.5 - start.y) * dx / dy
        let side = reach * length / abs(dy) + 0.5
        columns = (max(columns.0, middle - side), min(columns.1, middle + side))
      }
      for column in span(columns.0, columns.1, width) {
        let (px, py) = (Double(column) + 0.5 - start.x, Double(row) + 0.5 - start.y)
        let along = length > 0 ? min(max((px * dx + py * dy) / (length * length), 0), 1) : 0
        let (ex, ey) = (px - along * dx, py - along * dy)
        add(column, row, halfWidth + 0.5 - (ex * ex + ey * ey).squareRoot())
      }
    }
  }

  mutating func addDot(_ center: Point, radius: Double) {
    addLine(from: center, to: center, halfWidth: radius)
  }

  /// A filled column of a band, between two heights.
  mutating func addColumn(_ column: Int, from top: Double, to bottom: Double) {
    for row in span(top, bottom, height) {
      add(column, row, min(bottom, Double(row + 1)) - max(top, Double(row)))
    }
  }

  /// Lays the colour over the raster, the mask's corner at (x, y).
  func blend(into raster: inout Raster, x: Int, y: Int, color: Color, opacity: Int = 255) {
    for row in rows {
      for column in 0..<width where coverage[row * width + column] > 0 {
        raster.blend(
          x: x + column, y: y + row, color: color,
          coverage: Int(coverage[row * width + column]) * opacity / 255)
      }
    }
  }

  private mutating func add(_ column: Int, _ row: Int, _ part: Double) {
    let value = UInt8(min(max(part, 0), 1) * 255)
    let index = row * width + column
    guard value > coverage[index] else { return }
    coverage[index] = value
    rows = rows.isEmpty ? row..<row + 1 : min(rows.lowerBound, row)..<max(rows.upperBound, row + 1)
  }

  /// The pixels from `low` to `high` that lie in 0 ..< `limit`.
  private func span(_ low: Double, _ high: Double, _ limit: Int) -> Range<Int> {
    let first = Int(min(max(low.rounded(.down), 0), Double(limit)))
    return first..<max(Int(min(max(high.rounded(.up), 0), Double(limit))), first)
  }

  /// The part of a line that lies in the plot or within `margin` of it (Liang and Barsky 1984): a point far
  /// outside would otherwise cost as many pixels as it is away.
  private func clip(_ start: Point, _ end: Point, margin: Double) -> (Point, Point)? {
    let (dx, dy) = (end.x - start.x, end.y - start.y)
    var (first, last) = (0.0, 1.0)
    let edges = [
      (-dx, start.x + margin), (dx, Double(width) + margin - start.x),
      (-dy, start.y + margin), (dy, Double(height) + margin - start.y),
    ]
    for (slope, room) in edges {
      if slope == 0 {
        if room < 0 { return nil }
      } else if slope < 0 {
        first = max(first, room / slope)
      } else {
        last = min(last, room / slope)
      }
    }
    guard first <= last else { return nil }
    return (
      (start.x + first * dx, start.y + first * dy), (start.x + last * dx, start.y + last * dy)
    )
  }
}
