import Files
import Foundation
import Selva
import Testing

@Suite struct LatentBlocksTests {
  private func temporaryPath(_ name: String) throws -> String { try "\(temporaryFolder())/\(name)" }

  @Test(arguments: ["table.csv", "table.npy"]) func blocksMakeTheSameBytesAsTheWhole(name: String) throws {
    let table = LatentTable(latent: 2, values: (0..<5000).map { Float($0) / 7 })
    let (whole, parts) = try (temporaryPath(name), temporaryPath(name))
    try table.write(to: whole)
    var ranges: [Range<Int>] = []
    try LatentTable.write(to: parts, count: 2500, width: 2) { rows in
      ranges.append(rows)
      return LatentTable(latent: 2, values: Array(table.values[rows.lowerBound * 2..<rows.upperBound * 2]))
    }
    #expect(ranges == [0..<1024, 1024..<2048, 2048..<2500])
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: parts)) == Data(contentsOf: URL(fileURLWithPath: whole)))
  }

  @Test func aBlockThatFailsLeavesNoFile() throws {
    let path = try temporaryPath("table.csv")
    let fault = FileError(.badData, path: "x", reason: "y")
    #expect(throws: fault) {
      try LatentTable.write(to: path, count: 2000, width: 2) { rows in
        if rows.lowerBound > 0 { throw fault }
        return LatentTable(latent: 2, values: [Float](repeating: 0, count: rows.count * 2))
      }
    }
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(throws: StorageError.unknownFormat(path: "table.txt")) {
      try LatentTable.write(to: "table.txt", count: 1, width: 1) { _ in LatentTable(latent: 1, values: [0]) }
    }
  }

  @Test func theDrawForAnImageDependsOnItsNumber() {
    let (mean, logVariance): ([Float], [Float]) = ([1, 2, 3, 4, 5, 6], [0, -1, 1, 0.5, 0, 2])
    let all = Latents.posterior(mean: mean, logVariance: logVariance, latent: 2, seed: 9)
    let last = Latents.posterior(
      mean: Array(mean[4...]), logVariance: Array(logVariance[4...]), latent: 2, seed: 9, images: [2])
    #expect(last == Array(all[4...]))
    let first = Latents.posterior(
      mean: Array(mean[4...]), logVariance: Array(logVariance[4...]), latent: 2, seed: 9)
    #expect(first != last)
  }
}
