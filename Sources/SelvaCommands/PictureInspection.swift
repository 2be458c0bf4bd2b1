import ImageGrid

/// What `inspect` tells of a picture.
struct PictureInspection: Encodable {
  let path: String
  let width: Int
  let height: Int
  let channels: Int
  /// What the picture records, by name.
  let records: [String: String]
  /// The command that makes it again; nil where Selva did not make it.
  let command: String?

  init(_ path: String, _ image: PNGImage) {
    self.path = path
    (width, height, channels) = (image.raster.width, image.raster.height, image.raster.channels)
    records = Dictionary(image.text.map { ($0.key, $0.value) }) { first, _ in first }
    command = image.text("Selva command")
  }

  var lines: [String] {
    let kind = channels == 1 ? "grey" : "RGB"
    let title = "\(path): a picture of \(width) x \(height) pixels, \(kind)"
    guard !records.isEmpty else { return [title, "", "It records nothing of how it was made."] }
    let rows = records.filter { $0.value != command }.sorted { $0.key < $1.key }
      .map { "  \($0.key.padded(22))\($0.value)" }
    return [title, ""] + rows + (command.map { ["", "Made by:", "  \($0)"] } ?? [])
  }
}
