import Foundation
import ImageGrid
import Selva
import Testing

/// Planes, lines and arcs lie where the prior has its mass, whatever the prior is.
@Suite struct PriorPictureTests {
  private static let priors = [Prior.mixture(components: 4), .vamp(components: 4), .flow(couplings: 2)]

  private func table(_ place: CommandFolder, _ line: String) throws -> [Float] {
    try place.run(
      line.split(separator: " ").map { $0 == "MODEL" ? "model.safetensors" : String($0) } + [
        "-o", "a.png", "--save-latents", "l.csv",
      ])
    return try LatentTable(contentsOf: place.path("l.csv")).values
  }

  private func areClose(_ a: [Float], _ b: [Float], _ tolerance: Float = 2e-3) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
  }

  @Test(arguments: priors) func aPlaneIsThroughThePriorsCentre(prior: Prior) throws {
    let place = try CommandFolder(prior: prior)
    let values = try table(place, "manifold MODEL --components 2,0 --size 3 --plain")
    let found = place.model.makePrior()
    let base = Manifold.grid(rows: 3, columns: 3, center: [0, 0, 0], x: 2, y: 0).values
    #expect(values == found.fromBase(base))
    #expect(areClose(Array(values[12..<15]), found.center) && !areClose(values, base))
    #expect(areClose(found.toBase(values), base))
    #expect(try place.picture("a.png").raster == place.grid(values, columns: 3))
  }

  @Test(arguments: priors) func principalDirectionsAreThoseOfTheBaseSpace(prior: Prior) throws {
    let place = try CommandFolder(prior: prior)
    let values = try table(place, "manifold MODEL --principal --data data --size 3")
    let found = place.model.makePrior()
    let directions = PrincipalDirections(found.toBase(try place.posterior(0..<30).mean), latent: 3)
    let base = Manifold.grid(
      rows: 3, columns: 3, center: directions.mean, across: directions.sigma(0), up: directions.sigma(1))
    #expect(values == found.fromBase(base.values))
  }

  @Test(arguments: priors) func linesBeginAtThePriorsCentreOrAtAnImage(prior: Prior) throws {
    let place = try CommandFolder(prior: prior)
    let found = place.model.makePrior()
    let free = try table(place, "traverse MODEL --components 1 --steps 3 --range 2")
    #expect(free == found.fromBase([0, -2, 0, 0, 0, 0, 0, 2, 0]))
    #expect(areClose(Array(free[3..<6]), found.center))
    let mean = try place.posterior([7]).mean
    let start = found.toBase(mean)
    let bound = try table(place, "traverse MODEL --components 1 --steps 3 --range 2 --data data --index 7")
    #expect(areClose(Array(bound[3..<6]), mean))
    #expect(
      areClose(
        found.toBase(bound), [start[0], start[1] - 2, start[2]] + start + [start[0], start[1] + 2, start[2]]))
  }

  /// Half way on an arc, the distance from the prior's centre is the mean of those at the ends.
  @Test(arguments: priors) func arcsAreAboutThePriorsCentre(prior: Prior) throws {
    let place = try CommandFolder(prior: prior)
    let ends = try [3, 18].map { try place.posterior([$0]).mean }
    let found = place.model.makePrior()
    let arc = try table(place, "interpolate MODEL --data data --indices 3,18 --steps 3 --spherical")
    // Not there and back, which would not be the same to the last bit.
    #expect(Array(arc[..<3]) == ends[0] && Array(arc[6...]) == ends[1])
    func length(_ z: ArraySlice<Float>) -> Float {
      found.toBase(Array(z)).reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
    #expect(abs(length(arc[3..<6]) - (length(arc[..<3]) + length(arc[6...])) / 2) < 2e-3 * length(arc[3..<6]))
    let line = try table(place, "interpolate MODEL --data data --indices 3,18 --steps 3")
    #expect(areClose(Array(line[3..<6]), zip(ends[0], ends[1]).map { ($0 + $1) / 2 }, 1e-6))
    #expect(!areClose(arc, line, 1e-4))
  }

  private func inspected(_ prior: Prior) throws -> (CommandFolder, [String: Any], String) {
    let place = try CommandFolder(prior: prior)
    let object = try jsonObject(try place.run(["inspect", "model.safetensors", "--json"]))
    let text = String(decoding: try place.run(["inspect", "model.safetensors"]), as: UTF8.self)
    return (place, try #require(object["prior"] as? [String: Any]), text)
  }

  private func weights(_ model: VAE) throws -> [Double] {
    let logits = try #require(model.parameters.first { $0.name == "prior.logits" }).values.map {
      exp(Double($0))
    }
    return logits.map { $0 / logits.reduce(0, +) }
  }

  @Test(arguments: [Prior.mixture(components: 40), .vamp(components: 40)])
  func inspectTellsHowMuchOfAMixtureIsInUse(prior: Prior) throws {
    let (place, found, text) = try inspected(prior)
    let weights = try weights(place.model)
    let entropy = -weights.reduce(0) { $0 + $1 * log($1) }
    let used = weights.filter { $0 > 1 / 400.0 }.count
    #expect(used < 40 && used > 5)
    #expect(found["kind"] as? String == (prior == .mixture(components: 40) ? "mixture" : "vamp"))
    #expect(found["components"] as? Int == 40 && found["components_in_use"] as? Int == used)
    #expect(abs((found["perplexity"] as? Double ?? 0) - exp(entropy)) < 1e-9)
    #expect(found.count == 4)
    let kind = prior == .mixture(components: 40) ? "Gaussians" : "posteriors of pseudo-inputs"
    #expect(text.contains("\nPrior\n  mixture               40 \(kind)\n  perplexity            "))
    #expect(text.contains("\n  in use                \(used) with a weight above 0.002500\n"))
  }

  @Test func inspectTellsOfAFlowAndOfLabels() throws {
    let (_, flow, text) = try inspected(.flow(couplings: 2))
    #expect(flow["kind"] as? String == "flow" && flow["couplings"] as? Int == 2)
    #expect(flow["activation"] as? String == "silu")
    #expect(flow["hidden"] as? [Int] == [5] && flow.count == 4)
    #expect(text.contains("\nPrior\n  flow                  2 couplings\n  hidden layers         5, silu\n"))
    let (_, normal, plain) = try inspected(.normal)
    #expect(normal["kind"] as? String == "normal" && normal.count == 1 && !plain.contains("\nPrior\n"))
    let place = try CommandFolder(labels: [0, 3, 7])
    let labelled = String(decoding: try place.run(["inspect", "model.safetensors"]), as: UTF8.self)
    #expect(labelled.contains("\n  labels                0,3,7\n"))
    let object = try jsonObject(try place.run(["inspect", "model.safetensors", "--json"]))
    #expect((object["model"] as? [String: Any])?["labels"] as? [Int] == [0, 3, 7])
  }

  @Test func pseudoInputsAreShownByTheirWeight() throws {
    let place = try CommandFolder(prior: .vamp(components: 5))
    try place.run(["inspect", "model.safetensors", "--pseudo-inputs", "a.png"])
    let weights = try weights(place.model)
    let pixels = try #require(place.model.parameters.first { $0.name == "prior.pseudo_inputs" }).values
      .map { min(1, max(0, $0)) }
    let order = (0..<5).sorted { weights[$0] > weights[$1] }
    #expect(order != [0, 1, 2, 3, 4])
    let cells = order.map { place.model.picture(pixels[$0 * 48..<$0 * 48 + 48]) }
    let picture = try place.picture("a.png")
    #expect(picture.raster == place.grid(cells, columns: 8))
    #expect(picture.text("Selva model") == "model.safetensors")
  }

  @Test(arguments: [
    Misuse(
      "inspect model.safetensors --pseudo-inputs a.png", 65,
      "model.safetensors: has the prior normal; --pseudo-inputs needs one trained with --prior vamp"),
    Misuse("inspect data --pseudo-inputs a.png", 65, "data: is IDX data; --pseudo-inputs needs a model"),
    Misuse("inspect model.safetensors --pseudo-inputs a.jpg", 64, "--pseudo-inputs must name a .png file"),
    Misuse(
      "inspect model.safetensors --activations --data data --pseudo-inputs a.png", 64,
      "--pseudo-inputs does not go with --activations"),
  ]) func pseudoInputsNeedAVampPrior(_ misuse: Misuse) throws {
    try misuse.check(in: CommandFolder().folder)
  }
}
