import Foundation
import ImageGrid
import Selva
import Testing

@testable import SelvaCommands

/// What traversals make of the images of a run.
@Suite struct LatentUseTests {
  @Test func componentsAreOrderedByTheirDivergence() throws {
    let place = try CommandFolder()
    let use = try #require(try LatentUse(place.model, try place.images()))
    let (mean, logVariance) = try place.posterior(0..<30)
    // KL(N(m, v) || N(0, 1)) = (m² + v − 1 − ln v) / 2, the mean over images.
    let kl = (0..<3).map { i in
      (0..<30).reduce(0.0) {
        let (m, v) = (Double(mean[$1 * 3 + i]), exp(Double(logVariance[$1 * 3 + i])))
        return $0 + (m * m + v - 1 - log(v)) / 2
      } / 30
    }
    for (found, expected) in zip(use.kl ?? [], kl) { #expect(abs(found - expected) < 1e-5) }
    let order = try #require(use.order)
    #expect(order.sorted() == [0, 1, 2])
    #expect(kl[order[0]] >= kl[order[1]] && kl[order[1]] >= kl[order[2]] && kl[order[0]] > kl[order[2]])
  }

  @Test func aTypicalImageIsAsFarOutAsHalfOfAll() throws {
    let place = try CommandFolder()
    let use = try #require(try LatentUse(place.model, try place.images()))
    let means = try (0..<30).map { try place.posterior([$0]).mean }
    let middle = (0..<3).map { i in means.reduce(0) { $0 + $1[i] } / 30 }
    func distance(_ mean: [Float]) -> Float {
      zip(mean, middle).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    let own = distance(use.typicalMean)
    let nearer = means.count { distance($0) < own - 1e-5 }
    // Images that are the same lie equally far.
    #expect(nearer <= 15 && means.count { distance($0) <= own + 1e-5 } > 15)
    #expect(use.typicalLabel == nil)
  }

  @Test func otherPriorsHaveNoDivergenceOfAComponent() throws {
    let place = try CommandFolder(prior: .mixture(components: 3))
    let use = try #require(try LatentUse(place.model, try place.images()))
    #expect(use.kl == nil && use.order == nil)
  }

  @Test func aRunIsTraversedAboutATypicalImage() throws {
    let place = try CommandFolder()
    try place.makeRun("run")
    let line = ["traverse", "run", "-o", "a.png", "--steps", "3"]
    try place.run(line + ["--save-latents", "l.csv"])
    let use = try #require(try LatentUse(place.model, try place.images()))
    let table = try LatentTable(contentsOf: place.path("l.csv"))
    #expect(Array(table.row(1)) == use.typicalMean)
    let order = try #require(use.order)
    let rows = order.map { "z\($0)" }
    let kl = try #require(use.kl)
    let unused = order.indices.filter { kl[order[$0]] < 0.01 }
    let captions = GridCaptions(
      rows: rows, columns: ["−3σ", "0", "+3σ"],
      note: "by KL divergence, the most used first" + (unused.isEmpty ? "" : "; dimmed: not used"),
      dimmed: Set(unused.flatMap { 3 * $0..<3 * $0 + 3 }))
    #expect(try place.picture("a.png").raster == place.grid(table.values, columns: 3, captions: captions))
    try place.run(line + ["--from-center", "--save-latents", "l.csv"])
    #expect(Array(try LatentTable(contentsOf: place.path("l.csv")).row(1)) == [0, 0, 0])
    try FileManager.default.removeItem(atPath: place.path("data"))
    let result = try Program.run(line, in: place.folder)
    #expect(result.status == 0 && result.errors.contains("selva: going on without the run's images: "))
  }

  @Test func unusedComponentsAreDimmed() {
    let captions = TraversalCaptions([0, 1, 2], steps: 1, range: 3, use: nil)
    #expect(captions.sheet.columns == ["0"] && captions.sheet.dimmed.isEmpty && captions.sheet.note.isEmpty)
  }
}
