/// How a grid of pictures is laid out. Lengths are in pixels of the finished raster.
public struct GridStyle: Sendable, Equatable {
  /// The space between neighbouring cells and around them all.
  public var padding: Int
  /// The grey of the space between.
  public var background: UInt8
  /// Every pixel of a cell becomes a square of this side (nearest neighbour).
  public var scale: Int
  /// A wider gap after every so many columns, such as 2 for pairs; 0 for none.
  public var groupColumns: Int
  /// What the wider gap adds to `padding`.
  public var groupGap: Int

  public init(
    padding: Int = 2, background: UInt8 = 0, scale: Int = 1, groupColumns: Int = 0, groupGap: Int = 8
  ) {
    precondition(padding >= 0 && groupGap >= 0, "padding \(padding) and gap \(groupGap) must be at least 0")
    precondition(scale >= 1, "a scale of \(scale) leaves nothing; use 1 or more")
    precondition(groupColumns >= 0, "groups of \(groupColumns) columns; use 0 for none")
    self.padding = padding
    self.background = background
    self.scale = scale
    self.groupColumns = groupColumns
    self.groupGap = groupGap
  }
}

extension Raster {
  /// One raster of many: cells of one size, row by row; the last row may be short.
  ///
  /// The result is RGB as soon as one cell is, grey otherwise. With fewer cells than columns it is only as
  /// wide as they need. Its width is `used * (cellWidth * scale + padding) + padding`, plus `groupGap` for
  /// each gap between groups and a margin for the labels.
  ///
  /// - Parameters:
  ///   - cells: at least one.
  ///   - rowLabels: captions at the left, from the first row on; may be fewer than the rows.
  public static func grid(
    _ cells: [Raster], columns: Int, style: GridStyle = GridStyle(), rowLabels: [String] = []
  ) -> Raster {
    precondition(!cells.isEmpty && columns > 0, "a grid of \(cells.count) cells in \(columns) columns")
    let layout = GridLayout(cells, columns: columns, style: style, rowLabels: rowLabels)
    let channels = cells.contains { $0.channels == 3 } ? 3 : 1
    var grid = Raster(
      width: layout.width, height: layout.height, channels: channels, fill: Color(grey: style.background))
    for (index, cell) in cells.enumerated() {
      precondition(
        cell.width == cells[0].width && cell.height == cells[0].height,
        "cell \(index) is \(cell.width) x \(cell.height), not \(cells[0].width) x \(cells[0].height)")
      grid.place(
        cell, x: layout.x(index % layout.columns), y: layout.y(index / layout.columns), scale: style.scale)
    }
    let color = Color(grey: style.background < 128 ? 230 : 40)
    for (row, label) in rowLabels.prefix(layout.rows).enumerated() {
      let y = layout.y(row) + (layout.cellHeight - Raster.textHeight(scale: layout.labelScale)) / 2
      let x = layout.margin - layout.labelGap - Raster.textWidth(label, scale: layout.labelScale)
      grid.drawText(label, x: x, y: y, color: color, scale: layout.labelScale)
    }
    return grid
  }

  /// Copies `cell` with its top left corner at (x, y); it must lie inside.
  private mutating func place(_ cell: Raster, x: Int, y: Int, scale: Int) {
    let rowSize = width * channels
    let runSize = cell.width * scale * channels
    let repeats = channels * scale / cell.channels
    pixels.withUnsafeMutableBufferPointer { target in
      for row in 0..<cell.height {
        let start = (y + row * scale) * rowSize + x * channels
        if channels == cell.channels && scale == 1 {
          let source = cell.pixels[row * runSize..<(row + 1) * runSize]
          _ = target[start..<start + runSize].update(fromContentsOf: source)
          continue
        }
        var next = start
        for column in row * cell.width..<(row + 1) * cell.width {
          if cell.channels == 1 {
            target[next..<next + repeats].update(repeating: cell.pixels[column])
            next += repeats
            continue
          }
          for _ in 0..<scale {
            for channel in 0..<3 { target[next + channel] = cell.pixels[column * 3 + channel] }
            next += 3
          }
        }
        for copy in 1..<max(scale, 1) {
          let line = UnsafeBufferPointer(rebasing: target[start..<start + runSize])
          let below = start + copy * rowSize
          _ = target[below..<below + runSize].update(fromContentsOf: line)
        }
      }
    }
  }
}

/// Where the cells of a grid lie.
private struct GridLayout {
  let columns: Int
  let rows: Int
  let cellWidth: Int
  let cellHeight: Int
  /// What the labels take at the left, before the first padding.
  let margin: Int
  let labelScale: Int
  let labelGap: Int
  let style: GridStyle

  init(_ cells: [Raster], columns: Int, style: GridStyle, rowLabels: [String]) {
    self.style = style
    self.columns = min(columns, cells.count)
    rows = (cells.count + columns - 1) / columns
    cellWidth = cells[0].width * style.scale
    cellHeight = cells[0].height * style.scale
    labelScale = cellHeight >= 24 ? 2 : 1
    labelGap = 2 * labelScale
    let labelWidth = rowLabels.prefix(rows).map { [labelScale] in Raster.textWidth($0, scale: labelScale) }
      .max()
    margin = labelWidth.map { [labelGap] in $0 + 3 * labelGap } ?? 0
  }

  var width: Int { x(columns - 1) + cellWidth + style.padding }
  var height: Int { y(rows - 1) + cellHeight + style.padding }

  func x(_ column: Int) -> Int {
    let gaps = style.groupColumns > 0 ? column / style.groupColumns : 0
    return margin + style.padding + column * (cellWidth + style.padding) + gaps * style.groupGap
  }

  func y(_ row: Int) -> Int { style.padding + row * (cellHeight + style.padding) }
}
