/// Draws a chart, layer by layer, into a raster.
struct ChartDrawing {
  private(set) var raster: Raster
  private let chart: LineChart
  private let layout: ChartLayout

  private static let gridColor = Color(rgb: 0xE6E6E6)
  private static let axisColor = Color(rgb: 0x8C8C8C)
  private static let textColor = Color(rgb: 0x4A4A4A)
  private static let titleColor = Color(rgb: 0x1A1A1A)
  private static let halfWidth = 1.25
  private static let sideRoom = 5

  init(_ chart: LineChart, width: Int, height: Int) {
    self.chart = chart
    layout = ChartLayout(chart, width: width, height: height)
    raster = Raster(width: width, height: height, channels: 3, fill: .white)
  }

  /// Grid lines, axes and the labels of their marks.
  mutating func drawFrame() {
    for tick in layout.yTicks {
      let y = layout.top + pixel(y(tick.value), layout.height)
      raster.fill(x: layout.left, y: y, width: layout.width, height: 1, color: ChartDrawing.gridColor)
      let label = layout.left - ChartLayout.gap - ChartLayout.textWidth(tick.label)
      text(tick.label, x: label, y: y - ChartLayout.textHeight / 2)
    }
    for tick in layout.xTicks {
      let x = layout.left + pixel(x(tick.value), layout.width)
      raster.fill(x: x, y: layout.top, width: 1, height: layout.height, color: ChartDrawing.gridColor)
      raster.fill(x: x, y: layout.bottom, width: 1, height: 5, color: ChartDrawing.axisColor)
      let half = ChartLayout.textWidth(tick.label) / 2
      text(tick.label, x: min(x - half, raster.width - 2 * half - 4), y: layout.bottom + ChartLayout.gap)
    }
    raster.fill(
      x: layout.left - 1, y: layout.top, width: 1, height: layout.height, color: ChartDrawing.axisColor)
    raster.fill(
      x: layout.left - 1, y: layout.bottom, width: layout.width + 1, height: 1, color: ChartDrawing.axisColor)
  }

  mutating func drawBands() {
    for (index, series) in chart.series.enumerated() where !series.band.isEmpty {
      var mask = ChartMask(width: layout.width, height: layout.height)
      for (left, right) in zip(series.band, series.band.dropFirst()) {
        guard isShown(left), isShown(right) else { continue }
        let (start, end) = (x(left.x), x(right.x))
        // Half open, so that the column that two pieces share is drawn by one.
        let first = Int(min(max(start.rounded(), 0), Double(layout.width)))
        for column in first..<max(Int(min(max(end.rounded(), 0), Double(layout.width))), first) {
          let part = end > start ? min(max((Double(column) + 0.5 - start) / (end - start), 0), 1) : 0
          mask.addColumn(
            column, from: y(left.high) + (y(right.high) - y(left.high)) * part,
            to: y(left.low) + (y(right.low) - y(left.low)) * part)
        }
      }
      mask.blend(
        into: &raster, x: layout.left, y: layout.top, color: chart.color(index), opacity: 46)
    }
  }

  mutating func drawRules() {
    for rule in chart.rules where isInside(rule) {
      var mask = ChartMask(width: layout.width, height: layout.height)
      let isVertical = rule.axis == .x
      let place = isVertical ? x(rule.value) : y(rule.value)
      for start in stride(from: 0, to: Double(isVertical ? layout.height : layout.width), by: 9) {
        let ends = (start + 1, start + 5)
        mask.addLine(
          from: isVertical ? (place, ends.0) : (ends.0, place),
          to: isVertical ? (place, ends.1) : (ends.1, place), halfWidth: 0.6)
      }
      mask.blend(into: &raster, x: layout.left, y: layout.top, color: ChartDrawing.textColor)
    }
  }

  /// On a pale plate, at the place that hides the least of the lines and of the labels before it.
  mutating func drawRuleLabels() {
    for rule in chart.rules where isInside(rule) && !rule.label.isEmpty {
      let (width, height) = (ChartLayout.textWidth(rule.label) + 8, ChartLayout.textHeight + 8)
      var best: (place: (x: Int, y: Int), hidden: Int)?
      for place in labelPlaces(rule, width: width, height: height) {
        let hidden = hiddenPixels(place, width: width, height: height)
        if hidden < best?.hidden ?? .max { best = (place, hidden) }
      }
      guard let place = best?.place else { continue }
      for offset in 0..<width * height {
        raster.blend(x: place.x + offset % width, y: place.y + offset / width, color: .white, coverage: 200)
      }
      text(rule.label, x: place.x + 4, y: place.y + 4)
    }
  }

