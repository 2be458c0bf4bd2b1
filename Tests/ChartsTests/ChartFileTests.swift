import ImageGrid
import Testing

@testable import Charts

@Suite struct ChartFileTests {
  private static let chart: LineChart = {
    var chart = LineChart(title: "A & B < C", series: [.init("loss", y: [3, 2, 1])])
    (chart.width, chart.height) = (300, 200)
    return chart
  }()
  private static let text = [(key: "Selva command", value: "selva plot 'a&b' <c>")]

  @Test func theNameChoosesTheFormat() {
    #expect(ChartFormat(path: "a/b.PNG") == .png)
    #expect(ChartFormat(path: "b.svg") == .svg)
    #expect(ChartFormat(path: "b.Pdf") == .pdf)
    #expect(ChartFormat(path: "pdf") == nil && ChartFormat(path: "a.png.txt") == nil)
  }

  @Test func aPNGIsTwiceAsLargeAndSaysSo() throws {
    let bytes = try ChartFile.encode(ChartFileTests.chart, as: .png, text: ChartFileTests.text)
    let image = try PNG.decode(bytes)
    #expect(image.raster.width == 600 && image.raster.height == 400)
    #expect(image.text("Selva command") == ChartFileTests.text[0].value)
    // pHYs: 7559 pixels a metre (192 an inch) both ways, unit metre.
    let density: [UInt8] = Array("pHYs".utf8) + [0, 0, 0x1D, 0x87, 0, 0, 0x1D, 0x87, 1]
    #expect(bytes.indices.contains { bytes[$0...].starts(with: density) })
    #expect(ChartFile.size(of: ChartFileTests.chart, as: .png) == (600, 400))
  }

  @Test func anSVGSaysWhatMadeItAndHowLargeItIs() throws {
    let bytes = try ChartFile.encode(ChartFileTests.chart, as: .svg, text: ChartFileTests.text)
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.contains("<desc>Selva command: selva plot 'a&amp;b' &lt;c&gt;</desc>"))
    #expect(
      text.contains("width=\"300px\" height=\"200px\"") || text.contains("width=\"300\" height=\"200\""))
    #expect(text.hasSuffix("</svg>\n"))
    #expect(ChartFile.size(of: ChartFileTests.chart, as: .svg) == (300, 200))
  }

  @Test func aPDFIsMeasuredInPoints() throws {
    let bytes = try ChartFile.encode(ChartFileTests.chart, as: .pdf, text: ChartFileTests.text)
    #expect(bytes.starts(with: "%PDF-1.".utf8))
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.contains("0 0 225 150"))
  }

  /// Of SVG see PlotCommandTests: Cairo counts its surfaces through a process.
  @Test(arguments: [ChartFormat.png, .pdf]) func theSameChartGivesTheSameBytes(_ format: ChartFormat) throws {
    let first = try ChartFile.encode(ChartFileTests.chart, as: format)
    let second = try ChartFile.encode(ChartFileTests.chart, as: format)
    let isSame = first == second
    #expect(isSame)
  }

  @Test func aFaultNamesTheFile() {
    var huge = ChartFileTests.chart
    huge.width = 40_000
    #expect(throws: ChartError.self) { try ChartFile.encode(huge, as: .png, name: "wide.png") }
  }

  @Test func panelsStandSideBySide() throws {
    var row = PanelRow(title: "t", panels: [ChartFileTests.chart, LineChart(series: [])])
    (row.width, row.height) = (600, 260)
    let blue = Palette.lines[0]
    let raster = try ChartFile.raster(row)
    let columns = (0..<raster.width).filter { x in (0..<raster.height).contains { raster[x, $0] == blue } }
    #expect(!columns.isEmpty && columns.allSatisfy { $0 < 600 })
    row.panels.reverse()
    let turned = try ChartFile.raster(row)
    #expect((0..<600).allSatisfy { x in (0..<turned.height).allSatisfy { turned[x, $0] != blue } })
  }
}
