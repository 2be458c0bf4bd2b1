import Files

/// Where the parts of a line chart lie.
struct LinePlotLayout {
  /// The whole chart.
  let frame: Frame
  /// The plot inside its axes.
  let plot: Frame
  let xScale: ChartScale
  let yScale: ChartScale
  let xTicks: [Tick]
  let yTicks: [Tick]
  /// Where the names at the lines' ends begin, and how wide they may be.
  let labels: (x: Double, width: Double)

  /// White space at the edges.
  static let border = 24.0
  static let tickSize = 11.0
  static let labelSize = 12.0
  static let titleSize = 15.0

  init(_ chart: LineChart, canvas: Canvas, frame: Frame) {
    self.frame = frame
    let xs = chart.series.flatMap { $0.points.map(\.x) + $0.band.map(\.x) }
    let xScale = ChartScale(xs, isLogarithmic: chart.xScale == .logarithmic, margin: 0)
    yScale = LinePlotLayout.yScale(chart)
    var top = frame.y + LinePlotLayout.border
    if !chart.title.isEmpty { top += 20 }
    if !chart.subtitle.isEmpty { top += 18 }
    if !chart.yLabel.isEmpty { top += 20 }
    let below = LinePlotLayout.border + 18 + (chart.xLabel.isEmpty ? 0 : 20)
    let height = max(frame.bottom - top - below, 16)
    yTicks = yScale.ticks(limit: max(min(Int(height / 44), 9), 2))
    let widest = yTicks.map { canvas.textWidth($0.label, size: LinePlotLayout.tickSize) }.max() ?? 0
    let left = frame.x + LinePlotLayout.border + widest + 8
    let names = chart.series.map { canvas.textWidth($0.name, size: LinePlotLayout.labelSize) }.max() ?? 0
    let room = names > 0 ? min(names + 12, frame.width / 3) : 0
    let width = max(frame.right - LinePlotLayout.border - room - left, 16)
    plot = Frame(x: left, y: top, width: width, height: height)
    labels = (left + width + 10, max(room - 10, 0))
    self.xScale = xScale
    let isWhole = xs.allSatisfy { !$0.isFinite || $0 == $0.rounded() } && !xs.isEmpty
    xTicks = LinePlotLayout.xTicks(
      xScale, width: width, whole: isWhole ? Set(xs.filter(xScale.shows)).sorted() : nil
    ) {
      canvas.textWidth($0, size: LinePlotLayout.tickSize)
    }
  }

  /// As many marks as leave some room between their labels. Where all values are whole numbers, such as epochs, the
  /// first and the last are among them, and on a logarithmic axis each value where they are few.
  ///
  /// - Parameter whole: the values in their order; nil where they are not all whole.
  private static func xTicks(
    _ scale: ChartScale, width: Double, whole: [Double]?, measure: (String) -> Double
  ) -> [Tick] {
    func isClear(_ left: Tick, _ right: Tick) -> Bool {
      let distance = (scale.fraction(right.value) - scale.fraction(left.value)) * width
      return distance - (measure(left.label) + measure(right.label)) / 2 >= 16
    }
    let isWhole = whole != nil
    if scale.isLogarithmic, let whole, (2...9).contains(whole.count), scale.high < 1e6 {
      let ticks = whole.map { Tick(value: $0, label: String(Int($0))) }
      if zip(ticks, ticks.dropFirst()).allSatisfy(isClear) { return ticks }
    }
    for limit in stride(from: 9, to: 1, by: -1) {
      var ticks = scale.ticks(limit: limit, isWhole: isWhole)
      if isWhole && !scale.isLogarithmic && scale.high < 1e6 && scale.low == scale.low.rounded()
        && scale.high == scale.high.rounded()
      {
        let ends = [scale.low, scale.high].map { Tick(value: $0, label: String(Int($0))) }
        ticks = [ends[0]] + ticks.filter { isClear(ends[0], $0) && isClear($0, ends[1]) } + [ends[1]]
      }
      if zip(ticks, ticks.dropFirst()).allSatisfy(isClear) { return ticks }
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

  func x(_ value: Double) -> Double { plot.x + clamped(xScale.fraction(value) * plot.width) }

  func y(_ value: Double) -> Double { plot.y + clamped((1 - yScale.fraction(value)) * plot.height) }

  /// A place far outside the plot looks like any other there; Cairo counts in 24 bits.
  private func clamped(_ place: Double) -> Double { min(max(place, -1e5), 1e5) }

  func isShown(_ x: Double, _ y: Double) -> Bool { xScale.shows(x) && yScale.shows(y) }
}
