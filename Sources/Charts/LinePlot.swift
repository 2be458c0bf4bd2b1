import ImageGrid

/// Draws a line chart, layer by layer.
struct LinePlot {
  let chart: LineChart
  let canvas: Canvas
  let layout: LinePlotLayout

  private static let dashes = [6.0, 4.0]
  private static let lineWidth = 2.0

  init(_ chart: LineChart, canvas: Canvas, layout: LinePlotLayout) {
    (self.chart, self.canvas, self.layout) = (chart, canvas, layout)
  }

  func drawTitles() {
    let (frame, plot) = (layout.frame, layout.plot)
    let (left, size) = (frame.x + LinePlotLayout.border, LinePlotLayout.titleSize)
    let room = frame.width - 2 * LinePlotLayout.border
    var y = frame.y + LinePlotLayout.border
    if !chart.title.isEmpty {
      y += 10
      let title = canvas.shortened(chart.title, to: room, size: size, isBold: true)
      canvas.text(title, x: left, y: y, size: size, isBold: true)
      y += 10
    }
    if !chart.subtitle.isEmpty {
      let subtitle = canvas.shortened(chart.subtitle, to: room, size: LinePlotLayout.labelSize)
      canvas.text(subtitle, x: left, y: y + 8, size: LinePlotLayout.labelSize, Canvas.quiet)
    }
    canvas.text(chart.yLabel, x: left, y: plot.y - 12, size: LinePlotLayout.tickSize, Canvas.quiet)
    canvas.text(
      chart.xLabel, x: plot.x + plot.width / 2, y: plot.bottom + 38, size: LinePlotLayout.tickSize,
      Canvas.quiet, anchor: .center)
  }

  func drawAxes() {
    let (plot, size) = (layout.plot, LinePlotLayout.tickSize)
    for tick in layout.yTicks {
      let y = layout.y(tick.value)
      canvas.line([Point(plot.x, y), Point(plot.right, y)], Canvas.faint)
      canvas.text(tick.shown, x: plot.x - 8, y: y + size * 0.36, size: size, Canvas.quiet, anchor: .right)
    }
    for tick in layout.xTicks {
      let x = layout.x(tick.value)
      canvas.line([Point(x, plot.bottom), Point(x, plot.bottom + 4)], Canvas.quiet)
      canvas.text(tick.shown, x: x, y: plot.bottom + 17, size: size, Canvas.quiet, anchor: .center)
    }
    canvas.line([Point(plot.x, plot.bottom), Point(plot.right, plot.bottom)], Canvas.quiet)
  }

  func drawBands() {
    clipped {
      for (index, series) in chart.series.enumerated() {
        for run in series.band.split(whereSeparator: { !isShown($0) }) where run.count > 1 {
          let upper = run.map { Point(layout.x($0.x), layout.y($0.high)) }
          let lower = run.reversed().map { Point(layout.x($0.x), layout.y($0.low)) }
          canvas.polygon(upper + lower, chart.color(index), opacity: 0.16)
        }
      }
    }
  }

  private func isShown(_ band: (x: Double, low: Double, high: Double)) -> Bool {
    layout.isShown(band.x, band.low) && layout.yScale.shows(band.high)
  }

  func drawRules() {
    let plot = layout.plot
    for rule in chart.rules where isInside(rule) {
      let isVertical = rule.axis == .x
      let (x, y) = (layout.x(rule.value), layout.y(rule.value))
      canvas.line(
        isVertical ? [Point(x, plot.y), Point(x, plot.bottom)] : [Point(plot.x, y), Point(plot.right, y)],
        Canvas.quiet, dash: [2, 3])
      guard !rule.label.isEmpty else { continue }
      let isLeft = x > plot.x + plot.width / 2
      canvas.text(
        rule.label, x: isVertical ? x + (isLeft ? -6 : 6) : plot.right - 4,
        y: isVertical ? plot.y + 10 : y - 6,
        size: LinePlotLayout.tickSize, Canvas.quiet, anchor: isVertical && !isLeft ? .left : .right, halo: 4)
    }
  }

  private func isInside(_ rule: LineChart.Rule) -> Bool {
    let scale = rule.axis == .x ? layout.xScale : layout.yScale
    return scale.shows(rule.value) && (-1e-9...1 + 1e-9).contains(scale.fraction(rule.value))
  }

  func drawLines() {
    // The first series is drawn last: it is the one that the chart is about.
    for index in chart.series.indices.reversed() {
      let color = chart.color(index)
      clipped {
        for run in runs(chart.series[index]) {
          canvas.line(
            run, color, width: LinePlot.lineWidth, dash: chart.isDashed(index) ? LinePlot.dashes : [])
        }
      }
      for point in markerPlaces(index) {
        canvas.marker(Marker.of(chart.colorIndex(index)), at: point, radius: 4, color)
      }
    }
  }

  /// Of a line with markers, points so far apart that the signs stay apart; of any, points alone.
  private func markerPlaces(_ index: Int) -> [Point] {
    runs(chart.series[index]).flatMap { run -> [Point] in
      let isIn = { (point: Point) in point.y >= layout.plot.y - 1 && point.y <= layout.plot.bottom + 1 }
      guard chart.series[index].markers else { return run.count == 1 ? run.filter(isIn) : [] }
      var places: [Point] = []
      for point in run where isIn(point) && abs(point.x - (places.last?.x ?? -.infinity)) >= 26 {
        places.append(point)
      }
      return places
    }
  }

