import Files
import ImageGrid

/// Points on a plane whose two axes have one unit, by groups, as signs or as pictures.
public struct ScatterChart: Figure {
  public var title: String
  public var subtitle = ""
  public var xLabel: String
  public var yLabel: String
  public var points: [(x: Double, y: Double)]
  /// For each point an index into `names`; empty: one group without a name.
  public var groups: [Int]
  public var names: [String]
  /// The picture of a point, to be drawn in its place; nil: points are signs.
  public var picture: ((Int) -> Raster)?
  public var width = 960.0
  public var height = 780.0

  public init(
    title: String, xLabel: String, yLabel: String, points: [(x: Double, y: Double)], groups: [Int] = [],
    names: [String] = []
  ) {
    precondition(
      groups.isEmpty || groups.count == points.count, "\(groups.count) groups of \(points.count) points")
    (self.title, self.xLabel, self.yLabel) = (title, xLabel, yLabel)
    (self.points, self.groups, self.names) = (points, groups, names)
  }

  public func draw(on canvas: Canvas) {
    let plot = ScatterPlot(self, canvas: canvas)
    plot.drawFrame()
    if picture == nil { plot.drawPoints() } else { plot.drawPictures() }
    plot.drawNames()
    plot.drawLegend()
  }
}

/// Draws a scatter chart, layer by layer.
struct ScatterPlot {
  private let chart: ScatterChart
  private let canvas: Canvas
  private let plot: Frame
  private let x: ChartScale
  private let y: ChartScale
  private let legendWidth: Double

  private static let pictureSide = 26.0
  private static let mostNamesOnPlot = 30
  private static let lineHeight = 20.0

  init(_ chart: ScatterChart, canvas: Canvas) {
    (self.chart, self.canvas) = (chart, canvas)
    let widest = chart.names.map { canvas.textWidth($0, size: 12) }.max() ?? 0
    legendWidth = chart.groups.isEmpty ? 0 : min(widest + 44, 200)
    let top = chart.subtitle.isEmpty ? 62.0 : 80.0
    plot = Frame(
      x: 74, y: top, width: chart.width - 74 - 24 - legendWidth, height: chart.height - top - 64)
    (x, y) = ScatterPlot.scales(chart.points, plot)
  }

  /// Around all points, with a unit as long on one axis as on the other.
  private static func scales(_ points: [(x: Double, y: Double)], _ plot: Frame) -> (ChartScale, ChartScale) {
    let finite = points.filter { $0.x.isFinite && $0.y.isFinite }
    func span(_ values: [Double]) -> (middle: Double, size: Double) {
      guard let low = values.min(), let high = values.max() else { return (0, 1) }
      return (low / 2 + high / 2, max((high - low) * 1.08, abs(high) * 1e-6, 1e-9))
    }
    let (across, up) = (span(finite.map(\.x)), span(finite.map(\.y)))
    let unit = max(across.size / plot.width, up.size / plot.height)
    func scale(_ middle: Double, _ length: Double) -> ChartScale {
      ChartScale(
        [middle - unit * length / 2, middle + unit * length / 2], isLogarithmic: false, margin: 0)
    }
    return (scale(across.middle, plot.width), scale(up.middle, plot.height))
  }

  private func place(_ index: Int) -> Point {
    Point(
      plot.x + x.fraction(chart.points[index].x) * plot.width,
      plot.y + (1 - y.fraction(chart.points[index].y)) * plot.height)
  }

  private func group(_ index: Int) -> Int { chart.groups.isEmpty ? 0 : chart.groups[index] }

  /// All points in an order that mixes those that follow one another, so that no group lies on top.
  private var order: [Int] {
    let count = chart.points.count
    guard count > 0 else { return [] }
    var step = max(1, Int(Double(count) * 0.618))
    while !isCoprime(step, count) { step += 1 }
    var index = 0
    return (0..<count).map { _ in
      defer { index = (index + step) % count }
      return index
    }.filter { chart.points[$0].x.isFinite && chart.points[$0].y.isFinite }
  }

  private func isCoprime(_ a: Int, _ b: Int) -> Bool {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a == 1
  }

  func drawFrame() {
    let room = chart.width - 48
    canvas.text(
      canvas.shortened(chart.title, to: room, size: 17, isBold: true), x: 24, y: 34, size: 17, isBold: true)
    canvas.text(canvas.shortened(chart.subtitle, to: room, size: 12), x: 24, y: 54, size: 12, Canvas.quiet)
    for tick in x.ticks(limit: 8) {
      let place = plot.x + x.fraction(tick.value) * plot.width
      canvas.line([Point(place, plot.y), Point(place, plot.bottom)], Canvas.faint)
      canvas.text(tick.shown, x: place, y: plot.bottom + 18, size: 11, Canvas.quiet, anchor: .center)
    }
    for tick in y.ticks(limit: 8) {
      let place = plot.y + (1 - y.fraction(tick.value)) * plot.height
      canvas.line([Point(plot.x, place), Point(plot.right, place)], Canvas.faint)
      canvas.text(tick.shown, x: plot.x - 8, y: place + 4, size: 11, Canvas.quiet, anchor: .right)
    }
    canvas.text(
      chart.xLabel, x: plot.x + plot.width / 2, y: plot.bottom + 42, size: 12, Canvas.quiet, anchor: .center)
    canvas.text(
      chart.yLabel, x: 28, y: plot.y + plot.height / 2, size: 12, Canvas.quiet, anchor: .center,
      isUpright: true)
  }

