import Charts
import Files

@testable import Selva

/// Tables of numbers.
enum TableReaders {
  static func csv(_ input: UnsafeRawBufferPointer) throws {
    let table = try LatentTable(contentsOf: InputFile.write(input, name: "vectors.csv"))
    try use(table)
    require(
      try LatentTable(csv: table.csv(), name: "again") == table, "a table that changes when it is written")
  }

  static func npy(_ input: UnsafeRawBufferPointer) throws {
    let table = try LatentTable(contentsOf: InputFile.write(input, name: "vectors.npy"))
    try use(table)
    let again = "\(InputFile.folder)/again.npy"
    try table.write(to: again)
    // What tells the kind is not the name: of text, an array keeps no names and no labels.
    let back = try LatentTable(contentsOf: again)
    require(
      back.values == table.values && back.count == table.count, "an array that changes when it is written")
  }

  /// As a resumed run does: what lies past the checkpoint is dropped, and in the end a chart is drawn.
  static func metrics(_ input: UnsafeRawBufferPointer) throws {
    let path = InputFile.write(input, name: "metrics.csv")
    var log = try MetricsLog(contentsOf: path)
    let rows = log.rows
    try log.keep(through: rows.count / 2)
    log = try MetricsLog(contentsOf: path)
    require(log.rows.count <= rows.count, "more epochs than there were")
    guard rows.count <= 64 else { return }
    guard !rows.isEmpty else { return }
    _ = try ChartFile.raster(RunCurves.figure([("run", rows)]))
  }

  private static func use(_ table: LatentTable) throws {
    require(table.values.allSatisfy { $0.isFinite }, "a number that is not finite")
    require(table.count * table.columns.count == table.values.count, "rows that are not whole")
    _ = try table.vectors(latent: table.part("z")?.width ?? table.columns.count, name: "input")
  }
}
