import Compute
import Files
import IDX
import ImageGrid

/// The pictures that a run leaves in its directory.
struct RunPictures {
  private let directory: RunDirectory
  private let data: TrainingData
  private let seed: UInt64
  /// Pixels of a side of the grids, about; small images are not made larger.
  private static let gridSide = 2800
  private static let epochKey = "Selva epoch"

  init(_ directory: RunDirectory, data: TrainingData, seed: UInt64) {
    self.directory = directory
    self.data = data
    self.seed = seed
  }

  func sample(_ model: VAE, epoch: Int, command: String) throws {
    try directory.makeSamplesFolder()
    try write(grid(model), to: directory.samplePicture(epoch: epoch), epoch: epoch, command: command)
  }

  /// The pictures of a run that has ended after `epoch`.
  func finish(_ model: VAE, epoch: Int, metrics: [EpochMetrics], command: String) throws {
    try write(grid(model), to: directory.finalSamples, epoch: epoch, command: command)
    try write(reconstructions(model), to: directory.reconstructions, epoch: epoch, command: command)
    try write(curves(metrics), to: directory.curves, epoch: epoch, command: command)
  }

  /// Whether the pictures of a run that has ended after `epoch` are there, whole.
  func areFinished(epoch: Int) -> Bool {
    [directory.finalSamples, directory.reconstructions, directory.curves].allSatisfy { path in
      (try? PNG.read(path))?.text(RunPictures.epochKey) == String(epoch)
    }
  }

  private func curves(_ metrics: [EpochMetrics]) -> Raster {
    let chart = LineChart(
      title: "Training", xLabel: "epoch", yLabel: "−ELBO, nats per image",
      series: [
        .init("training", y: metrics.map(\.trainLoss)),
        .init(
          "validation",
          points: metrics.compactMap { row in row.validationLoss.map { (Double(row.epoch), $0) } }),
      ], yRange: .percentiles(0, 0.97))
    return chart.raster()
  }

  /// Rows and columns of the grids: ten, or fewer of large images.
  static func side(of model: ModelSettings) -> Int {
    max(2, min(10, gridSide / max(model.height, model.width)))
  }

  /// From the same noise in every grid, so that the eye can follow.
  private func grid(_ model: VAE) -> Raster {
    let side = RunPictures.side(of: model.settings)
    let sheet = SampleSheet(model, rows: side, columns: side, seed: seed)
    return Raster.grid(
      model.pictures(sheet.latents, labels: sheet.labels), columns: side, rowLabels: sheet.rowLabels)
  }

  /// Validation images, each beside its reconstruction at the posterior mean.
  private func reconstructions(_ model: VAE) -> Raster {
    // Pairs, so an even number of columns.
    let side = RunPictures.side(of: model.settings) / 2 * 2
    let indices = data.validationIndices.prefix(side * side / 2).map { Int($0) }
    let images = indices.map { data.validation.image($0) }
    let labels =
      model.settings.labels.isEmpty ? nil : data.validation.labels.map { all in indices.map { Int(all[$0]) } }
    let rebuilt = model.pictures(
      model.encode(Array(images.joined()), labels: labels).mean, labels: labels)
    let cells = zip(images, rebuilt).flatMap { image, picture in [model.picture(image[...]), picture] }
    return Raster.grid(cells, columns: side, style: GridStyle(groupColumns: 2))
  }

  private func write(_ raster: Raster, to path: String, epoch: Int, command: String) throws {
    try PNG.write(
      raster, to: path,
      text: [
        ("Software", "Selva \(Version.current)"), ("Selva command", command), ("Selva seed", String(seed)),
        ("Selva model", directory.model), (RunPictures.epochKey, String(epoch)),
      ])
  }
}

extension VAE {
  /// One image, `[height · width · channels]` in [0, 1], as a picture, grey or RGB.
  public func picture(_ pixels: ArraySlice<Float>) -> Raster {
    Raster(
      width: settings.width, height: settings.height, channels: settings.channels, floats: Array(pixels))
  }

  /// A picture of what each latent vector stands for.
  ///
  /// - Parameters:
  ///   - latents: `[count, latent]`.
  ///   - labels: as for `decode`.
  public func pictures(_ latents: [Float], labels: [Int]? = nil) -> [Raster] {
    let pixels = decode(latents, labels: labels)
    let count = settings.pixelCount
    return stride(from: 0, to: pixels.count, by: count).map { picture(pixels[$0..<$0 + count]) }
  }
}
