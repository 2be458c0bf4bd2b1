import Foundation
import ImageGrid
import Testing

@testable import Selva

/// Pictures against those of NumPy and SciPy (References/pictures.py), from the latent vectors to the last pixel.
@Suite struct PictureReferenceTests {
  private struct Picture: Decodable {
    let latents: [Float]
    let width, height: Int
    let pixels: [UInt8]
  }

  private func expect(
    _ latents: [Float], columns: Int, style: GridStyle, is name: String,
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/pictures.json")
    let all = try JSONDecoder().decode([String: Picture].self, from: Data(contentsOf: path))
    let expected = try #require(all[name])
    #expect(latents.count == expected.latents.count, sourceLocation: location)
    let distance = zip(latents, expected.latents).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    #expect(distance < 2e-6, sourceLocation: location)
    let found = Raster.grid(
      try Fixture("activation-selu").vae.pictures(latents), columns: columns, style: style)
    #expect(
      (found.width, found.height, found.channels) == (expected.width, expected.height, 1),
      sourceLocation: location)
    // One level for what lies on the border between two.
    let worst = zip(found.pixels, expected.pixels).reduce(0) { max($0, abs(Int($1.0) - Int($1.1))) }
    #expect(worst <= 1, sourceLocation: location)
  }

  private let center: [Float] = [0.5, -1, 0.25]

  @Test func theGridOfThePrior() throws {
    try expect(
      Latents.normal(count: 5, latent: 3, seed: 42, temperature: 0.75), columns: 3,
      style: GridStyle(padding: 1, background: 77), is: "prior")
  }

  @Test func theManifold() throws {
    try expect(
      Manifold.grid(rows: 2, columns: 3, center: center, x: 2, y: 0).values, columns: 3,
      style: GridStyle(), is: "manifold")
  }

  @Test func theTraversal() throws {
    try expect(
      Traversal.lines(components: [2, 0], steps: 4, sigmas: 1.5, center: center).values, columns: 4,
      style: GridStyle(padding: 3, scale: 2), is: "traversal")
  }

  @Test func theInterpolation() throws {
    let points: [[Float]] = [[1, 2, -1], [-0.5, 1, 3], [0, -1, 0.5]]
    try expect(
      Interpolation.spherical.path(through: points, stepsPerSegment: 4).values, columns: 5,
      style: GridStyle(groupColumns: 2, groupGap: 4), is: "interpolation")
  }
}
