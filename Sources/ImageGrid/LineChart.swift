/// A chart of one or more lines over a shared pair of axes.
///
/// Points that are not finite, or not positive on a logarithmic axis, leave a gap in their line.
public struct LineChart: Sendable {
  /// One line with its name in the legend.
  public struct Series: Sendable {
    /// An empty name stays out of the legend.
    public var name: String
    /// In drawing order; the line joins neighbours.
    public var points: [(x: Double, y: Double)]
    /// A filled band, such as a deviation, behind the line; in the order of x.
    public var band: [(x: Double, low: Double, high: Double)]
    /// nil takes the next colour of `LineChart.palette`.
    public var color: Color?
    /// A dot at every point. A point without neighbours has one always.
    public var markers: Bool
    /// nil dashes only the series beyond the palette, which share a colour with an earlier one.
    public var dashed: Bool?

    public init(
      _ name: String, points: [(x: Double, y: Double)], band: [(x: Double, low: Double, high: Double)] = [],
      color: Color? = nil, markers: Bool = false, dashed: Bool? = nil
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

  /// A thin dashed line across the plot, such as the best epoch or a published figure.
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

  public enum Scale: Sendable {
    case linear
    case logarithmic
  }

  /// What part of the values the vertical axis shows.
  public enum Range: Sendable, Equatable {
    case all
    /// From one fraction of the sorted values to another, both in 0 ... 1: `.percentiles(0, 0.95)` keeps a huge
    /// first loss from flattening the rest. Lines run off the plot, with an arrow head where they leave it.
    case percentiles(Double, Double)
    /// From the first to the second value.
    case fixed(Double, Double)
  }

  public var title: String
  public var xLabel: String
  public var yLabel: String
  public var series: [Series]
  public var rules: [Rule]
  public var xScale: Scale
  public var yScale: Scale
  public var yRange: Range

  public init(
    title: String = "", xLabel: String = "", yLabel: String = "", series: [Series], rules: [Rule] = [],
    xScale: Scale = .linear, yScale: Scale = .linear, yRange: Range = .all
  ) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.series = series
    self.rules = rules
    self.xScale = xScale
    self.yScale = yScale
    self.yRange = yRange
  }

  /// Colours that stay apart for colour-blind readers too (Okabe and Ito 2008, without the yellow, which is
  /// too pale on white).
  public static let palette = [
    Color(rgb: 0x0072B2), Color(rgb: 0xD55E00), Color(rgb: 0x009E73), Color(rgb: 0xCC79A7),
    Color(rgb: 0xE69F00), Color(rgb: 0x56B4E9), Color(rgb: 0x555555),
  ]

  /// The colour in which the series at `index` is drawn.
  public func color(_ index: Int) -> Color {
    series[index].color ?? LineChart.palette[index % LineChart.palette.count]
  }

  /// Draws the chart as an RGB raster.
  ///
  /// - Parameters:
  ///   - width: at least 240 pixels.
  ///   - height: at least 160 pixels.
  public func raster(width: Int = 900, height: Int = 560) -> Raster {
    precondition(width >= 240 && height >= 160, "a chart of \(width) x \(height) has no room; 240 x 160 has")
    var drawing = ChartDrawing(self, width: width, height: height)
    drawing.drawFrame()
    drawing.drawBands()
    drawing.drawRules()
    drawing.drawLines()
    drawing.drawRuleLabels()
    drawing.drawTitles()
    drawing.drawLegend()
    return drawing.raster
  }
}
