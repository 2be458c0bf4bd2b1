import Charts

/// −ELBO by depth, a line for each activation with the range over seeds.
func depthLossChart(_ runs: [[String: String]]) -> LineChart {
  let series = activations(runs).map { name in
    let own = runs.filter { $0["activation"] == name }
    let depths = Set(own.map { number($0, "layers") }).sorted()
    let losses = depths.map { depth in
      own.filter { number($0, "layers") == depth }.map { min(number($0, "loss"), worst) }.sorted()
    }
    return LineChart.Series(
      name, points: zip(depths, losses).map { (x: $0, y: $1[$1.count / 2]) },
      band: zip(depths, losses).map { (x: $0, low: $1[0], high: $1[$1.count - 1]) }, markers: true)
  }
  return LineChart(
    title: "MNIST after ten epochs: median of three seeds, band from best to worst",
    xLabel: "hidden layers in the encoder, and as many in the decoder", yLabel: "test -ELBO, nats per image",
    series: series, xScale: .logarithmic)
}

/// The variance of each hidden layer's output in the deepest encoder, before training.
func depthVarianceChart(_ layers: [[String: String]]) -> LineChart {
  let deepest = layers.map { number($0, "layers") }.max()
  let shown = layers.filter { number($0, "layers") == deepest && $0["part"] == "encoder" }
  let series = activations(shown).map { name in
    LineChart.Series(
      name,
      points: shown.filter { $0["activation"] == name }
        .map { (x: number($0, "layer"), y: max(number($0, "variance_before"), 1e-3)) },
      markers: true)
  }
  return LineChart(
    title: "Variance through the deepest encoder, before training", xLabel: "hidden layer",
    yLabel: "variance over units and images", series: series, rules: [.init(.y, at: 1)], yScale: .logarithmic)
}
