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

  /// A layout; without arguments, that of Selva's own pictures before they are enlarged.
  ///
  /// - Parameters:
  ///   - padding: pixels between neighbouring cells and around them all, at least 0.
  ///   - background: the grey of the space between, 0 to 255.
  ///   - scale: the side of the square that a pixel of a cell becomes, at least 1.
  ///   - groupColumns: columns after which a wider gap follows; 0 for none.
  ///   - groupGap: pixels that the wider gap adds, at least 0.
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

extension GridStyle {
  /// The least length of a finished picture's short side, and the greatest of its long one, where both can be had.
  public static let screen = (short: 600, long: 2000)
  /// The largest scale that is chosen for anyone.
  private static let largest = 64

  /// The same with the least scale at which a grid of such cells suits a screen; long ones stay within its width.
  ///
  /// - Parameters:
  ///   - cells: how many the grid has.
  ///   - columns: how many stand side by side.
  ///   - width: pixels of a cell, before it is enlarged.
  ///   - height: pixels of a cell, likewise.
  public func fitted(cells: Int, columns: Int, width: Int, height: Int) -> GridStyle {
    var fitted = self
    for scale in 1...GridStyle.largest {
      var larger = self
      larger.scale = scale
      let size = larger.size(cells: cells, columns: columns, width: width, height: height)
      guard scale == 1 || max(size.width, size.height) <= GridStyle.screen.long else { break }
      fitted.scale = scale
      guard min(size.width, size.height) < GridStyle.screen.short else { break }
    }
    return fitted
  }

  /// Width and height, in pixels, of a grid without captions.
  ///
  /// - Parameters:
  ///   - cells: how many the grid has.
  ///   - columns: how many stand side by side.
  ///   - width: pixels of a cell, before it is enlarged.
  ///   - height: pixels of a cell, likewise.
  public func size(cells: Int, columns: Int, width: Int, height: Int) -> (width: Int, height: Int) {
    let used = min(columns, cells)
    let gaps = groupColumns > 0 ? max(used - 1, 0) / groupColumns : 0
    return (
      used * (width * scale + padding) + padding + gaps * groupGap,
      (cells + columns - 1) / columns * (height * scale + padding) + padding
    )
  }
}

extension Raster {
  /// One raster of many: cells of one size, row by row; the last row may be short.
  ///
  /// The result is RGB as soon as one cell is, grey otherwise. With fewer cells than columns it is only as
  /// wide as they need. Without captions, its size is `GridStyle.size`.
  ///
  /// - Parameters:
  ///   - cells: at least one, all of one width and height.
  ///   - columns: cells side by side, at least one.
  ///   - style: gaps, background and scale.
  ///   - captions: what is written around the cells.
  public static func grid(
    _ cells: [Raster], columns: Int, style: GridStyle = GridStyle(), captions: GridCaptions = GridCaptions()
  ) -> Raster {
    precondition(!cells.isEmpty && columns > 0, "a grid of \(cells.count) cells in \(columns) columns")
    let layout = GridLayout(cells, columns: columns, style: style, captions: captions)
    let channels = cells.contains { $0.channels == 3 } ? 3 : 1
    var grid = Raster(
      width: layout.width, height: layout.height, channels: channels, fill: Color(grey: style.background))
    for (index, cell) in cells.enumerated() {
      precondition(
        cell.width == cells[0].width && cell.height == cells[0].height,
        "cell \(index) is \(cell.width) x \(cell.height), not \(cells[0].width) x \(cells[0].height)")
      grid.place(
        captions.dimmed.contains(index) ? cell.dimmed(toward: style.background) : cell,
        x: layout.x(index % layout.columns), y: layout.y(index / layout.columns), scale: style.scale)
    }
    grid.drawCaptions(captions, layout, cells: cells.count)
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
