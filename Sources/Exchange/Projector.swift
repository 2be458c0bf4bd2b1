import Files
import IDX
import ImageGrid
import Selva

/// Latent vectors for TensorBoard's embedding projector: `tensors.tsv` (posterior means), `metadata.tsv`, `sprite.png` and
/// `projector_config.pbtxt`.
struct Projector {
  private let model: VAE
  private let images: ImageSet
  private let indices: [Int]

  /// The projector takes some thousands of points; pictures of large images have to fit into memory, and all into
  /// one that a browser takes.
  private static let (mostPoints, mostPixels, longestSide) = (2000, 1 << 25, 8192)

  /// Validation images, the first of them.
  init(_ model: VAE, _ data: TrainingData) {
    self.model = model
    images = data.validation
    let side = max(model.settings.height, model.settings.width)
    let columns = Projector.longestSide / side
    let most = min(Projector.mostPoints, Projector.mostPixels / model.settings.pixelCount, columns * columns)
    indices = data.validationIndices.prefix(max(1, most)).map { Int($0) }
  }

  /// - Throws: `FileError`, `PNGError`.
  func write(to folder: String) throws {
    let latents = latents()
    let latent = model.settings.latent
    try AtomicFile.write(
      Projector.table(indices.indices.map { latents[$0 * latent..<($0 + 1) * latent].map(\.description) })
        .utf8,
      to: FilePath.join(folder, "tensors.tsv"))
    try AtomicFile.write(Projector.table(metadata).utf8, to: FilePath.join(folder, "metadata.tsv"))
    try PNG.write(sprite, to: FilePath.join(folder, "sprite.png"))
    try AtomicFile.write(configuration.utf8, to: FilePath.join(folder, "projector_config.pbtxt"))
  }

  private func latents() -> [Float] {
    let encoder = model.makeEncoder()
    return stride(from: 0, to: indices.count, by: 64).flatMap { start in
      let part = Array(indices[start..<min(start + 64, indices.count)])
      return encoder.encode(
        part.flatMap { images.image($0) }, labels: images.labels(part, for: model.settings)
      ).mean
    }
  }

  /// A name for each column, as the projector wants it where there are several.
  private var metadata: [[String]] {
    guard let labels = images.labels else { return indices.map { ["\($0)"] } }
    return [["label", "image"]] + indices.map { ["\(labels[$0])", "\($0)"] }
  }

  /// As many pictures a row as a column, without anything between.
  private var sprite: Raster {
    Raster.grid(
      indices.map { model.picture(images.image($0)[...]) },
      columns: Int(Double(indices.count).squareRoot().rounded(.up)), style: GridStyle(padding: 0, scale: 1))
  }

  private var configuration: String {
    """
    embeddings {
      tensor_name: "posterior means"
      tensor_shape: \(indices.count)
      tensor_shape: \(model.settings.latent)
      tensor_path: "tensors.tsv"
      metadata_path: "metadata.tsv"
      sprite {
        image_path: "sprite.png"
        single_image_dim: \(model.settings.width)
        single_image_dim: \(model.settings.height)
      }
    }

    """
  }

  private static func table(_ rows: [[String]]) -> String {
    rows.map { $0.joined(separator: "\t") + "\n" }.joined()
  }
}