  /// How many pixels of a rectangle hold more than the background and its grid.
  private func hiddenPixels(_ place: (x: Int, y: Int), width: Int, height: Int) -> Int {
    var count = 0
    for y in max(place.y, 0)..<min(place.y + height, raster.height) {
      for x in max(place.x, 0)..<min(place.x + width, raster.width) where raster[x, y].luma < 200 {
        count += 1
      }
    }
    return count
  }

  /// Corners of the plate of a label beside its line, the best first.
  private func labelPlaces(_ rule: LineChart.Rule, width: Int, height: Int) -> [(x: Int, y: Int)] {
    if rule.axis == .x {
      let line = layout.left + pixel(x(rule.value), layout.width)
      let sides = [line + 4, line - 4 - width].filter { $0 >= layout.left && $0 + width <= layout.right }
      let heights = (0..<4).map { layout.top + 4 + $0 * height }
      let places = heights.flatMap { y in sides.map { (x: $0, y: y) } }
      return places.isEmpty ? [(layout.left, layout.top + 4)] : places
    }
    let line = layout.top + pixel(y(rule.value), layout.height)
    let heights = [line - 4 - height, line + 4].filter { $0 >= layout.top && $0 + height <= layout.bottom }
    let sides = stride(from: layout.right - 4 - width, through: layout.left + 4, by: -16)
    return sides.flatMap { x in (heights.isEmpty ? [line + 4] : heights).map { (x: x, y: $0) } }
  }

  mutating func drawLines() {
    // The first series is drawn last: it is the one that the chart is about.
    for index in chart.series.indices.reversed() {
      let series = chart.series[index]
      // Wider than the plot, so that dots on its sides stay round.
      let side = ChartDrawing.sideRoom
      var mask = ChartMask(width: layout.width + 2 * side, height: layout.height)
      for run in runs(series) {
        if run.count == 1 || series.markers {
          for point in run { mask.addDot(point, radius: 3.5) }
        }
        if isDashed(index) {
          addDashes(run, to: &mask)
        } else {
          for (start, end) in zip(run, run.dropFirst()) {
            mask.addLine(from: start, to: end, halfWidth: ChartDrawing.halfWidth)
          }
        }
        addArrows(run, to: &mask)
      }
      mask.blend(into: &raster, x: layout.left - side, y: layout.top, color: chart.color(index))
    }
  }

  mutating func drawTitles() {
    let line = ChartLayout.textHeight
    if !chart.title.isEmpty {
      let title = ChartLayout.shorten(chart.title, to: raster.width - 2 * ChartLayout.border)
      text(title, x: ChartLayout.border, y: ChartLayout.border, color: ChartDrawing.titleColor)
    }
    if !chart.yLabel.isEmpty {
      text(chart.yLabel, x: ChartLayout.border, y: layout.top - 14 - line)
    }
    if !chart.xLabel.isEmpty {
      let x = layout.left + (layout.width - ChartLayout.textWidth(chart.xLabel)) / 2
      text(chart.xLabel, x: x, y: layout.bottom + ChartLayout.gap + line + 12)
    }
  }

  mutating func drawLegend() {
    let legend = layout.legend
    var x = legend.isRow ? layout.right - legend.width : layout.right + 18
    var y = legend.isRow ? layout.top - 14 - ChartLayout.textHeight : layout.top
    for (index, name) in legend.entries {
      if index >= 0 { drawSwatch(index, x: x, y: y) }
      let inset = ChartLegend.swatch + ChartLegend.swatchGap
      text(name, x: x + inset, y: y)
      if legend.isRow {
        x += inset + ChartLayout.textWidth(name) + ChartLegend.entryGap
      } else {
        y += ChartLegend.lineHeight
      }
    }
  }

