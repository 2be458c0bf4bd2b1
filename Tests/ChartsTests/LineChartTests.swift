import ImageGrid
import Testing

@testable import Charts

@Suite struct LineChartTests {
  private static let blue = Palette.lines[0]
  private static let orange = Palette.lines[1]

  private static func places(_ raster: Raster, of color: Color) -> [(x: Int, y: Int)] {
    let pattern = [color.red, color.green, color.blue]
    return stride(from: 0, to: raster.pixels.count, by: 3)
      .filter { raster.pixels[$0] == pattern[0] && raster.pixels[$0..<$0 + 3].elementsEqual(pattern) }
      .map { ($0 / 3 % raster.width, $0 / 3 / raster.width) }
  }

  private static func small(_ chart: LineChart) -> LineChart {
    var chart = chart
    (chart.width, chart.height) = (300, 200)
    return chart
  }

  /// Two straight lines that cross: one rises over the whole plot, the other stays at half its height.
  private static let crossing = small(
    LineChart(
      series: [
        .init("", points: [(0, 0), (10, 10)]), .init("", points: [(0, 5), (10, 5)]),
      ], yRange: .fixed(0, 10)))

  @Test func linesPassWhereTheirPointsLie() throws {
    let raster = try ChartFile.raster(LineChartTests.crossing)
    #expect(raster.width == 600 && raster.height == 400)
    let flat = LineChartTests.places(raster, of: LineChartTests.orange)
    let rising = LineChartTests.places(raster, of: LineChartTests.blue)
    let left = try #require(rising.map(\.x).min())
    let right = try #require(rising.map(\.x).max())
    let top = try #require(rising.map(\.y).min())
    let bottom = try #require(rising.map(\.y).max())
    #expect(right - left > 400 && bottom - top > 250)
    for (x, y) in rising {
      let along = Double(x - left) / Double(right - left)
      #expect(abs(Double(y) - (Double(bottom) + along * Double(top - bottom))) <= 5)
    }
    let rows = Set(flat.map(\.y))
    #expect(rows.count <= 5)
    #expect(rows.allSatisfy { abs(Double($0) - Double(top + bottom) / 2) <= 4 })
    #expect(Set(flat.map(\.x)).count >= right - left - 24)
  }

  @Test func aGapSplitsTheLine() throws {
    let whole = LineChart(series: [.init("", y: [1, 2, 3, 4, 5])])
    let broken = LineChart(series: [.init("", y: [1, 2, .nan, 4, 5])])
    let count = try LineChartTests.places(
      ChartFile.raster(LineChartTests.small(whole)), of: LineChartTests.blue
    ).count
    let less = try LineChartTests.places(
      ChartFile.raster(LineChartTests.small(broken)), of: LineChartTests.blue
    ).count
    #expect(less > count * 4 / 10 && less < count * 6 / 10)
  }

  @Test func aPointAloneIsADot() throws {
    let chart = LineChartTests.small(LineChart(series: [.init("", points: [(3, 7)])]))
    let dot = try LineChartTests.places(ChartFile.raster(chart), of: LineChartTests.blue)
    #expect((80...220).contains(dot.count))
  }

  @Test func aHugeFirstValueIsClipped() throws {
    let values = [100_000.0] + (0..<39).map { 100 + Double($0 % 2) * 10 }
    var chart = LineChartTests.small(LineChart(series: [.init("", y: values)]))
    let flat = try LineChartTests.places(ChartFile.raster(chart), of: LineChartTests.blue)
    chart.yRange = .percentiles(0, 0.95)
    let clipped = try LineChartTests.places(ChartFile.raster(chart), of: LineChartTests.blue)
    let beyondFirst = { (places: [(x: Int, y: Int)]) in
      let ys = places.filter { $0.x > 200 }.map(\.y)
      return (ys.max() ?? 0) - (ys.min() ?? 0)
    }
    #expect(beyondFirst(flat) < 12)
    #expect(beyondFirst(clipped) > 150)
  }

  @Test func bandsAndRulesAreDrawn() throws {
    let points = [(x: 0.0, y: 0.0), (x: 1.0, y: 1.0)]
    let band = [(x: 0.0, low: -1.0, high: 1.0), (x: 1.0, low: 0.0, high: 2.0)]
    let plain = LineChartTests.small(LineChart(series: [.init("", points: points)], yRange: .fixed(-2, 2)))
    let before = try ChartFile.raster(plain)
    var banded = plain
    banded.series[0].band = band
    let after = try ChartFile.raster(banded)
    let changed = zip(before.pixels, after.pixels).count { $0 != $1 }
    // Half of the plot, all its colours.
    #expect(changed > 600 * 400 * 3 * 2 / 10)
    var ruled = plain
    ruled.rules = [.init(.x, at: 0.5, label: "half"), .init(.y, at: 1.5)]
    #expect(try ChartFile.raster(ruled) != before)
    var outside = plain
    outside.rules = [.init(.x, at: 7), .init(.y, at: .nan)]
    #expect(try ChartFile.raster(outside) == before)
  }

