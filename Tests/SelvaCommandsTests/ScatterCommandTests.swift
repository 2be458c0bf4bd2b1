import Charts
import Foundation
import ImageGrid
import Selva
import Testing

@testable import SelvaCommands

@Suite struct ScatterCommandTests {
  private static let start = ["scatter", "model.safetensors", "--data", "data", "-o", "scatter.png"]

  /// What the library makes of the places of the test images.
  private func chart(
    _ points: [(x: Double, y: Double)], x: String, y: String, count: Int = 30
  ) -> ScatterChart {
    var chart = ScatterChart(
      title: "\(count) images in the latent space of model.safetensors", xLabel: x, yLabel: y, points: points,
      groups: (0..<count).map { $0 % 10 }, names: (0..<10).map { "\($0)" })
    chart.subtitle = "one point an image, coloured by label"
    return chart
  }

  @Test func standsOnThePrincipalPlane() throws {
    let place = try CommandFolder()
    try place.run(Self.start)
    let means = try place.posterior(0..<30).mean
    let principal = PrincipalDirections(means, latent: 3)
    let total = principal.variances.reduce(0, +)
    let points = (0..<30).map { row -> (x: Double, y: Double) in
      let along = principal.directions.prefix(2).map { direction -> Double in
        var sum = 0.0
        for i in 0..<3 { sum += Double(means[row * 3 + i] - principal.mean[i]) * Double(direction[i]) }
        return sum
      }
      return (along[0], along[1])
    }
    let labels = zip(["first", "second"], principal.variances).map {
      "\($0) principal component, \(Format.fixed(100 * $1 / total, 1)) % of the variance"
    }
    let expected = try ChartFile.raster(chart(points, x: labels[0], y: labels[1]))
    let picture = try place.picture("scatter.png")
    let isSame = picture.raster == expected
    #expect(isSame)
    #expect(picture.text("Selva model") == "model.safetensors")
    try place.run(Self.start + ["--components", "pca"])
    let isPCA = try place.picture("scatter.png").raster == expected
    #expect(isPCA)
  }

  @Test func takesTwoComponents() throws {
    let place = try CommandFolder()
    try place.run(Self.start + ["--components", "2,0", "--limit", "12"])
    let means = try place.posterior(0..<12).mean
    let variances = (0..<3).map { component -> Double in
      let values = (0..<12).map { Double(means[$0 * 3 + component]) }
      let middle = values.reduce(0, +) / 12
      return values.reduce(0) { $0 + ($1 - middle) * ($1 - middle) }
    }
    let total = variances.reduce(0, +)
    let shares = variances.map { "\(Format.fixed(100 * $0 / total, 1)) % of the variance" }
    let points = (0..<12).map { (x: Double(means[$0 * 3 + 2]), y: Double(means[$0 * 3])) }
    let expected = try ChartFile.raster(
      chart(points, x: "z2, \(shares[2])", y: "z0, \(shares[0])", count: 12))
    let isSame = try place.picture("scatter.png").raster == expected
    #expect(isSame)
  }

  @Test func aPlaneIsDrawnAsItIs() throws {
    let place = try CommandFolder(latent: 2)
    try place.run(Self.start)
    let plane = try place.picture("scatter.png").raster
    try place.run(Self.start + ["--components", "0,1"])
    let isSame = try place.picture("scatter.png").raster == plane
    #expect(isSame)
    try place.run(Self.start + ["--components", "pca"])
    let isPCA = try place.picture("scatter.png").raster == plane
    #expect(!isPCA)
  }

  @Test func theNameChoosesTheFormat() throws {
    let place = try CommandFolder()
    try place.run(Self.start.dropLast() + ["a.svg"])
    #expect(try place.text("a.svg").contains("<desc>Software: Selva"))
    try place.run(Self.start.dropLast() + ["a.pdf", "--images"])
    #expect(try place.bytes("a.pdf").starts(with: "%PDF-1.".utf8))
  }

  @Test func saysWhatIsWrong() throws {
    let place = try CommandFolder()
    #expect(try place.fail(65, Self.start + ["--components", "0,3"]).contains("has no latent component 3"))
    for (line, text) in [
      (["--components", "1,1"], "two different components"), (["--components", "1"], "pca or two"),
      (["--components", "umap"], "pca or two"), (["--limit", "0"], "--limit"),
    ] {
      #expect(try place.fail(64, Self.start + line).contains(text), "\(line)")
    }
    #expect(try place.fail(64, Self.start.dropLast() + ["a.gif"]).contains("must name a .png, .svg, .pdf"))
    let line = try CommandFolder(latent: 1)
    #expect(try line.fail(65, Self.start).contains("has 1 latent component where a plane needs 2"))
  }

  @Test func hasHelp() throws {
    try CommandFolder().checkHelp(
      "scatter",
      options: ["--data", "--part", "--labels", "--output", "--components", "--images", "--limit"],
      defaults: ["pca"])
  }
}
