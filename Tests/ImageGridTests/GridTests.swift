import ImageGrid
import Testing

@Suite struct GridTests {
  private static func cell(_ value: UInt8, width: Int = 2, height: Int = 1) -> Raster {
    Raster(width: width, height: height, fill: Color(grey: value))
  }

  private static func rows(_ raster: Raster) -> [[UInt8]] {
    (0..<raster.height).map { Array(raster.pixels[$0 * raster.width..<($0 + 1) * raster.width]) }
  }

  @Test func paddingAndShortLastRow() {
    let cells = [10, 20, 30].map { GridTests.cell($0) }
    let grid = Raster.grid(cells, columns: 2, style: GridStyle(padding: 1, background: 7))
    #expect(
      GridTests.rows(grid) == [
        [7, 7, 7, 7, 7, 7, 7],
        [7, 10, 10, 7, 20, 20, 7],
        [7, 7, 7, 7, 7, 7, 7],
        [7, 30, 30, 7, 7, 7, 7],
        [7, 7, 7, 7, 7, 7, 7],
      ])
  }

  @Test func cellsKeepTheirOrientation() {
    let cell = Raster(width: 3, height: 2, bytes: [1, 2, 3, 4, 5, 6])
    #expect(Raster.grid([cell], columns: 4, style: GridStyle(padding: 0)) == cell)
    let scaled = Raster.grid([cell], columns: 1, style: GridStyle(padding: 0, scale: 2))
    #expect(
      GridTests.rows(scaled) == [
        [1, 1, 2, 2, 3, 3], [1, 1, 2, 2, 3, 3], [4, 4, 5, 5, 6, 6], [4, 4, 5, 5, 6, 6],
      ])
  }

  @Test func groupsOfColumnsStandApart() {
    let cells = (1...5).map { GridTests.cell(UInt8($0), width: 1) }
    let style = GridStyle(padding: 1, background: 0, groupColumns: 2, groupGap: 2)
    let grid = Raster.grid(cells, columns: 5, style: style)
    #expect(GridTests.rows(grid)[1] == [0, 1, 0, 2, 0, 0, 0, 3, 0, 4, 0, 0, 0, 5, 0])
  }

  @Test func fewerCellsThanColumnsMakeANarrowGrid() {
    let grid = Raster.grid([GridTests.cell(9), GridTests.cell(9)], columns: 8)
    #expect(grid.width == 2 * 4 + 2)
    #expect(grid.height == 1 + 4)
  }

  @Test func oneColourCellMakesAColourGrid() {
    let red = Raster(width: 1, height: 1, channels: 3, fill: Color(rgb: 0xFF0000))
    let grey = GridTests.cell(80, width: 1)
    let style = GridStyle(padding: 1, background: 5, scale: 2)
    let grid = Raster.grid([grey, red], columns: 2, style: style)
    #expect(grid.channels == 3)
    #expect((grid.width, grid.height) == (7, 4))
    let line =
      [5, 80, 80, 5].map { Color(grey: $0) } + [Color(rgb: 0xFF0000), Color(rgb: 0xFF0000), Color(grey: 5)]
    #expect((0..<7).map { grid[$0, 1] } == line)
    #expect((0..<7).map { grid[$0, 2] } == line)
    #expect((0..<7).allSatisfy { grid[$0, 3] == Color(grey: 5) })
  }

  @Test func rowLabelsTakeAMarginAndLeaveTheCellsAlone() {
    let cells = (0..<4).map { _ in GridTests.cell(100, width: 28, height: 28) }
    let plain = Raster.grid(cells, columns: 2)
    let labelled = Raster.grid(cells, columns: 2, rowLabels: ["7", "12"])
    let margin = labelled.width - plain.width
    // The wider label at scale 2, and room beside it.
    #expect(margin == Raster.textWidth("12", scale: 2) + 12)
    #expect(labelled.height == plain.height)
    for y in 0..<plain.height {
      for x in 0..<plain.width where plain[x, y] != labelled[x + margin, y] {
        Issue.record("pixel (\(x), \(y)) of the cells changed")
      }
    }
    let rowsWithInk = (0..<labelled.height).filter { y in (0..<margin).contains { labelled[$0, y] != .black }
    }
    // Letters of 14 pixels, in the middle of rows of 28 that begin at 2 and 32.
    #expect(rowsWithInk == Array(9..<23) + Array(39..<53))
  }

  @Test func labelsContrastWithTheBackground() {
    let cell = GridTests.cell(0, width: 8, height: 8)
    let bright = Raster.grid([cell], columns: 1, style: GridStyle(background: 255), rowLabels: ["1"])
    #expect(bright.pixels.contains(40))
    let dark = Raster.grid([cell], columns: 1, style: GridStyle(background: 30), rowLabels: ["1"])
    #expect(dark.pixels.contains(230))
  }
}
