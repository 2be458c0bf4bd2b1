import Charts

/// How runs went, as charts: the loss on training and validation images, and its two parts.
package enum RunCurves {
  /// Where the parts lie further apart than this, only a logarithmic axis shows how both move.
  private static let linearRatio = 12.0
  /// A huge first loss runs off the chart.
  private static let range = LineChart.Range.percentiles(0, 0.97)

  /// One run with both sets of images and its best epoch, or several with the validation images of each.
  ///
  /// - Parameter runs: at least one, a single one with or without a name; a run without validation images shows its training images.
  package static func figure(_ runs: [(name: String, metrics: [EpochMetrics])]) -> PanelRow {
    precondition(!runs.isEmpty, "a chart of no runs")
    return runs.count == 1 ? single(runs[0].name, runs[0].metrics) : overlay(runs)
  }

  private static func single(_ name: String, _ metrics: [EpochMetrics]) -> PanelRow {
    let best = best(metrics)
    var loss = LineChart(
      title: "Loss", xLabel: "epoch", yLabel: "nats per image",
      series: [
        series("validation", metrics, \.validationLoss, color: 0),
        series("training", metrics, { $0.trainLoss }, color: 0, dashed: true),
      ], yRange: range)
    if let best {
      loss.marks = [.init(x: Double(best.epoch), y: best.loss, label: text(best.loss), series: 0)]
      loss.rules = [.init(.x, at: Double(best.epoch))]
    }
    let parts = LineChart(
      title: "Its parts", xLabel: "epoch", yLabel: "nats per image",
      series: [
        series("reconstruction", metrics, \.validationReconstruction, color: 1, markers: true),
        series("KL divergence", metrics, \.validationKL, color: 2, markers: true),
        series("reconstruction, training", metrics, { $0.trainReconstruction }, color: 1, dashed: true),
        series("KL, training", metrics, { $0.trainKL }, color: 2, dashed: true),
      ], rules: best.map { [.init(.x, at: Double($0.epoch), label: "best epoch \($0.epoch)")] } ?? [],
      yScale: scale(of: [metrics]), yRange: range)
    let words = best.map { "least validation loss: \(text($0.loss)) nats in epoch \($0.epoch); " } ?? ""
    return PanelRow(
      title: name.isEmpty ? "Training" : "Training of \(name)",
      subtitle: "\(words)full lines: validation images, dashed: training images",
      panels: [named(loss), named(parts)])
  }

  private static func overlay(_ runs: [(name: String, metrics: [EpochMetrics])]) -> PanelRow {
    var loss = LineChart(title: "Loss", xLabel: "epoch", yLabel: "nats per image", series: [], yRange: range)
    var parts = LineChart(
      title: "Its parts: reconstruction, and KL divergence (dashed)", xLabel: "epoch",
      yLabel: "nats per image",
      series: [], yScale: scale(of: runs.map(\.metrics)), yRange: range)
    for (index, run) in runs.enumerated() {
      let hasValidation = run.metrics.contains { $0.validationLoss != nil }
      let name = hasValidation ? run.name : "\(run.name) (training)"
      loss.series.append(
        series(name, run.metrics, { $0.validationLoss ?? $0.trainLoss }, color: index, markers: true))
      parts.series += [
        series(
          name, run.metrics, { $0.validationReconstruction ?? $0.trainReconstruction }, color: index,
          markers: true),
        series(
          name, run.metrics, { $0.validationKL ?? $0.trainKL }, color: index, markers: true, dashed: true),
      ]
      if let best = best(run.metrics) {
        loss.marks.append(
          .init(x: Double(best.epoch), y: best.loss, label: text(best.loss), series: index))
      }
    }
    return PanelRow(
      title: "Training of \(runs.count) runs",
      subtitle: "validation images; rings: the epoch with the least loss of each", panels: [loss, parts])
  }

  /// Of the epochs with a validation loss, that with the least.
  private static func best(_ metrics: [EpochMetrics]) -> (epoch: Int, loss: Double)? {
    metrics.compactMap { row in row.validationLoss.map { (epoch: row.epoch, loss: $0) } }
      .filter { $0.loss.isFinite }.min { $0.loss < $1.loss }
  }

  private static func series(
    _ name: String, _ metrics: [EpochMetrics], _ value: (EpochMetrics) -> Double?, color: Int,
    markers: Bool = false, dashed: Bool = false
  ) -> LineChart.Series {
    LineChart.Series(
      name, points: metrics.compactMap { row in value(row).map { (Double(row.epoch), $0) } }, color: color,
      markers: markers, dashed: dashed)
  }

  /// Without the series that have no points, whose names would stand for nothing.
  private static func named(_ chart: LineChart) -> LineChart {
    var chart = chart
    if chart.series[0].points.isEmpty { chart.marks = [] }
    chart.series.removeAll { $0.points.isEmpty }
    return chart
  }

  private static func scale(of runs: [[EpochMetrics]]) -> LineChart.Scale {
    let ends = runs.compactMap(\.last).map {
      ($0.validationReconstruction ?? $0.trainReconstruction, $0.validationKL ?? $0.trainKL)
    }
    let isWide = ends.contains { reconstruction, kl in
      kl > 0 && reconstruction > 0
        && max(reconstruction / kl, kl / reconstruction) > linearRatio
    }
    return isWide ? .logarithmic : .linear
  }

  /// Two digits after the point.
  private static func text(_ value: Double) -> String {
    guard abs(value) < 1e9 else { return "\(value)" }
    let hundredths = Int((abs(value) * 100).rounded())
    let digits = hundredths % 100
    return "\(value < 0 && hundredths > 0 ? "−" : "")\(hundredths / 100).\(digits < 10 ? "0" : "")\(digits)"
  }
}
