import ImageGrid

/// A chart of one or more lines over a shared pair of axes.
///
/// Points that are not finite, or not positive on a logarithmic axis, leave a gap in their line. A line is named at its
/// end, and told from others by colour, dashes and markers.
public struct LineChart: Figure, Sendable {
  /// One line with its name.
  public struct Series: Sendable {
    /// Written at the end of the line; an empty one is not.
    public var name: String
    /// In drawing order; the line joins neighbours.
    public var points: [(x: Double, y: Double)]
    /// A filled band, such as a deviation, behind the line; in the order of x.
    public var band: [(x: Double, low: Double, high: Double)]
    /// Which of `Palette.lines`; nil: that of the series' place in the chart.
    public var color: Int?
    /// A sign at points, as many as there is room for. A point without neighbours has one always.
    public var markers: Bool
    /// nil dashes only the series beyond the palette, which share a colour with an earlier one.
    public var dashed: Bool?

    public init(
      _ name: String, points: [(x: Double, y: Double)], band: [(x: Double, low: Double, high: Double)] = [],
      color: Int? = nil, markers: Bool = false, dashed: Bool? = nil
    ) {
      self.name = name
      self.points = points
      self.band = band
      self.color = color
      self.markers = markers
      self.dashed = dashed
    }

    /// A line of values counted from `first`, such as one per epoch.
    public init(_ name: String, y: [Double], first: Int = 1, markers: Bool = false) {
      self.init(
        name, points: y.enumerated().map { (Double(first + $0.offset), $0.element) }, markers: markers)
    }
  }

  /// A thin line across the plot, such as a published figure.
  public struct Rule: Sendable {
    public enum Axis: Sendable { case x, y }
    /// The axis on which `value` lies: a rule on x is vertical.
    public var axis: Axis
    public var value: Double
    public var label: String

    public init(_ axis: Axis, at value: Double, label: String = "") {
      self.axis = axis
      self.value = value
      self.label = label
    }
  }

  /// A ring around one point of a series, with a label.
  public struct Mark: Sendable {
    public var x: Double
    public var y: Double
    public var label: String
    /// Index into `series`, whose colour it has.
    public var series: Int

    public init(x: Double, y: Double, label: String, series: Int) {
      (self.x, self.y, self.label, self.series) = (x, y, label, series)
    }
  }

  public enum Scale: Sendable {
    case linear
    case logarithmic
  }

  /// What part of the values the vertical axis shows.
  public enum Range: Sendable, Equatable {
    case all
    /// From one fraction of the sorted values to another, both in 0 ... 1: `.percentiles(0, 0.95)` keeps a huge
    /// first loss from flattening the rest. Lines run off the plot.
    case percentiles(Double, Double)
    /// From the first to the second value.
    case fixed(Double, Double)
  }

  public var title: String
  /// Under the title, smaller: what the lines' styles mean, for instance.
  public var subtitle: String
  public var xLabel: String
  public var yLabel: String
  public var series: [Series]
  public var rules: [Rule]
  public var marks: [Mark]
  public var xScale: Scale
  public var yScale: Scale
  public var yRange: Range
  /// At least 240 x 160.
  public var width = 900.0
  public var height = 540.0

  public init(
    title: String = "", subtitle: String = "", xLabel: String = "", yLabel: String = "", series: [Series],
    rules: [Rule] = [], marks: [Mark] = [], xScale: Scale = .linear, yScale: Scale = .linear,
    yRange: Range = .all
  ) {
    self.title = title
    self.subtitle = subtitle
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.series = series
    self.rules = rules
    self.marks = marks
    self.xScale = xScale
    self.yScale = yScale
    self.yRange = yRange
  }

  /// Which of `Palette.lines` the series at `index` has, counted on beyond the last.
  func colorIndex(_ index: Int) -> Int { series[index].color ?? index }

  func color(_ index: Int) -> Color { Palette.lines[colorIndex(index) % Palette.lines.count] }

  func isDashed(_ index: Int) -> Bool {
    series[index].dashed ?? (colorIndex(index) / Palette.lines.count % 2 == 1)
  }

  public func draw(on canvas: Canvas) {
    precondition(width >= 240 && height >= 160, "a chart of \(width) x \(height) has no room; 240 x 160 has")
    draw(on: canvas, in: Frame(x: 0, y: 0, width: width, height: height))
  }

  /// In a part of a canvas.
  func draw(on canvas: Canvas, in frame: Frame) {
    let plot = LinePlot(self, canvas: canvas, layout: LinePlotLayout(self, canvas: canvas, frame: frame))
    plot.drawTitles()
    plot.drawAxes()
    plot.drawBands()
    plot.drawRules()
    plot.drawLines()
    plot.drawEndLabels()
    plot.drawMarks()
  }
}

/// A rectangle of a canvas.
struct Frame {
  var x: Double
  var y: Double
  var width: Double
  var height: Double

  var right: Double { x + width }
  var bottom: Double { y + height }
}

/// Charts side by side under one title.
public struct PanelRow: Figure, Sendable {
  public var title: String
  public var subtitle: String
  public var panels: [LineChart]
  public var width = 1120.0
  public var height = 470.0

  public init(title: String, subtitle: String = "", panels: [LineChart]) {
    (self.title, self.subtitle, self.panels) = (title, subtitle, panels)
  }

  public func draw(on canvas: Canvas) {
    let border = LinePlotLayout.border
    canvas.text(
      canvas.shortened(title, to: width - 2 * border, size: 17, isBold: true), x: border, y: 34, size: 17,
      isBold: true)
    canvas.text(
      canvas.shortened(subtitle, to: width - 2 * border, size: 12), x: border, y: 54, size: 12, Canvas.quiet)
    let top = subtitle.isEmpty ? 44.0 : 62.0
    let part = width / Double(max(panels.count, 1))
    for (index, panel) in panels.enumerated() {
      panel.draw(
        on: canvas, in: Frame(x: Double(index) * part, y: top, width: part, height: height - top))
    }
  }
}
