import Files
import Foundation

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
