// Draws the results of depth.sh: −ELBO by depth, a line for each activation with the range over seeds; and the
// variance of each hidden layer's output in the deepest encoder, before training.
//
//     DepthChart FOLDER PICTURES       reads FOLDER/runs.csv and FOLDER/layers.csv

import Files
import Foundation
import ImageGrid

/// −ELBO of the mean image is 206: a run above this, or one that diverged, has learned nothing; the axis ends here.
let worst = 210.0

/// The rows of a table whose fields hold no quotes, without the first, by the names in the first.
func rows(_ path: String) throws -> [[String: String]] {
  let text = try MappedFile.withBytes(of: path) { String(decoding: $0, as: UTF8.self) }
  let lines = text.split(separator: "\n").map {
    $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }
  guard let names = lines.first else { return [] }
  return lines.dropFirst().map { Dictionary(zip(names, $0), uniquingKeysWith: { first, _ in first }) }
}

func number(_ row: [String: String], _ name: String) -> Double { row[name].flatMap(Double.init) ?? .infinity }

/// In the order in which they come.
func activations(_ rows: [[String: String]]) -> [String] {
  rows.compactMap { $0["activation"] }.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
}

func lossChart(_ runs: [[String: String]]) -> LineChart {
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

func varianceChart(_ layers: [[String: String]]) -> LineChart {
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

let arguments = CommandLine.arguments
guard arguments.count == 3 else {
  let usage = "DepthChart: give the folder of the tables and that of the pictures\n"
  FileHandle.standardError.write(Data(usage.utf8))
  exit(64)
}
do {
  let (folder, pictures) = (arguments[1], arguments[2])
  try PNG.write(
    lossChart(rows("\(folder)/runs.csv")).raster(width: 1000, height: 640), to: "\(pictures)/depth.png")
  try PNG.write(
    varianceChart(rows("\(folder)/layers.csv")).raster(width: 1000, height: 640),
    to: "\(pictures)/depth-variance.png")
} catch {
  FileHandle.standardError.write(Data("DepthChart: \(error)\n".utf8))
  exit(1)
}
