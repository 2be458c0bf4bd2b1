/// Where the parts of a chart lie, in pixels of the raster.
struct ChartLayout {
  /// The plot inside its axes.
  let left: Int
  let top: Int
  let width: Int
  let height: Int
  let xScale: ChartScale
  let yScale: ChartScale
  let xTicks: [Tick]
  let yTicks: [Tick]
  let legend: ChartLegend

  static let textScale = 2
  static let textHeight = Raster.textHeight(scale: textScale)
  /// White space at the edges of the raster.
  static let border = 22
  /// Between an axis and its labels.
  static let gap = 9

  var right: Int { left + width }
  var bottom: Int { top + height }

  static func textWidth(_ text: String) -> Int { Raster.textWidth(text, scale: textScale) }

  init(_ chart: LineChart, width: Int, height: Int) {
    let xs = chart.series.flatMap { $0.points.map(\.x) + $0.band.map(\.x) }
    xScale = ChartScale(xs, isLogarithmic: chart.xScale == .logarithmic, margin: 0)
    yScale = ChartLayout.yScale(chart)

    legend = ChartLegend(chart, width: width, height: height)
    let line = ChartLayout.textHeight
    var top = ChartLayout.border
    if !chart.title.isEmpty { top += line + 18 }
    if !chart.yLabel.isEmpty || legend.isRow { top += line + 14 }
    self.top = top
    let below = line + ChartLayout.gap + (chart.xLabel.isEmpty ? 0 : line + 12)
    self.height = max(height - top - below - ChartLayout.border + 4, 16)

    yTicks = yScale.ticks(limit: max(min(self.height / 40, 10), 2))
    let labels = yTicks.map { ChartLayout.textWidth($0.label) }.max() ?? 0
    left = ChartLayout.border + labels + ChartLayout.gap
    let column = legend.isRow || legend.entries.isEmpty ? 0 : legend.width + 18
    self.width = max(width - left - column - ChartLayout.border - 4, 16)

    let isWhole = xs.allSatisfy { !$0.isFinite || $0 == $0.rounded() } && !xs.isEmpty
    xTicks = ChartLayout.xTicks(xScale, width: self.width, isWhole: isWhole)
  }

  /// As much of the text as fits, with dots where it is cut.
  static func shorten(_ text: String, to width: Int) -> String {
    var kept = text
    while textWidth(kept) > width, kept.count > 2 {
      kept = String(kept.dropLast(kept.last == "…" ? 2 : 1)) + "…"
    }
    return kept
  }

  /// As many marks as leave a letter or two between their labels.
  private static func xTicks(_ scale: ChartScale, width: Int, isWhole: Bool) -> [Tick] {
    for limit in stride(from: 11, to: 1, by: -1) {
      let ticks = scale.ticks(limit: limit, isWhole: isWhole)
      let places = ticks.map { (scale.fraction($0.value) * Double(width), Double(textWidth($0.label))) }
      let isClear = zip(places, places.dropFirst()).allSatisfy { left, right in
        right.0 - right.1 / 2 - (left.0 + left.1 / 2) >= 26
      }
      if isClear { return ticks }
    }
    return scale.ticks(limit: 1, isWhole: isWhole)
  }

  private static func yScale(_ chart: LineChart) -> ChartScale {
    let isLogarithmic = chart.yScale == .logarithmic
    var values = chart.series.flatMap { $0.points.map(\.y) }
    let bands = chart.series.flatMap { $0.band.flatMap { [$0.low, $0.high] } }
    let rules = chart.rules.filter { $0.axis == .y }.map(\.value)
    switch chart.yRange {
    case .all: values += bands + rules
    case .percentiles(let low, let high):
      let sorted = values.filter { $0.isFinite && (!isLogarithmic || $0 > 0) }.sorted()
      values = sorted.isEmpty ? [] : [percentile(sorted, low), percentile(sorted, high)] + rules
    case .fixed(let low, let high):
      return ChartScale([low, high], isLogarithmic: isLogarithmic, margin: 0)
    }
    return ChartScale(values, isLogarithmic: isLogarithmic, margin: 0.05)
  }

  private static func percentile(_ sorted: [Double], _ fraction: Double) -> Double {
    let place = min(max(fraction, 0), 1) * Double(sorted.count - 1)
    let below = Int(place)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
  }
}

/// The names of the series: in a row over the plot where they fit, else in a column at its right, never on it.
struct ChartLegend {
  /// Index of the series and its name, shortened where it is long.
  let entries: [(index: Int, name: String)]
  let isRow: Bool
  /// Of the row or the column.
  let width: Int

  static let swatch = 26
  /// From a swatch to its name.
  static let swatchGap = 8
  static let entryGap = 24
  static let lineHeight = 24

  init(_ chart: LineChart, width: Int, height: Int) {
    let named = chart.series.indices.filter { !chart.series[$0].name.isEmpty }
    let inset = ChartLegend.swatch + ChartLegend.swatchGap
    let row = named.reduce(-ChartLegend.entryGap) {
      $0 + inset + ChartLayout.textWidth(chart.series[$1].name) + ChartLegend.entryGap
    }
    let label = chart.yLabel.isEmpty ? 0 : ChartLayout.textWidth(chart.yLabel) + 40
    isRow = !named.isEmpty && row <= width - 2 * ChartLayout.border - label
    if isRow {
      entries = named.map { ($0, chart.series[$0].name) }
      self.width = row
      return
    }
    let rows = max((height - 140) / ChartLegend.lineHeight, 2)
    var entries = named.prefix(named.count > rows ? rows - 1 : rows).map { index in
      (index: index, name: ChartLayout.shorten(chart.series[index].name, to: width / 3 - inset))
    }
    if named.count > rows { entries.append((-1, "+\(named.count - rows + 1) more")) }
    self.entries = entries
    self.width = inset + (entries.map { ChartLayout.textWidth($0.name) }.max() ?? 0)
  }
}
