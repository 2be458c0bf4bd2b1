import IDX
import Selva

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The images that a model learned from, where its run says where they lie.
enum RunImages {
  /// Those that the run validated on, or else those that it trained on.
  ///
  /// - Parameter model: the path of a model file.
  /// - Returns: nil, with a word to the person where images are missing or others now, if there are none.
  static func load(of model: String, for settings: ModelSettings) -> ImageSet? {
    guard let run = ModelOrigin.run(of: model),
      let configuration = try? RunConfiguration(contentsOf: run.configuration)
    else { return nil }
    do {
      let (training, validation) = try configuration.data.load()
      let images = validation ?? training
      try settings.checkSize(of: images)
      try settings.checkLabels(of: images, 0..<min(images.count, LatentUse.mostImages))
      return images
    } catch {
      Console.message("selva: going on without the run's images: \(error)")
      return nil
    }
  }
}

/// What a model uses the components of its latent vectors for, as some images show.
struct LatentUse {
  /// Nats of each component, the mean over images, `[latent]`; nil where the prior does not take them one by one.
  let kl: [Double]?
  /// The posterior mean of an image as far from the middle as half of all, `[latent]`, and its label if the model has any.
  let typicalMean: [Float]
  let typicalLabel: Int?

  /// Components with less say nothing that could be seen.
  static let least = 0.01
  /// So many show it well enough.
  static let mostImages = 1000

  /// - Throws: `LabelError`.
  init?(_ model: VAE, _ images: ImageSet) throws {
    let indices = Array(0..<min(images.count, LatentUse.mostImages))
    let latent = model.settings.latent
    guard !indices.isEmpty else { return nil }
    try model.settings.checkLabels(of: images, indices)
    let encoder = model.makeEncoder()
    var means: [Float] = []
    var sums = [Double](repeating: 0, count: latent)
    for rows in LatentTable.blocks(of: indices.count) {
      let labels = images.labels(indices[rows], for: model.settings)
      let (mean, logVariance) = encoder.encode(images.gather(indices[rows]), labels: labels)
      means += mean
      for (position, (mean, logVariance)) in zip(mean, logVariance).enumerated() {
        let (m, v) = (Double(mean), Double(logVariance))
        sums[position % latent] += 0.5 * (m * m + exp(v) - 1 - v)
      }
    }
    kl = model.settings.prior == .normal ? sums.map { $0 / Double(indices.count) } : nil
    let middle = LatentMath.mean(means, latent: latent)
    let distances = indices.map { row in
      (0..<latent).reduce(Float(0)) { sum, i in
        let difference = means[row * latent + i] - middle[i]
        return sum + difference * difference
      }
    }
    let typical = indices.sorted { (distances[$0], $0) < (distances[$1], $1) }[indices.count / 2]
    typicalMean = Array(means[typical * latent..<(typical + 1) * latent])
    typicalLabel = images.labels([typical], for: model.settings)?[0]
  }

  /// Components, the most used first; nil where that is not known.
  var order: [Int]? {
    kl.map { kl in kl.indices.sorted { (-kl[$0], $0) < (-kl[$1], $1) } }
  }
}