  private mutating func drawSwatch(_ index: Int, x: Int, y: Int) {
    let (width, height) = (ChartLegend.swatch, ChartLayout.textHeight)
    var mask = ChartMask(width: width, height: height)
    let line = [(x: 2.0, y: Double(height) / 2), (x: Double(width) - 2, y: Double(height) / 2)]
    if isDashed(index) {
      addDashes(line, to: &mask)
    } else {
      mask.addLine(from: line[0], to: line[1], halfWidth: ChartDrawing.halfWidth)
    }
    if chart.series[index].markers { mask.addDot((Double(width) / 2, Double(height) / 2), radius: 3.5) }
    mask.blend(into: &raster, x: x, y: y, color: chart.color(index))
  }
}

// MARK: - Geometry

extension ChartDrawing {
  /// Pixels from the left of the plot. The ends of the range lie on the centres of the outermost pixels.
  private func x(_ value: Double) -> Double {
    0.5 + clamp(layout.xScale.fraction(value) * Double(layout.width - 1))
  }

  /// Pixels from the top of the plot.
  private func y(_ value: Double) -> Double {
    0.5 + clamp((1 - layout.yScale.fraction(value)) * Double(layout.height - 1))
  }

  /// A place far outside the plot looks like any other there, and costs arithmetic that overflows.
  private func clamp(_ place: Double) -> Double { min(max(place, -1e5), 1e5) }

  private func pixel(_ place: Double, _ limit: Int) -> Int { min(max(Int(place), 0), limit - 1) }

  private func isInside(_ rule: LineChart.Rule) -> Bool {
    let scale = rule.axis == .x ? layout.xScale : layout.yScale
    return scale.shows(rule.value) && (-1e-9...1 + 1e-9).contains(scale.fraction(rule.value))
  }

  private func isShown(_ band: (x: Double, low: Double, high: Double)) -> Bool {
    layout.xScale.shows(band.x) && layout.yScale.shows(band.low) && layout.yScale.shows(band.high)
  }

  private func isDashed(_ index: Int) -> Bool {
    let series = chart.series[index]
    return series.dashed ?? (series.color == nil && index >= LineChart.palette.count)
  }

  /// The unbroken stretches of a line.
  private func runs(_ series: LineChart.Series) -> [[ChartMask.Point]] {
    var runs: [[ChartMask.Point]] = [[]]
    for point in series.points {
      if layout.xScale.shows(point.x) && layout.yScale.shows(point.y) {
        runs[runs.count - 1].append((x(point.x) + Double(ChartDrawing.sideRoom), y(point.y)))
      } else {
        runs.append([])
      }
    }
    return runs.filter { !$0.isEmpty }
  }

  /// The pattern runs on over the corners of the line.
  private func addDashes(_ run: [ChartMask.Point], to mask: inout ChartMask) {
    let (dash, period) = (7.0, 13.0)
    var travelled = 0.0
    for (start, end) in zip(run, run.dropFirst()) {
      let (dx, dy) = (end.x - start.x, end.y - start.y)
      let length = (dx * dx + dy * dy).squareRoot()
      guard length > 0 else { continue }
      var at = -travelled.truncatingRemainder(dividingBy: period)
      while at < length {
        let (first, last) = (max(at, 0) / length, min(at + dash, length) / length)
        if last > first {
          mask.addLine(
            from: (start.x + dx * first, start.y + dy * first),
            to: (start.x + dx * last, start.y + dy * last), halfWidth: ChartDrawing.halfWidth - 0.1)
        }
        at += period
      }
      travelled += length
    }
  }

  /// An arrow head at the edge of the plot under or over every point that lies outside.
  private func addArrows(_ run: [ChartMask.Point], to mask: inout ChartMask) {
    for point in run where point.y < -1 || point.y > Double(layout.height) + 1 {
      let tip = point.y < 0 ? 1.5 : Double(layout.height) - 1.5
      let base = point.y < 0 ? tip + 7 : tip - 7
      for offset in [-3.5, -1.5, 0, 1.5, 3.5] {
        mask.addLine(from: (point.x, tip), to: (point.x + offset, base), halfWidth: 0.8)
      }
    }
  }

  private mutating func text(
    _ text: String, x: Int, y: Int, color: Color = ChartDrawing.textColor
  ) {
    raster.drawText(text, x: x, y: y, color: color, scale: ChartLayout.textScale)
  }
}
