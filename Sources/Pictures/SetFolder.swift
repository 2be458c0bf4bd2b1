import Files
import IDX

/// Images and what goes with them, on their way into one part of a set.
public struct SetContent {
  public let part: SetPart
  public let count: Int
  public let shape: ImageShape
  /// One an image.
  public let labels: [UInt8]?
  /// One an image: where it came from.
  public let names: [String]?
  /// Gives the pixels of an image, `[height, width, channels]`.
  public let pixels: Pixels

  public enum Pixels {
    case bytes((Int) -> [UInt8])
    case floats((Int) -> [Float])
  }

  public init(
    part: SetPart, count: Int, shape: ImageShape, labels: [UInt8]?, names: [String]?, pixels: Pixels
  ) {
    precondition(labels == nil || labels?.count == count, "\(labels?.count ?? 0) labels for \(count) images")
    precondition(names == nil || names?.count == count, "\(names?.count ?? 0) names for \(count) images")
    (self.part, self.count, self.shape) = (part, count, shape)
    (self.labels, self.names, self.pixels) = (labels, names, pixels)
  }
}

/// A folder of IDX files as MNIST comes in one, with names of labels and images beside them.
public enum SetFolder {
  /// - Parameters:
  ///   - parts: one of each kind at most, none empty.
  ///   - replaces: whether a folder that holds files takes the set in place of the one that is in it.
  /// - Throws: `FileError`; the folder is then as it was before.
  public static func write(
    _ parts: [SetContent], labelNames: LabelNames?, to folder: String, replaces: Bool
  ) throws {
    precondition(!parts.isEmpty && parts.allSatisfy { $0.count > 0 }, "a part without images")
    let isReplaced: ((String) -> Bool)? = replaces ? { isOfSet($0) } : nil
    try AtomicFolder.write(to: folder, replaces: isReplaced) { folder in
      for content in parts { try write(content, to: folder) }
      if let labelNames, parts.contains(where: { $0.labels != nil }) {
        try AtomicFile.write(Array(labelNames.text.utf8), to: "\(folder)/\(LabelNames.file)")
      }
    }
  }

  private static func write(_ content: SetContent, to folder: String) throws {
    let start = "\(folder)/\(prefix(content.part))"
    let sizes = [content.count] + content.shape.sizes
    let path = "\(start)-images-idx\(sizes.count)"
    switch content.pixels {
    case .bytes(let image): try IDXWriter.write(rowsOf: sizes, to: "\(path)-ubyte", row: image)
    case .floats(let image): try IDXWriter.write(rowsOf: sizes, to: "\(path)-float", row: image)
    }
    if let labels = content.labels {
      try IDXWriter.write(labels, sizes: [labels.count], to: "\(start)-labels-idx1-ubyte")
    }
    if let names = content.names {
      let lines = names.map { "\(shown($0, most: 4096))\n" }.joined()
      try AtomicFile.write(Array(lines.utf8), to: namesPath(folder, content.part))
    }
  }

  private static func prefix(_ part: SetPart) -> String { part == .train ? "train" : "t10k" }

  static func namesPath(_ folder: String, _ part: SetPart) -> String { "\(folder)/\(prefix(part))-names.txt" }

  /// Whether a file of this name is of a set that was written here before.
  package static func isOfSet(_ name: String) -> Bool {
    name == LabelNames.file
      || SetPart.allCases.contains { part in
        ["-images-idx", "-labels-idx", "-names.txt"].contains { name.hasPrefix(prefix(part) + $0) }
      }
  }
}
