import ArgumentParser
import IDX
import ImageGrid
import Selva

/// The images that a model is worst at: a few of them can decide a mean.
struct WorstOptions: ParsableArguments {
  @Option(
    help: Numbers.images.help(
      "Also name the images with the largest −ELBO, so many, the worst first.", default: "none", "number"),
    transform: Numbers.images.parse)
  var worst: Int?

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "With --worst: a PNG file that shows each beside its reconstruction.", valueName: "file"),
    completion: Offer.png)
  var output: String?

  @OptionGroup var show: ShowOption

  var hasPicture: Bool { output != nil || show.isOn }

  func validate() throws {
    if show.isOn && worst == nil { throw ValidationError("--show goes with --worst.") }
    guard let output else { return }
    guard worst != nil else { throw ValidationError("--output goes with --worst.") }
    try PictureFile.check(output, mayBeOutput: false)
  }
}

/// One of them.
struct WorstImage: Encodable, Equatable {
  /// By number from 0.
  let index: Int
  /// −ELBO, in nats.
  let loss: Double
  let nll: Double?

  static func all(_ losses: ImageLosses, count: Int) -> [WorstImage] {
    losses.worst(count).map {
      WorstImage(
        index: losses.places[$0], loss: losses.losses[$0], nll: losses.nlls.isEmpty ? nil : losses.nlls[$0])
    }
  }

  static func lines(_ images: [WorstImage]) -> [String] {
    guard !images.isEmpty else { return [] }
    return ["", "Worst images, by number:"]
      + images.map { image in
        "  \(image.index)".padded(10) + "loss \(Format.fixed(image.loss))"
          + (image.nll.map { ", nll \(Format.fixed($0))" } ?? "")
      }
  }

  /// Each image beside its reconstruction from the mean of its posterior, five to a row.
  static func picture(_ images: [WorstImage], of set: ImageSet, by model: VAE) -> Raster {
    let indices = images.map(\.index)
    let labels = set.labels(indices, for: model.settings)
    let latents = model.encode(set.gather(indices), labels: labels).mean
    let cells = zip(indices, model.pictures(latents, labels: labels)).flatMap { index, rebuilt in
      [model.picture(set.image(index)[...]), rebuilt]
    }
    let style = GridStyle(groupColumns: 2).fitted(
      cells: cells.count, columns: 10, width: model.settings.width, height: model.settings.height)
    return Raster.grid(cells, columns: 10, style: style, captions: .pairs(columns: 10))
  }
}
