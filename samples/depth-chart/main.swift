// Draws the results of depth.sh: −ELBO by depth, a line for each activation, with the range over seeds.
//
//   DepthChart depth.csv picture.png
import Files
import ImageGrid

struct Run {
  let activation: String
  let layers: Double
  let loss: Double
}

/// −ELBO above which a run says nothing about digits any more; the axis ends there.
let worst = 160.0

func read(_ path: String) throws -> [Run] {
  let text = try MappedFile.withBytes(of: path) { String(decoding: $0, as: UTF8.self) }
  return text.split(separator: "\n").dropFirst().compactMap { line in
    let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard fields.count == 6, let layers = Double(fields[1]) else { return nil }
    return Run(activation: fields[0], layers: layers, loss: Double(fields[4]) ?? .infinity)
  }
}

func series(_ name: String, _ runs: [Run]) -> LineChart.Series {
  let depths = Set(runs.map(\.layers)).sorted()
  let losses = depths.map { depth in runs.filter { $0.layers == depth }.map { min($0.loss, worst) }.sorted() }
  return LineChart.Series(
    name, points: zip(depths, losses).map { (x: $0, y: $1[$1.count / 2]) },
    band: zip(depths, losses).map { (x: $0, low: $1[0], high: $1[$1.count - 1]) }, markers: true)
}

let arguments = CommandLine.arguments
guard arguments.count == 3 else { fatalError("usage: DepthChart depth.csv picture.png") }
let runs = try read(arguments[1])
let names = runs.map(\.activation).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
let chart = LineChart(
  title: "MNIST after 10 epochs: median of 3 seeds, band from best to worst", xLabel: "hidden layers a side",
  yLabel: "test -ELBO, nats per image",
  series: names.map { name in series(name, runs.filter { $0.activation == name }) },
  xScale: .logarithmic)
try PNG.write(chart.raster(width: 1000, height: 640), to: arguments[2])
