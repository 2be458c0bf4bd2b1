import ArgumentParser
import Files
import IDX
import Selva

/// `selva encode`: latent vectors of images.
struct EncodeCommand: ParsableCommand, ModelAndImages {
  static let configuration = CommandConfiguration(
    commandName: "encode",
    abstract: "Write the latent vectors of images, one a row.",
    discussion: """
      Columns z0, z1, … are the mean of each image's posterior (with --samples, a draw from it). As CSV, a column \
      label follows where the data has labels. As .npy, the array is float32 of [images, columns], without \
      labels. A .npz file holds arrays z, mean, log_variance and labels. What selva encode writes selva decode reads. A model with labels encodes each image with its own.

      Examples:
        selva encode --data data -o latents.csv
        selva encode --data data --part train -o latents.npy
        selva encode --data data --limit 16 | selva decode - -o pictures.png
        selva encode runs/003 --data digits.idx --indices 3,5,20-25 --log-variances
      """)

  @OptionGroup var model: ModelArgument
  @OptionGroup var images: ImageOptions

  @Option(
    help: ArgumentHelp(
      "An IDX file of labels of --data, for the column of labels and for a model with labels; left out, the folder's.",
      valueName: "file"), completion: Offer.data)
  var labels: String?

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "A .csv, .npy or .npz file to write, or - for CSV on standard output.", valueName: "file"),
    completion: Offer.latents)
  var output = "-"

  @Flag(help: "Add columns log_variance0, log_variance1, … of the posterior.")
  var logVariances = false

  @Flag(help: "Draw each vector from its posterior, by --seed, instead of giving the mean.")
  var samples = false

  @Option(
    help: Numbers.seed.help(
      "Seed of --samples; what is drawn for an image does not depend on which others are encoded.",
      default: "0"),
    transform: Numbers.seed.parse)
  var seed: UInt64?

  @Flag(help: "Leave out the column of labels.")
  var noLabels = false

  @Option(
    help: Numbers.images.help("Encode no more than so many images; left out, all.", "number"),
    transform: Numbers.images.parse)
  var limit: Int?

  @Option(
    help: NumberList.help("Which images, by number from 0, as 3,5,20-25; left out, all."),
    transform: NumberList.parse)
  var indices: NumberList?

  mutating func validate() throws {
    try sortPositionals()
    guard output == "-" || LatentFormat(output) != nil else {
      throw ValidationError(
        "--output must name a .csv, .npy or .npz file, or be - for CSV on standard output.")
    }
    if logVariances && LatentFormat(output) == .npz {
      throw ValidationError("--log-variances adds columns; a .npz file holds them without.")
    }
    if seed != nil && !samples { throw ValidationError("--seed goes with --samples.") }
  }

  func run() throws {
    let (model, path) = try model.load()
    if labels != nil && model.settings.labels.isEmpty && (noLabels || LatentFormat(output) == .npy) {
      throw ValidationError(
        "--labels goes with a column of labels, which .csv and .npz without --no-labels have, or with a model with labels."
      )
    }
    let images = try images.load(labels: labels, for: model.settings, at: path)
    if let indices { try images.check(indices.values) }
    let all = indices?.values ?? Array(0..<images.count)
    let chosen = all.prefix(limit ?? all.count)
    try model.settings.checkLabels(of: images, chosen)
    try MemoryNeed.encoding(model.settings, images: chosen.count).check()
    let block = block(of: images, chosen, model)
    if output == "-" {
      for rows in LatentTable.blocks(of: chosen.count) {
        try Console.output(block(rows).csv(header: rows.lowerBound == 0))
      }
    } else {
      let width = model.settings.latent * (LatentFormat(output) == .npz ? 3 : logVariances ? 2 : 1)
      try LatentTable.write(to: output, count: chosen.count, width: width, block: block)
    }
    Console.message(
      "wrote \(output == "-" ? "to standard output" : output), \(Format.vectors(chosen.count)) of \(model.settings.latent), of \(images.path), "
        + "from \(ModelOrigin.text(path))")
  }

  /// What makes the rows of a range of `chosen`.
  private func block(
    of images: ImageSet, _ chosen: ArraySlice<Int>, _ model: VAE
  ) -> (Range<Int>) -> LatentTable {
    let (settings, latent) = (model.settings, model.settings.latent)
    let encoder = model.makeEncoder()
    let labels = noLabels ? nil : images.labels
    let isWhole = LatentFormat(output) == .npz
    let names = isWhole ? ["z", "mean", "log_variance"] : logVariances ? ["z", "log_variance"] : ["z"]
    let columns = names.flatMap { name in (0..<latent).map { "\(name)\($0)" } }
    return { rows in
      let numbers = Array(chosen[rows])
      let (mean, logVariance) = encoder.encode(
        images.gather(numbers), labels: images.labels(numbers, for: settings))
      var values = mean
      if samples {
        values = Latents.posterior(
          mean: mean, logVariance: logVariance, latent: latent, seed: seed ?? 0, images: numbers)
      }
      if names.count > 1 {
        values = numbers.indices.flatMap { row in
          let part = row * latent..<(row + 1) * latent
          return values[part] + (isWhole ? mean[part] : []) + logVariance[part]
        }
      }
      return LatentTable(
        columns: columns, values: values, labels: labels.map { labels in numbers.map { "\(labels[$0])" } })
    }
  }
}