  /// The more points, the smaller and the fainter: where they crowd, it still shows how much.
  func drawPoints() {
    let count = Double(max(chart.points.count, 1))
    let radius = min(max(3.6 * (1000 / count).squareRoot().squareRoot(), 1.6), 4.5)
    let opacity = min(max(1.1 * (300 / count).squareRoot().squareRoot(), 0.35), 0.9)
    for index in order {
      canvas.marker(
        Marker.of(group(index)), at: place(index), radius: radius, Palette.classColor(group(index)),
        opacity: opacity, edge: count > 300 ? 0 : 0.6)
    }
  }

  /// As many pictures as find a place of their own, those first that come first in the mixed order.
  func drawPictures() {
    guard let picture = chart.picture else { return }
    var kept: [Point] = []
    var cells: [[Int]: [Int]] = [:]
    let side = ScatterPlot.pictureSide
    for index in order {
      let place = place(index)
      let cell = [Int(place.x / side), Int(place.y / side)]
      let near = (-1...1).flatMap { dx in
        (-1...1).flatMap { dy in cells[[cell[0] + dx, cell[1] + dy]] ?? [] }
      }
      guard near.allSatisfy({ max(abs(kept[$0].x - place.x), abs(kept[$0].y - place.y)) >= side }) else {
        continue
      }
      cells[cell, default: []].append(kept.count)
      kept.append(place)
      draw(picture(index), group(index), at: place)
    }
  }

  /// Grey pictures as ink in their group's colour, on nothing; coloured ones as they are, over a bar in it.
  private func draw(_ raster: Raster, _ group: Int, at place: Point) {
    let side = ScatterPlot.pictureSide
    let (left, top) = (place.x - side / 2 + 1, place.y - side / 2 + 1)
    let color = Palette.letters(Palette.classColor(group))
    guard raster.channels == 3 else {
      canvas.picture(raster.brightOnDark, x: left, y: top, side: side - 2, tint: color)
      return
    }
    canvas.picture(raster, x: left, y: top, side: side - 2, tint: nil)
    if !chart.groups.isEmpty {
      canvas.rectangle(x: left, y: top + side - 4, width: side - 2, height: 2, color)
    }
  }

  /// Each group's name over the middle of its points, where that does not crowd the plot.
  func drawNames() {
    guard !chart.groups.isEmpty, chart.names.count <= ScatterPlot.mostNamesOnPlot, chart.picture == nil else {
      return
    }
    for (group, name) in chart.names.enumerated() {
      let members = chart.points.indices.filter { chart.groups[$0] == group }.map(place)
      guard !members.isEmpty else { continue }
      let middle = Point(
        members.map(\.x).sorted()[members.count / 2], members.map(\.y).sorted()[members.count / 2])
      canvas.text(
        name, x: middle.x, y: middle.y + 6, size: 17, Palette.letters(Palette.classColor(group)),
        anchor: .center, isBold: true, halo: 5)
    }
  }

  func drawLegend() {
    guard !chart.groups.isEmpty else { return }
    let left = plot.right + 24
    let most = max(Int(plot.height / ScatterPlot.lineHeight), 2)
    let shown = chart.names.count > most ? most - 1 : chart.names.count
    for (group, name) in chart.names.prefix(shown).enumerated() {
      let y = plot.y + 6 + Double(group) * ScatterPlot.lineHeight
      let color = Palette.classColor(group)
      if chart.picture == nil {
        canvas.marker(Marker.of(group), at: Point(left, y), radius: 5, color)
      } else {
        canvas.marker(.square, at: Point(left, y), radius: 6, Palette.letters(color))
      }
      canvas.text(canvas.shortened(name, to: legendWidth - 40, size: 12), x: left + 13, y: y + 4, size: 12)
    }
    if shown < chart.names.count {
      canvas.text(
        "+\(chart.names.count - shown) more", x: left - 5,
        y: plot.y + 10 + Double(shown) * ScatterPlot.lineHeight, size: 12, Canvas.quiet)
    }
  }
}

extension Raster {
  /// A grey picture as it is, or turned over where most of it is bright: ink bright, paper dark.
  fileprivate var brightOnDark: Raster {
    let sum = pixels.reduce(0) { $0 + Int($1) }
    guard sum > pixels.count * 128 else { return self }
    return Raster(width: width, height: height, channels: channels, bytes: pixels.map { 255 - $0 })
  }
}
