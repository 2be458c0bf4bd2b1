import Files
import ImageGrid
import Messages
import Selva

/// Keeps a run for TensorBoard: its figures epoch by epoch and its pictures in event files, and where images lie in the
/// latent space for the embedding projector. A run that goes on adds a file.
public final class TensorBoardRecorder: RunRecorder {
  public static let name = "tensorboard"
  public var name: String { Self.name }
  private let folder: String
  private var file: EventFile?

  /// - Parameter folder: made with the first epoch.
  public init(folder: String) { self.folder = folder }

  public func record(_ row: EpochMetrics, beta: Double) throws {
    let losses: [(kind: String, train: Double, validation: Double?, text: String)] = [
      ("loss", row.trainLoss, row.validationLoss, "what is minimized, in nats per image"),
      (
        "reconstruction", row.trainReconstruction, row.validationReconstruction,
        "−log p(x | z), in nats per image"
      ),
      ("kl", row.trainKL, row.validationKL, "KL(q(z | x) ‖ p(z)), in nats per image"),
    ]
    let values = losses.flatMap { loss in
      [("train", Optional(loss.train)), ("validation", loss.validation)].compactMap { part, value in
        value.map { TensorBoardSummary.Value("\(loss.kind)/\(part)", $0, loss.text) }
      }
    }
    try events(from: row.epoch).append(
      step: row.epoch,
      values + [
        TensorBoardSummary.Value("schedule/learning_rate", row.learningRate, "at the epoch's end"),
        TensorBoardSummary.Value("schedule/beta", beta, "weight of the KL divergence at the epoch's end"),
        TensorBoardSummary.Value("speed/images_per_second", row.imagesPerSecond, "in training"),
      ])
  }

  public func record(_ pictures: RunGrids, epoch: Int, isBest: Bool) throws {
    let name = isBest ? "best" : "epoch"
    try events(from: epoch).append(
      step: epoch,
      [
        TensorBoardSummary.Value(
          "samples/\(name)", pictures.samples, "from the prior, the same noise each time"),
        TensorBoardSummary.Value(
          "reconstructions/\(name)", pictures.reconstructions,
          "images of the validation set, each beside its own"),
      ])
  }

  public func record(_ model: VAE, on data: TrainingData) throws {
    try Folder.make(folder)
    try Projector(model, data).write(to: folder)
  }

  /// - Parameter step: the first that this process writes.
  private func events(from step: Int) throws -> EventFile {
    if let file { return file }
    try Folder.make(folder)
    let file = try EventFile(in: folder, from: step)
    self.file = file
    return file
  }
}