  @Test func dashesMarkersAndMarksShow() throws {
    let plain = LineChartTests.small(LineChart(series: [.init("", y: [1, 3, 2, 4])]))
    let line = try LineChartTests.places(ChartFile.raster(plain), of: LineChartTests.blue).count
    var dashed = plain
    dashed.series[0].dashed = true
    let strokes = try LineChartTests.places(ChartFile.raster(dashed), of: LineChartTests.blue).count
    #expect(strokes > line * 4 / 10 && strokes < line * 8 / 10)
    var marked = plain
    marked.series[0].markers = true
    #expect(try LineChartTests.places(ChartFile.raster(marked), of: LineChartTests.blue).count > line)
    var best = plain
    best.marks = [.init(x: 2, y: 3, label: "3", series: 0)]
    #expect(try LineChartTests.places(ChartFile.raster(best), of: Canvas.ink).count > 60)
    #expect(try LineChartTests.places(ChartFile.raster(plain), of: Canvas.ink).isEmpty)
  }

  @Test func namesStandOutsideThePlotAtTheirLinesEnds() throws {
    let chart = LineChartTests.small(
      LineChart(series: [.init("up", y: [0, 9]), .init("down", y: [9, 0])]))
    let raster = try ChartFile.raster(chart)
    let up = LineChartTests.places(raster, of: Palette.letters(LineChartTests.blue)).filter { $0.x > 470 }
    let down = LineChartTests.places(raster, of: Palette.letters(LineChartTests.orange)).filter { $0.x > 470 }
    #expect(!up.isEmpty && !down.isEmpty)
    #expect((up.map(\.y).max() ?? 0) < (down.map(\.y).min() ?? 0))
  }

  @Test func epochsBeginAndEndTheirAxis() throws {
    let chart = LineChart(series: [.init("", y: (1...48).map(Double.init))])
    let figure = Probe { canvas in
      let layout = LinePlotLayout(
        chart, canvas: canvas, frame: Frame(x: 0, y: 0, width: 900, height: 500))
      let labels = layout.xTicks.map(\.label)
      #expect(labels.first == "1" && labels.last == "48" && labels.count > 5)
    }
    _ = try ChartFile.raster(figure)
  }

  /// Few of them, as long as there is room: else round numbers.
  @Test(
    arguments: [
      ("2, 4, 8, 16", [2, 4, 8, 16]), ("1, 2, 5, 10", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
      ("2, 5, 10", [2, 2.5, 4, 16]),
      ("10, 20, 50, 100, 200, 500, 1000", [10, 1000, 1010]),
    ] as [(String, [Double])])
  func wholeValuesAreTheMarksOfALogarithmicAxis(_ expected: String, _ values: [Double]) throws {
    let points = values.map { (x: $0, y: 1.0) }
    let chart = LineChart(series: [.init("", points: points)], xScale: .logarithmic)
    let figure = Probe { canvas in
      let frame = Frame(x: 0, y: 0, width: 900, height: 500)
      let labels = LinePlotLayout(chart, canvas: canvas, frame: frame).xTicks.map(\.label)
      #expect(labels.joined(separator: ", ") == expected)
    }
    _ = try ChartFile.raster(figure)
  }

  @Test(arguments: [LineChart.Scale.linear, .logarithmic])
  func degenerateInputMakesAPicture(_ scale: LineChart.Scale) throws {
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
        var chart = LineChart(
          title: "t", xLabel: "x", yLabel: "y", series: [series], rules: [.init(.y, at: 1, label: "one")],
          xScale: scale, yScale: scale, yRange: range)
        (chart.width, chart.height) = (240, 160)
        #expect(try ChartFile.raster(chart).pixels.count == 480 * 320 * 3)
      }
    }
  }

  @Test func labelsKeepTheirDistance() {
    #expect(EndLabels.spread([10, 50], spacing: 16, in: 0...100) == [10, 50])
    #expect(EndLabels.spread([50, 50], spacing: 16, in: 0...100) == [42, 58])
    #expect(EndLabels.spread([99, 99, 99], spacing: 10, in: 0...100) == [80, 90, 100])
    #expect(EndLabels.spread([2, 2], spacing: 10, in: 0...100) == [0, 10])
    #expect(EndLabels.spread([], spacing: 10, in: 0...100) == [])
  }
}

/// Looks at a canvas from within.
struct Probe: Figure {
  let width = 900.0
  let height = 500.0
  let body: (Canvas) -> Void

  init(_ body: @escaping (Canvas) -> Void) { self.body = body }

  func draw(on canvas: Canvas) { body(canvas) }
}
