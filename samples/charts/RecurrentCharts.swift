import Charts

/// The mean image costs 206; over many steps a network can do worse still. A run that diverged lies here, at the top.
private let highest = 270.0

/// −ELBO by the number of steps that an image is read in, a line for each activation with the range over seeds.
func recurrentLossChart(_ runs: [[String: String]]) -> LineChart {
  let series = activations(runs).map { name in
    let own = runs.filter { $0["activation"] == name }
    let counts = Set(own.map { number($0, "steps") }).sorted()
    let losses = counts.map { steps in
      own.filter { number($0, "steps") == steps }.map { min(number($0, "loss"), highest) }.sorted()
    }
    return LineChart.Series(
      name, points: zip(counts, losses).map { (x: $0, y: $1[$1.count / 2]) },
      band: zip(counts, losses).map { (x: $0, low: $1[0], high: $1[$1.count - 1]) }, markers: true)
  }
  return LineChart(
    title: "Recurrent networks on MNIST: median over seeds, band from best to worst",
    xLabel: "steps of an image, each a part of a row", yLabel: "test -ELBO, nats per image", series: series,
    xScale: .logarithmic)
}

/// The variance of a network's states at every step of the longest sequence.
///
/// - Parameters:
///   - part: `encoder` or `decoder`.
///   - column: of the table: `variance_before` or `variance_after`.
func recurrentVarianceChart(_ steps: [[String: String]], part: String, column: String) -> LineChart {
  let longest = steps.map { number($0, "steps") }.max()
  let shown = steps.filter { number($0, "steps") == longest && $0["part"] == part }
  let series = activations(shown).map { name in
    LineChart.Series(
      name,
      points: shown.filter { $0["activation"] == name }
        .map { (x: number($0, "step"), y: max(number($0, column), 1e-3)) })
  }
  return LineChart(
    title: "States of the \(part) \(column == "variance_before" ? "before" : "after") training",
    xLabel: "step", yLabel: "variance over units and images", series: series, rules: [.init(.y, at: 1)],
    yScale: .logarithmic)
}
