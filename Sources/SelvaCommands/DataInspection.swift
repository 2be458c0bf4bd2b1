import Files
import IDX
import ImageGrid

/// What `inspect` tells of an IDX file.
struct DataInspection: Encodable {
  let path: String
  let type: String
  let sizes: [Int]
  /// Of a file of four sizes: how many channels and where; nil where that cannot be told.
  let channels: Int?
  let layout: ImageLayout?
  let isCompressed: Bool
  /// Of all elements; nil where there are none.
  let minimum: Double?
  let maximum: Double?
  let mean: Double?
  /// Part of the elements that are 0.
  let zeros: Double?
  /// How many there are of each label; nil for a file that is not of labels.
  let labels: [String: Int]?

  private enum CodingKeys: String, CodingKey {
    case path, type, sizes, channels, layout, minimum, maximum, mean, zeros, labels
    case isCompressed = "compressed"
  }

  /// More different values than this are no labels.
  private static let mostLabels = 256
  private static let block = 1 << 20

  /// - Throws: what `IDXFile` throws, and `IDXError` where `layout` does not go with the file.
  init(_ path: String, layout: ImageLayout? = nil) throws {
    let file = try IDXFile(path)
    let count = file.header.count
    var (sum, zeros) = (0.0, 0)
    var (minimum, maximum) = (Double.infinity, -Double.infinity)
    var labels: [Double: Int] = [:]
    let mayBeLabels = file.header.sizes.count == 1
    for start in stride(from: 0, to: count, by: DataInspection.block) {
      for value in file.doubles(start..<min(count, start + DataInspection.block)) {
        sum += value
        minimum = min(minimum, value)
        maximum = max(maximum, value)
        if value == 0 { zeros += 1 }
        if mayBeLabels && labels.count <= DataInspection.mostLabels { labels[value, default: 0] += 1 }
      }
    }
    self.path = path
    type = file.header.type.name
    sizes = file.header.sizes
    let colours = try DataInspection.colours(file, layout)
    (channels, self.layout) = (colours?.shape.channels, colours?.layout)
    isCompressed = file.isCompressed
    self.minimum = count > 0 ? minimum : nil
    self.maximum = count > 0 ? maximum : nil
    mean = count > 0 ? sum / Double(count) : nil
    self.zeros = count > 0 ? Double(zeros) / Double(count) : nil
    let isLabels =
      mayBeLabels && labels.count <= DataInspection.mostLabels
      && labels.keys.allSatisfy { $0 == $0.rounded() && abs($0) < 1e15 }
    self.labels =
      isLabels ? Dictionary(uniqueKeysWithValues: labels.map { (String(Int($0.key)), $0.value) }) : nil
  }

  /// Of a file that may have channels among its sizes; nil elsewhere, and where nobody has said which they are.
  private static func colours(_ file: IDXFile, _ layout: ImageLayout?) throws -> ImageSizes? {
    let sizes = file.header.sizes
    if let layout, sizes.count != 4 {
      throw IDXError.layoutWithoutChannels(path: file.path, sizes: sizes, layout: layout)
    }
    guard sizes.count == 4 else { return nil }
    return layout == nil
      ? try? ImageSizes(sizes, layout: nil, path: file.path)
      : try ImageSizes(sizes, layout: layout, path: file.path)
  }

  /// Of the files that a path stands for: itself, or those that are found in a folder.
  static func all(_ path: String, layout: ImageLayout?) throws -> [DataInspection] {
    guard FileKind.isFolder(path) else { return [try DataInspection(path, layout: layout)] }
    let folder = try ImageFolder(path)
    let files = [
      (folder.trainImages, layout), (folder.trainLabels, nil), (folder.testImages, layout),
      (folder.testLabels, nil),
    ]
    return try files.compactMap { path, layout in
      try path.map { try DataInspection($0, layout: layout) }
    }
  }

  /// The first 100 images of a path, of a folder those to train on, ten to a row.
  static func contactSheet(_ path: String, layout: ImageLayout?) throws -> Raster {
    let images = try ImageOptions.images(path, part: .train, layout: layout)
    let cells = (0..<min(100, images.count)).map {
      Raster(width: images.width, height: images.height, channels: images.channels, floats: images.image($0))
    }
    let style = GridStyle().fitted(
      cells: cells.count, columns: 10, width: images.width, height: images.height)
    return Raster.grid(cells, columns: 10, style: style)
  }

  var lines: [String] {
    let shape = sizes.map { Format.grouped($0) }.joined(separator: " x ")
    let kind = sizes.count == 3 || channels != nil ? " images" : labels == nil ? "" : " labels"
    let colours = channels.map {
      ", \($0) \($0 == 1 ? "channel" : "channels") \(layout == .channelsFirst ? "first" : "last")"
    }
    var lines = ["\(path): \(shape)\(kind) of \(type)\(colours ?? "")\(isCompressed ? ", gzip" : "")"]
    if let labels {
      let cells = labels.compactMap { label, count in Int(label).map { (label: $0, count: count) } }
        .sorted { $0.label < $1.label }
        .map { "\($0.label): \(Format.grouped($0.count))".padded(14) }
      lines += stride(from: 0, to: cells.count, by: 5).map { start in
        ("  " + cells[start..<min(cells.count, start + 5)].joined()).trimmed
      }
    } else if let minimum, let maximum, let mean, let zeros {
      lines.append(
        "  values \(DataInspection.text(minimum)) to \(DataInspection.text(maximum)), mean "
          + "\(Format.fixed(mean, 4)), \(Format.fixed(zeros * 100, 1)) % of them 0")
    }
    return lines
  }

  /// Whole numbers without a point.
  private static func text(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(Float(value))"
  }
}
