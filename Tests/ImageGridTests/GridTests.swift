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
    let labelled = Raster.grid(cells, columns: 2, captions: GridCaptions(rows: ["7", "12"]))
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

  @Test func theScaleSuitsAScreen() {
    func scale(_ cells: Int, _ columns: Int, _ width: Int, _ height: Int, groups: Int = 0) -> Int {
      GridStyle(groupColumns: groups).fitted(cells: cells, columns: columns, width: width, height: height)
        .scale
    }
    // 8 x (28 s + 2) + 2: 466 at 2, 690 at 3.
    #expect(scale(64, 8, 28, 28) == 3)
    // 602 at 1.
    #expect(scale(400, 20, 28, 28) == 1)
    // One row of ten: 1982 wide at 7, 2262 at 8.
    #expect(scale(10, 10, 28, 28) == 7)
    // The gaps between groups count: 4 x (100 s + 2) + 2 + 8: 1618 at 4, 2018 at 5.
    #expect(scale(4, 4, 100, 20) == 4 && scale(4, 4, 100, 20, groups: 2) == 4)
    #expect(scale(1, 1, 3000, 3000) == 1 && scale(1, 1, 1, 1) == 64)
  }

  @Test func sizeIsThatOfTheRaster() {
    let style = GridStyle(padding: 3, scale: 2, groupColumns: 2, groupGap: 5)
    for (count, columns) in [(1, 4), (4, 4), (5, 4), (7, 3)] {
      let cells = (0..<count).map { _ in GridTests.cell(1, width: 4, height: 3) }
      let grid = Raster.grid(cells, columns: columns, style: style)
      let size = style.size(cells: count, columns: columns, width: 4, height: 3)
      #expect(size == (grid.width, grid.height), "\(count) in \(columns)")
    }
  }

  @Test func captionsStandAroundTheCells() {
    let cells = (0..<4).map { _ in GridTests.cell(100, width: 28, height: 28) }
    let plain = Raster.grid(cells, columns: 2)
    func rows(_ captions: GridCaptions) -> (height: Int, ink: [Int]) {
      let grid = Raster.grid(cells, columns: 2, captions: captions)
      let ink = (0..<grid.height).filter { y in (0..<grid.width).contains { grid[$0, y] == Color(grey: 230) }
      }
      return (grid.height - plain.height, ink)
    }
    // A line of 14 pixels with 12 of room.
    let columns = rows(GridCaptions(columns: ["a", "b"]))
    #expect(columns.height == 26 && columns.ink.allSatisfy { (8..<26).contains($0) } && !columns.ink.isEmpty)
    let note = rows(GridCaptions(note: "n"))
    #expect(note.height == 26 && note.ink.allSatisfy { $0 >= plain.height })
    let under = rows(GridCaptions(cells: ["a", "b", "c", "d"]))
    #expect(
      under.height == 52 && under.ink.contains { (30..<58).contains($0) } && !under.ink.contains { $0 < 30 })
    // What does not fit over its cell is left out, and a note is cut.
    #expect(rows(GridCaptions(columns: ["much too long"])).ink.isEmpty)
    #expect(!rows(GridCaptions(note: "much too long for this grid")).ink.isEmpty)
  }

  @Test func dimmedCellsArePaler() {
    let cells = (0..<2).map { _ in GridTests.cell(200, width: 24, height: 24) }
    let grid = Raster.grid(cells, columns: 1, captions: GridCaptions(rows: ["a", "b"], dimmed: [1]))
    // 200 mixed with 0, 165 parts of 255.
    let shades = Set(grid.pixels)
    #expect(shades.contains(200) && shades.contains(71) && shades.contains(230) && shades.contains(115))
  }

  @Test func labelsContrastWithTheBackground() {
    let cell = GridTests.cell(0, width: 8, height: 8)
    let bright = Raster.grid(
      [cell], columns: 1, style: GridStyle(background: 255), captions: GridCaptions(rows: ["1"]))
    #expect(bright.pixels.contains(40))
    let dark = Raster.grid(
      [cell], columns: 1, style: GridStyle(background: 30), captions: GridCaptions(rows: ["1"]))
    #expect(dark.pixels.contains(230))
  }
}
