// Walks in a loop through the latent space and writes what it meets as a strip of pictures, row by row.
//
//     swift run -c release LatentWalk MODEL OUTPUT.png [SEED]

import Foundation
import ImageGrid
import Selva

/// A smooth closed walk, `[steps, latent]`, every point of which is a draw from the prior N(0, I).
///
/// The walk is a sum of waves, z(t) = Σ (aₖ cos kt + bₖ sin kt) / √waves with aₖ and bₖ from the prior. Since
/// cos² + sin² = 1, the variance is 1 at every t: the walk stays where the decoder has learned to draw digits, where
/// a straight line between two points would cut through the middle.
func walk(steps: Int, waves: Int, latent: Int, seed: UInt64) -> [Float] {
  let random = Latents.normal(count: 2 * waves, latent: latent, seed: seed)
  return (0..<steps).flatMap { step in
    (0..<latent).map { component in
      var sum: Float = 0
      for wave in 0..<waves {
        let angle = 2 * Float.pi * Float((wave + 1) * step) / Float(steps)
        sum += cos(angle) * random[2 * wave * latent + component]
        sum += sin(angle) * random[(2 * wave + 1) * latent + component]
      }
      return sum / Float(waves).squareRoot()
    }
  }
}

func run(model path: String, output: String, seed: UInt64) throws {
  let model = try VAE(contentsOf: RunDirectory.modelPath(from: path))
  let latents = walk(steps: 160, waves: 3, latent: model.settings.latent, seed: seed)
  let style = GridStyle().fitted(
    cells: 160, columns: 16, width: model.settings.width, height: model.settings.height)
  try PNG.write(Raster.grid(model.pictures(latents), columns: 16, style: style), to: output)
}

func stop(_ message: String) -> Never {
  FileHandle.standardError.write(Data("LatentWalk: \(message)\n".utf8))
  exit(1)
}

let arguments = CommandLine.arguments.dropFirst()
guard (2...3).contains(arguments.count), let seed = UInt64(arguments.dropFirst(2).first ?? "0") else {
  stop("give a model and a PNG file to write, and a seed if you like: LatentWalk MODEL OUTPUT.png [SEED]")
}
do {
  try run(model: arguments[1], output: arguments[2], seed: seed)
} catch {
  stop("\(error)")
}
