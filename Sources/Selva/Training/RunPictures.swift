import Charts
import Compute
import Files
import IDX
import ImageGrid

/// The pictures that a run leaves in its directory.
struct RunPictures {
  private let directory: RunDirectory
  private let data: TrainingData
  private let seed: UInt64
  var recorder: (any RunRecorder)?
  /// Pixels of a side of the grids of large images, about.
  private static let gridSide = 2800
  private static let epochKey = "Selva epoch"

  init(_ directory: RunDirectory, data: TrainingData, seed: UInt64) {
    self.directory = directory
    self.data = data
    self.seed = seed
  }

  func sample(_ model: VAE, epoch: Int, command: String) throws {
    try directory.makeSamplesFolder()
    let samples = grid(model)
    try recorder?.record(
      RunGrids(samples: samples, reconstructions: reconstructions(model)), epoch: epoch, isBest: false)
    try write(samples, to: directory.samplePicture(epoch: epoch), epoch: epoch, command: command)
  }

  /// The pictures of a run that has ended after `epoch`.
  func finish(_ model: VAE, epoch: Int, metrics: [EpochMetrics], command: String) throws {
    let grids = RunGrids(samples: grid(model), reconstructions: reconstructions(model))
    // First, since the pictures say that a run is finished.
    try recorder?.record(grids, epoch: epoch, isBest: true)
    try recorder?.record(model, on: data)
    try write(grids.samples, to: directory.finalSamples, epoch: epoch, command: command)
    try write(grids.reconstructions, to: directory.reconstructions, epoch: epoch, command: command)
    try curves(metrics, command: command)
  }

  /// Whether the pictures of a run that has ended after `epoch` are there, whole.
  func areFinished(epoch: Int) -> Bool {
    [directory.finalSamples, directory.reconstructions, directory.curves].allSatisfy { path in
      (try? PNG.read(path))?.text(RunPictures.epochKey) == String(epoch)
    }
  }

  /// The chart of the epochs so far; none before the first has ended.
  func curves(_ metrics: [EpochMetrics], command: String) throws {
    guard let epoch = metrics.last?.epoch else { return }
    // Without the folder's name, so that a run that was copied or resumed elsewhere gives the same bytes.
    try ChartFile.write(
      RunCurves.figure([("", metrics)]), to: directory.curves, as: .png,
      text: text(epoch: epoch, command: command))
  }

  /// Rows and columns of the grids: ten, or fewer of large images.
  static func side(of model: ModelSettings) -> Int {
    max(2, min(10, gridSide / max(model.height, model.width)))
  }

  /// From the same noise in every grid, so that the eye can follow.
  private func grid(_ model: VAE) -> Raster {
    let side = RunPictures.side(of: model.settings)
    let sheet = SampleSheet(model, rows: side, columns: side, seed: seed)
    let cells = model.pictures(sheet.latents, labels: sheet.labels)
    return Raster.grid(
      cells, columns: side, style: style(cells.count, columns: side, of: model.settings),
      captions: GridCaptions(rows: sheet.rowLabels))
  }

  /// Validation images, each beside its reconstruction at the posterior mean.
  private func reconstructions(_ model: VAE) -> Raster {
    // Pairs, so an even number of columns.
    let side = RunPictures.side(of: model.settings) / 2 * 2
    let indices = data.validationIndices.prefix(side * side / 2).map { Int($0) }
    let images = indices.map { data.validation.image($0) }
    let labels = data.validation.labels(indices, for: model.settings)
    let rebuilt = model.pictures(
      model.encode(Array(images.joined()), labels: labels).mean, labels: labels)
    let cells = zip(images, rebuilt).flatMap { image, picture in [model.picture(image[...]), picture] }
    return Raster.grid(
      cells, columns: side, style: style(cells.count, columns: side, groups: 2, of: model.settings),
      captions: .pairs(columns: side))
  }

  private func style(
    _ cells: Int, columns: Int, groups: Int = 0, of model: ModelSettings
  ) -> GridStyle {
    GridStyle(groupColumns: groups)
      .fitted(cells: cells, columns: columns, width: model.width, height: model.height)
  }

  private func write(_ raster: Raster, to path: String, epoch: Int, command: String) throws {
    try PNG.write(raster, to: path, text: text(epoch: epoch, command: command))
  }

  private func text(epoch: Int, command: String) -> [(key: String, value: String)] {
    // A program has none.
    let commands = command.isEmpty ? [] : [("Selva command", command)]
    return [("Software", "Selva \(Version.current)")] + commands + [
      ("Selva seed", String(seed)), ("Selva model", directory.model), (RunPictures.epochKey, String(epoch)),
    ]
  }
}

extension GridCaptions {
  /// Over images and their reconstructions, by turns.
  package static func pairs(columns: Int) -> GridCaptions {
    GridCaptions(columns: (0..<columns).map { $0 % 2 == 0 ? "input" : "output" })
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
