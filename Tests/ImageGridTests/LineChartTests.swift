import ImageGrid
import Testing

@Suite struct LineChartTests {
  private static let blue = LineChart.palette[0]
  private static let orange = LineChart.palette[1]

  private static func places(_ raster: Raster, of color: Color) -> [(x: Int, y: Int)] {
    (0..<raster.width * raster.height).map { ($0 % raster.width, $0 / raster.width) }
      .filter { raster[$0.0, $0.1] == color }
  }

  /// Two straight lines that cross: one rises over the whole plot, the other stays at half its height.
  private static let crossing = LineChart(
    series: [
      .init("", points: [(0, 0), (10, 10)]), .init("", points: [(0, 5), (10, 5)]),
    ], yRange: .fixed(0, 10))

  @Test func linesPassWhereTheirPointsLie() throws {
    let raster = LineChartTests.crossing.raster(width: 600, height: 400)
    let flat = LineChartTests.places(raster, of: LineChartTests.orange)
    let rising = LineChartTests.places(raster, of: LineChartTests.blue)
    let left = try #require(rising.map(\.x).min())
    let right = try #require(rising.map(\.x).max())
    let top = try #require(rising.map(\.y).min())
    let bottom = try #require(rising.map(\.y).max())
    // A line along x = y over the plot: every full pixel of it is near the diagonal of its box.
    for (x, y) in rising {
      let along = Double(x - left) / Double(right - left)
      let expected = Double(bottom) + along * Double(top - bottom)
      #expect(abs(Double(y) - expected) <= 3)
    }
    #expect(rising.count > right - left)
    // The flat line lies in the middle from side to side, one to three pixels full.
    let rows = Set(flat.map(\.y))
    #expect(rows.count <= 3)
    #expect(rows.allSatisfy { abs(Double($0) - Double(top + bottom) / 2) <= 2 })
    #expect(flat.count >= right - left - 10)
  }

  @Test func edgesAreAntiAliased() {
    let raster = LineChartTests.crossing.raster(width: 600, height: 400)
    let shades = Set((0..<raster.width * raster.height).map { raster[$0 % 600, $0 / 600] })
    #expect(shades.count > 40)
  }

  @Test func aGapSplitsTheLine() {
    let whole = LineChart(series: [.init("", y: [1, 2, 3, 4, 5])])
    let broken = LineChart(series: [.init("", y: [1, 2, .nan, 4, 5])])
    let count = LineChartTests.places(whole.raster(), of: LineChartTests.blue).count
    let less = LineChartTests.places(broken.raster(), of: LineChartTests.blue).count
    #expect(less > count * 4 / 10 && less < count * 6 / 10)
  }

  @Test func aPointAloneIsADot() {
    let raster = LineChart(series: [.init("", points: [(3, 7)])]).raster()
    let dot = LineChartTests.places(raster, of: LineChartTests.blue)
    #expect((20...45).contains(dot.count))
  }

  @Test func aHugeFirstValueIsClipped() {
    let values = [100_000.0] + (0..<39).map { 100 + Double($0 % 2) * 10 }
    var chart = LineChart(series: [.init("", y: values)])
    let flat = LineChartTests.places(chart.raster(), of: LineChartTests.blue)
    chart.yRange = .percentiles(0, 0.95)
    let clipped = LineChartTests.places(chart.raster(), of: LineChartTests.blue)
    let beyondFirst = { (places: [(x: Int, y: Int)]) in
      let ys = places.filter { $0.x > 300 }.map(\.y)
      return (ys.max() ?? 0) - (ys.min() ?? 0)
    }
    #expect(beyondFirst(flat) < 5)
    #expect(beyondFirst(clipped) > 300)
  }