  func drawMarks() {
    for mark in chart.marks where layout.isShown(mark.x, mark.y) {
      let point = Point(layout.x(mark.x), layout.y(mark.y))
      canvas.marker(.circle, at: point, radius: 6.5, Canvas.ink, edge: 1.5)
      canvas.marker(.circle, at: point, radius: 4, chart.color(mark.series), edge: 1.2)
      let size = LinePlotLayout.labelSize
      let half = canvas.textWidth(mark.label, size: size, isBold: true) / 2
      let x = min(max(point.x, layout.plot.x + half), layout.plot.right - half)
      let y = labelPlace(under: point, half: half)
      canvas.text(mark.label, x: x, y: y, size: size, anchor: .center, isBold: true, halo: 4)
    }
  }

  /// The baseline of a label under a point, or over it where the axis or another line is in the way.
  private func labelPlace(under point: Point, half: Double) -> Double {
    let (under, over) = (point.y + 22, point.y - 14)
    guard under + 4 < layout.plot.bottom else { return over }
    guard over - 10 > layout.plot.y else { return under }
    let near = chart.series.indices.flatMap { runs(chart.series[$0]).joined() }
      .filter { abs($0.x - point.x) < half + 30 }
    func lines(_ middle: Double) -> Int { near.count { abs($0.y - middle) < 9 } }
    return lines(under - 5) <= lines(over - 5) ? under : over
  }

  /// The names of the lines, each at its line's end, moved apart where ends meet.
  func drawEndLabels() {
    let named = chart.series.indices.compactMap { index -> (index: Int, end: Point)? in
      guard !chart.series[index].name.isEmpty,
        let last = chart.series[index].points.last(where: { layout.isShown($0.x, $0.y) })
      else { return nil }
      let y = min(max(layout.y(last.y), layout.plot.y), layout.plot.bottom)
      return (index, Point(layout.x(last.x), y))
    }.sorted { ($0.end.y, $0.index) < ($1.end.y, $1.index) }
    let spacing = LinePlotLayout.labelSize + 4
    let most = max(Int(layout.plot.height / spacing), 1)
    let shown = named.count > most ? Array(named.prefix(most - 1)) : named
    var places = EndLabels.spread(
      shown.map(\.end.y), spacing: spacing, in: layout.plot.y...layout.plot.bottom)
    if shown.count < named.count { places = shown.indices.map { layout.plot.y + Double($0) * spacing } }
    for (place, (index, end)) in zip(places, shown) {
      drawName(index, at: place, end: end)
    }
    if shown.count < named.count {
      canvas.text(
        "+\(named.count - shown.count) more", x: layout.labels.x, y: layout.plot.bottom,
        size: LinePlotLayout.labelSize, Canvas.quiet)
    }
  }

  private func drawName(_ index: Int, at place: Double, end: Point) {
    let size = LinePlotLayout.labelSize
    let color = chart.color(index)
    if layout.labels.x - end.x > 14 || abs(place - end.y) > 5 {
      let start = Point(max(end.x + 3, layout.plot.right + 1), end.y)
      if layout.labels.x - end.x > 14 {
        canvas.line([Point(end.x + 5, end.y), start], color, dash: [1, 3], opacity: 0.6)
      }
      canvas.line([start, Point(layout.labels.x - 2, place)], color, opacity: 0.6)
    }
    let name = canvas.shortened(chart.series[index].name, to: layout.labels.width, size: size)
    canvas.text(
      name, x: layout.labels.x, y: place + size * 0.36, size: size, Palette.letters(color), halo: 3)
  }

  private func clipped(_ body: () -> Void) {
    let plot = layout.plot
    canvas.clip(x: plot.x - 2, y: plot.y - 2, width: plot.width + 4, height: plot.height + 4, body)
  }

  /// The unbroken stretches of a line.
  private func runs(_ series: LineChart.Series) -> [[Point]] {
    series.points.split { !layout.isShown($0.x, $0.y) }
      .map { run in run.map { Point(layout.x($0.x), layout.y($0.y)) } }
  }
}

/// Labels beside one another in a column.
enum EndLabels {
  /// Places as near to `wanted` (ascending) as a distance of `spacing` allows, within `range` where they fit.
  static func spread(_ wanted: [Double], spacing: Double, in range: ClosedRange<Double>) -> [Double] {
    var places: [Double] = []
    for place in wanted {
      places.append(max(place, (places.last ?? -.infinity) + spacing))
    }
    // A stack that was pushed down is centred on what its members wanted, as far as the range lets it.
    var start = 0
    while start < places.count {
      var end = start + 1
      while end < places.count, places[end] - places[end - 1] < spacing + 1e-9 { end += 1 }
      let excess = (start..<end).reduce(0) { $0 + places[$1] - wanted[$1] } / Double(end - start)
      let above = start > 0 ? places[start - 1] + spacing : range.lowerBound
      let shift = min(excess, max(places[start] - above, 0))
      for index in start..<end { places[index] -= shift }
      start = end
    }
    let over = (places.last ?? 0) - range.upperBound
    return over > 0 ? EndLabels.lifted(places, to: range.upperBound, spacing: spacing) : places
  }

  private static func lifted(_ places: [Double], to limit: Double, spacing: Double) -> [Double] {
    var places = places
    var highest = limit
    for index in places.indices.reversed() {
      places[index] = min(places[index], highest)
      highest = places[index] - spacing
    }
    return places
  }
}

extension Tick {
  /// With a minus as printers set it.
  var shown: String { String(label.map { $0 == "-" ? "−" : $0 }) }
}
