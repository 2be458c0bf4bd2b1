import Files
import IDX

/// A set that lies in a folder or in a file, with the names of its images and labels.
public struct StoredSet {
  public struct Part {
    public let part: SetPart
    public let images: ImageSet
    /// One an image.
    public let names: [String]?
  }

  /// What errors call it.
  public let path: String
  /// Training images first; no part is empty.
  public let parts: [Part]
  public let labelNames: LabelNames?

  /// - Parameters:
  ///   - only: the one part of a folder that is wanted; nil: all there are.
  ///   - labels: an IDX file of labels for a set that is a file.
  /// - Throws: `FileError`, `IDXError`.
  public init(_ path: String, only: SetPart? = nil, labels: String? = nil, layout: ImageLayout? = nil) throws
  {
    self.path = path
    guard FileKind.isFolder(path) else {
      let images = try ImageSet(imagesPath: path, labelsPath: labels, layout: layout)
      parts = [Part(part: .train, images: images, names: nil)]
      labelNames = nil
      return
    }
    let folder = try ImageFolder(path)
    var found: [Part] = []
    let files = [
      (SetPart.train, Optional(folder.trainImages), folder.trainLabels),
      (.test, folder.testImages, folder.testLabels),
    ]
    for (part, images, labels) in files where only == nil || part == only {
      guard let images else { continue }
      let set = try ImageSet(imagesPath: images, labelsPath: labels, layout: layout)
      found.append(Part(part: part, images: set, names: StoredSet.names(path, part, set.count)))
    }
    parts = found
    labelNames = LabelNames(folder: path)
  }

  /// Nil where there is no such file, or one of other images.
  private static func names(_ folder: String, _ part: SetPart, _ count: Int) -> [String]? {
    let path = SetFolder.namesPath(folder, part)
    guard FileKind.isFile(path),
      let text = try? MappedFile.withBytes(of: path, { String(decoding: $0, as: UTF8.self) })
    else { return nil }
    let names = text.split(separator: "\n").map(String.init)
    return names.count == count ? names : nil
  }
}

extension StoredSet.Part {
  /// Some of the images, by number.
  public func content(_ indices: [Int], as part: SetPart? = nil) -> SetContent {
    let images = images
    let labels = images.labels
    return SetContent(
      part: part ?? self.part, count: indices.count, shape: images.shape,
      labels: labels.map { labels in indices.map { labels[$0] } },
      names: names.map { names in indices.map { names[$0] } },
      pixels: images.isBytes
        ? .bytes { images.bytes(indices[$0]) } : .floats { images.image(indices[$0]) })
  }
}

extension ImageSet {
  /// Whether its pixels are bytes, as against floats.
  public var isBytes: Bool {
    if case .bytes = pixels { true } else { false }
  }

  /// One image as bytes from 0 to 255, floats rounded.
  public func bytes(_ index: Int) -> [UInt8] {
    switch pixels {
    case .bytes(let bytes):
      Array(UnsafeBufferPointer(start: bytes + index * pixelCount, count: pixelCount))
    case .floats: image(index).map { UInt8(($0 * 255).rounded()) }
    }
  }
}