  @Test func bandsAndRulesAreDrawn() {
    let points = [(x: 0.0, y: 0.0), (x: 1.0, y: 1.0)]
    let band = [(x: 0.0, low: -1.0, high: 1.0), (x: 1.0, low: 0.0, high: 2.0)]
    let plain = LineChart(series: [.init("", points: points)], yRange: .fixed(-2, 2))
    var full = plain
    full.series[0].band = band
    full.rules = [.init(.x, at: 0.5, label: "half"), .init(.y, at: 1.5)]
    let (before, after) = (plain.raster(), full.raster())
    let changed = (0..<900 * 560).count { before[$0 % 900, $0 / 900] != after[$0 % 900, $0 / 900] }
    // The band alone covers half of the plot.
    #expect(changed > 900 * 560 * 3 / 10)
    let outside = LineChart(
      series: [.init("", points: points)], rules: [.init(.x, at: 7), .init(.y, at: .nan)],
      yRange: .fixed(-2, 2))
    #expect(outside.raster() == before)
  }

  @Test func theLegendLiesOutsideThePlot() {
    let line = LineChart.Series("", points: [(0, 0), (1, 1)])
    var named = line
    named.name = "train"
    let plain = LineChart(yLabel: "loss", series: [line]).raster()
    let labelled = LineChart(yLabel: "loss", series: [named]).raster()
    let rows = (0..<560).filter { y in (0..<900).contains { plain[$0, y] != labelled[$0, y] } }
    // A row of letters above the plot; the plot itself is as it was.
    #expect(!rows.isEmpty && (rows.max() ?? 0) < 50)
  }

  @Test func manySeriesGetAColumnAndDashes() {
    let series = (0..<40).map { LineChart.Series("series number \($0)", y: [Double($0), Double($0)]) }
    let raster = LineChart(title: "many", series: series).raster()
    let blue = LineChartTests.places(raster, of: LineChartTests.blue)
    let right = blue.map(\.x).max() ?? 0
    let plotEnd = blue.filter { $0.y > 300 }.map(\.x).max() ?? 0
    #expect(right < 900 && plotEnd < right)
    let byRow = Dictionary(grouping: blue.filter { $0.y > 60 && $0.x < plotEnd }, by: \.y).mapValues(\.count)
    // Series 0 is a full line, series 7, 14 … are dashed.
    let longest = byRow.values.max() ?? 0
    #expect(byRow.values.contains { $0 > longest * 4 / 10 && $0 < longest * 7 / 10 })
  }

  @Test(arguments: [LineChart.Scale.linear, .logarithmic])
  func degenerateInputMakesAPicture(_ scale: LineChart.Scale) {
    let extreme = Double.greatestFiniteMagnitude
    let inputs: [[(x: Double, y: Double)]] = [
      [], [(1, 1)], [(1, .nan)], [(.nan, 1)], [(1, 3), (2, 3), (3, 3)], [(0, 0), (0, 1), (0, 2)],
      [(1, extreme), (2, -extreme), (3, 0)], [(-1, -1), (0, 0)], [(1, .leastNonzeroMagnitude), (2, 0)],
      [(extreme, 1), (-extreme, 2)],
    ]
    for points in inputs {
      for range in [LineChart.Range.all, .percentiles(0.1, 0.9), .fixed(0, 1), .fixed(2, 2)] {
        var series = LineChart.Series("s", points: points, band: points.map { ($0.x, $0.y, $0.y) })
        series.dashed = true
        series.markers = true
        let chart = LineChart(
          title: "t", xLabel: "x", yLabel: "y", series: [series], rules: [.init(.y, at: 1, label: "one")],
          xScale: scale, yScale: scale, yRange: range)
        #expect(chart.raster(width: 240, height: 160).pixels.count == 240 * 160 * 3)
      }
    }
  }

  @Test func drawingIsRepeatable() {
    #expect(LineChartTests.crossing.raster() == LineChartTests.crossing.raster())
    #expect(LineChartTests.crossing.raster().width == 900)
    #expect(LineChartTests.crossing.raster().height == 560)
  }
}
