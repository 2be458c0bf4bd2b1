// Draws the tables that the samples keep.
//
//     SampleCharts depth FOLDER PICTURES         FOLDER/runs.csv and FOLDER/layers.csv, of depth.sh
//     SampleCharts recurrent FOLDER PICTURES     FOLDER/runs.csv and FOLDER/steps.csv, of recurrent.sh

import Charts
import Foundation

func charts(_ kind: String, _ folder: String) throws -> [(name: String, chart: LineChart)] {
  let runs = try rows("\(folder)/runs.csv")
  if kind == "depth" {
    return [
      ("depth", depthLossChart(runs)),
      ("depth-variance", depthVarianceChart(try rows("\(folder)/layers.csv"))),
    ]
  }
  let steps = try rows("\(folder)/steps.csv")
  return [("recurrent", recurrentLossChart(runs))]
    + ["encoder", "decoder"].flatMap { part in
      ["before", "after"].map { when in
        (
          "recurrent-\(part)-\(when)",
          recurrentVarianceChart(steps, part: part, column: "variance_\(when)")
        )
      }
    }
}

let arguments = CommandLine.arguments
guard arguments.count == 4, ["depth", "recurrent"].contains(arguments[1]) else {
  let usage = "SampleCharts: say depth or recurrent, the folder of the tables and that of the pictures\n"
  FileHandle.standardError.write(Data(usage.utf8))
  exit(64)
}
do {
  for (name, chart) in try charts(arguments[1], arguments[2]) {
    try ChartFile.write(chart, to: "\(arguments[3])/\(name).png", as: .png)
  }
} catch {
  FileHandle.standardError.write(Data("SampleCharts: \(error)\n".utf8))
  exit(1)
}
