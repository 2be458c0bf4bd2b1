import ImageGrid
import Testing

@testable import Charts

@Suite struct ScatterChartTests {
  private static func count(_ raster: Raster, _ color: Color) -> [(x: Int, y: Int)] {
    let pattern = [color.red, color.green, color.blue]
    return stride(from: 0, to: raster.pixels.count, by: 3)
      .filter { raster.pixels[$0..<$0 + 3].elementsEqual(pattern) }
      .map { ($0 / 3 % raster.width, $0 / 3 / raster.width) }
  }

  /// Pictures are drawn opaque, which signs among many are not.
  private static let red = Raster(width: 2, height: 2, channels: 3, fill: Color(rgb: 0xFF0000))
  private static let green = Raster(width: 2, height: 2, channels: 3, fill: Color(rgb: 0x00FF00))

  private static func chart(_ points: [(x: Double, y: Double)]) -> ScatterChart {
    var chart = ScatterChart(title: "", xLabel: "", yLabel: "", points: points)
    (chart.width, chart.height) = (400, 300)
    return chart
  }

  private static func middle(_ places: [(x: Int, y: Int)]) -> (x: Double, y: Double) {
    let count = Double(max(places.count, 1))
    return (Double(places.reduce(0) { $0 + $1.x }) / count, Double(places.reduce(0) { $0 + $1.y }) / count)
  }

  @Test func axesHaveOneUnit() throws {
    var chart = ScatterChartTests.chart([(0, 0), (1, 0), (0, 1)])
    chart.picture = { $0 == 0 ? ScatterChartTests.red : ScatterChartTests.green }
    let raster = try ChartFile.raster(chart)
    let origin = ScatterChartTests.middle(ScatterChartTests.count(raster, Color(rgb: 0xFF0000)))
    let others = ScatterChartTests.count(raster, Color(rgb: 0x00FF00))
    let right = ScatterChartTests.middle(others.filter { Double($0.x) > origin.x + 60 })
    let up = ScatterChartTests.middle(others.filter { Double($0.x) <= origin.x + 60 })
    #expect(abs(right.y - origin.y) < 2 && abs(up.x - origin.x) < 2)
    #expect(right.x - origin.x > 100 && abs((right.x - origin.x) - (origin.y - up.y)) < 3)
  }

  @Test func picturesDoNotHideOneAnother() throws {
    var chart = ScatterChartTests.chart([(0, 0), (0.001, 0), (1, 1)])
    var asked: [Int] = []
    chart.picture = { index in
      asked.append(index)
      return ScatterChartTests.red
    }
    _ = try ChartFile.raster(chart)
    #expect(asked.count == 2 && asked.contains(2))
  }

  @Test func groupsHaveColoursNamesAndALegend() throws {
    var chart = ScatterChartTests.chart([(0, 0), (1, 0), (0, 1)])
    let plain = try ChartFile.raster(chart)
    chart.groups = [0, 1, 1]
    chart.names = ["a", "b"]
    let raster = try ChartFile.raster(chart)
    #expect(raster != plain)
    for group in 0..<2 {
      // In the legend signs are opaque.
      let signs = ScatterChartTests.count(raster, Palette.classes[group]).filter { $0.x > 660 }
      #expect(signs.count > 100, "\(group)")
    }
    var turned = chart
    turned.groups = [1, 0, 0]
    #expect(try ChartFile.raster(turned) != raster)
  }

  @Test func greyPicturesAreInkInTheColourOfTheirGroup() throws {
    var chart = ScatterChartTests.chart([(0, 0), (1, 1)])
    (chart.groups, chart.names) = ([0, 1], ["a", "b"])
    let half = Raster(
      width: 8, height: 8, bytes: (0..<64).map { $0 < 32 ? 255 : 0 })
    chart.picture = { _ in half }
    let raster = try ChartFile.raster(chart)
    for group in 0..<2 {
      let ink = Palette.letters(Palette.classes[group])
      #expect(ScatterChartTests.count(raster, ink).filter { $0.x < 640 }.count > 300, "\(group)")
    }
  }

  @Test func degenerateInputMakesAPicture() throws {
    let inputs: [[(x: Double, y: Double)]] = [
      [], [(1, 1)], [(2, 2), (2, 2)], [(.nan, 0), (0, .infinity)], [(1e30, -1e30), (0, 0)],
    ]
    for points in inputs {
      var chart = ScatterChartTests.chart(points)
      #expect(try ChartFile.raster(chart).width == 800)
      chart.picture = { _ in ScatterChartTests.red }
      #expect(try ChartFile.raster(chart).width == 800)
    }
  }

  @Test func manyGroupsKeepDistinctSigns() {
    let signs = (0..<30).map { "\(Marker.of($0)) \(Palette.classColor($0))" }
    #expect(Set(signs).count == 30)
    for index in 0..<9 { #expect(Marker.of(index) != Marker.of(index + 1)) }
  }
}
