/// What is written around the cells of a grid.
public struct GridCaptions: Sendable, Equatable {
  /// At the left, from the first row on; may be fewer than the rows.
  public var rows: [String]
  /// Over the columns, those alone that fit over their cells; may be fewer than the columns.
  public var columns: [String]
  /// Under each cell; may be fewer than the cells.
  public var cells: [String]
  /// Under all, cut to the grid's width.
  public var note: String
  /// Indices of cells that matter less: they and the captions of their own are drawn paler.
  public var dimmed: Set<Int>

  /// Captions; what is left out is not written, and takes no room.
  ///
  /// - Parameters:
  ///   - rows: at the left, from the first row on.
  ///   - columns: over the columns.
  ///   - cells: under each cell.
  ///   - note: under all.
  ///   - dimmed: indices of cells that matter less.
  public init(
    rows: [String] = [], columns: [String] = [], cells: [String] = [], note: String = "",
    dimmed: Set<Int> = []
  ) {
    (self.rows, self.columns, self.cells, self.note, self.dimmed) = (rows, columns, cells, note, dimmed)
  }
}

/// Where the cells of a grid lie, and its captions.
struct GridLayout {
  let columns: Int
  let rows: Int
  let cellWidth: Int
  let cellHeight: Int
  /// What the captions of rows take at the left, before the first padding; and so at the other sides.
  let left: Int
  let top: Int
  let bottom: Int
  /// What a caption under a cell takes.
  let strip: Int
  let textScale: Int
  let gap: Int
  private let style: GridStyle

  init(_ cells: [Raster], columns: Int, style: GridStyle, captions: GridCaptions) {
    self.style = style
    self.columns = min(columns, cells.count)
    rows = (cells.count + columns - 1) / columns
    cellWidth = cells[0].width * style.scale
    cellHeight = cells[0].height * style.scale
    let textScale = cellHeight >= 24 ? 2 : 1
    let gap = 2 * textScale
    let line = Raster.textHeight(scale: textScale) + 3 * gap
    left =
      captions.rows.prefix(rows).map { Raster.textWidth($0, scale: textScale) }.max().map { $0 + 3 * gap }
      ?? 0
    top = captions.columns.isEmpty ? 0 : line
    bottom = captions.note.isEmpty ? 0 : line
    strip = captions.cells.isEmpty ? 0 : line
    (self.textScale, self.gap) = (textScale, gap)
  }

  var width: Int { x(columns - 1) + cellWidth + style.padding }
  var height: Int { y(rows - 1) + cellHeight + strip + style.padding + bottom }

  func x(_ column: Int) -> Int {
    let gaps = style.groupColumns > 0 ? column / style.groupColumns : 0
    return left + style.padding + column * (cellWidth + style.padding) + gaps * style.groupGap
  }

  func y(_ row: Int) -> Int { top + style.padding + row * (cellHeight + strip + style.padding) }

  /// Of letters on the background, and of those that matter less.
  var ink: (full: Color, pale: Color) {
    style.background < 128 ? (Color(grey: 230), Color(grey: 115)) : (Color(grey: 40), Color(grey: 150))
  }
}

extension Raster {
  mutating func drawCaptions(_ captions: GridCaptions, _ layout: GridLayout, cells: Int) {
    let (scale, gap) = (layout.textScale, layout.gap)
    let textHeight = Raster.textHeight(scale: scale)
    for (row, text) in captions.rows.prefix(layout.rows).enumerated() {
      let members = row * layout.columns..<min((row + 1) * layout.columns, cells)
      drawText(
        text, x: layout.left - gap - Raster.textWidth(text, scale: scale),
        y: layout.y(row) + (layout.cellHeight - textHeight) / 2,
        color: captions.dimmed.isSuperset(of: members) ? layout.ink.pale : layout.ink.full, scale: scale)
    }
    for (column, text) in captions.columns.prefix(layout.columns).enumerated() {
      drawCentered(text, layout, x: layout.x(column), y: layout.top - gap - textHeight, layout.ink.full)
    }
    for (index, text) in captions.cells.prefix(cells).enumerated() {
      drawCentered(
        text, layout, x: layout.x(index % layout.columns),
        y: layout.y(index / layout.columns) + layout.cellHeight + gap,
        captions.dimmed.contains(index) ? layout.ink.pale : layout.ink.full)
    }
    guard !captions.note.isEmpty else { return }
    let start = layout.left + gap
    let fitting = Raster.fitting(captions.note, width: width - start - gap, scale: scale)
    drawText(
      fitting.text, x: start, y: height - gap - Raster.textHeight(scale: fitting.scale),
      color: layout.ink.full,
      scale: fitting.scale)
  }

  /// A caption of a cell whose left side is `x`, in smaller letters where it needs them; left out where it does not fit.
  private mutating func drawCentered(_ text: String, _ layout: GridLayout, x: Int, y: Int, _ color: Color) {
    for scale in stride(from: layout.textScale, through: 1, by: -1) {
      let width = Raster.textWidth(text, scale: scale)
      guard width <= layout.cellWidth else { continue }
      drawText(text, x: x + (layout.cellWidth - width) / 2, y: y, color: color, scale: scale)
      return
    }
  }

  /// Letters of at most `scale` at which a text fits, or as much of it as does at 1.
  private static func fitting(_ text: String, width: Int, scale: Int) -> (text: String, scale: Int) {
    if let scale = (1...scale).last(where: { textWidth(text, scale: $0) <= width }) { return (text, scale) }
    var kept = text
    while textWidth(kept) > width, kept.count > 1 {
      kept = String(kept.dropLast(kept.last == "…" ? 2 : 1)) + "…"
    }
    return (kept, 1)
  }

  /// Most of the way to the background.
  func dimmed(toward background: UInt8) -> Raster {
    Raster(
      width: width, height: height, channels: channels,
      bytes: pixels.map { Raster.mix($0, background, 165) })
  }
}
