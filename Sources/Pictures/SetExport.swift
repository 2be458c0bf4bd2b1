import Archives
import Files
import IDX
import ImageGrid

/// Sets as other programs take them.
public enum SetExport {
  /// A PNG file for each image, in a folder for each label where there are labels, below `train` and `test` where there
  /// are both; and text files with which an import makes the same set of them again.
  ///
  /// - Parameter tell: is told how many are written.
  /// - Throws: `FileError`; the folder is then as it was before.
  public static func pictures(
    of set: StoredSet, to folder: String, tell: (Int) -> Void
  ) throws {
    var order: [String] = []
    try AtomicFolder.write(to: folder) { folder in
      for part in set.parts {
        let names = fileNames(part, set)
        for (index, name) in names.enumerated() {
          let path = set.parts.count > 1 ? "\(part.part)/\(name)" : name
          try makeFolders(of: path, in: folder)
          try write(part.images, index, to: "\(folder)/\(path)")
          order.append(path)
          tell(order.count)
        }
      }
      try DiskSync.files(order, in: folder)
      try AtomicFile.write(
        Array(order.map { "\($0)\n" }.joined().utf8), to: "\(folder)/\(PictureFolder.orderFile)")
      if let names = set.labelNames {
        try AtomicFile.write(Array(names.text.utf8), to: "\(folder)/\(LabelNames.file)")
      }
    }
  }

  /// Numbers with as many digits as the last, below their label's name.
  private static func fileNames(_ part: StoredSet.Part, _ set: StoredSet) -> [String] {
    let digits = String(part.images.count - 1).count
    return (0..<part.images.count).map { index in
      let number = String(index)
      let name = String(repeating: "0", count: max(0, digits - number.count)) + number + ".png"
      guard let labels = part.images.labels else { return name }
      let label = set.labelNames?.name(labels[index]) ?? "\(labels[index])"
      return "\(folderName(label))/\(name)"
    }
  }

  /// A label's name may hold what no folder's may.
  private static func folderName(_ label: String) -> String {
    let name = label.replacing("/", with: "_")
    return name.hasPrefix(".") || name.isEmpty ? "_\(name)" : name
  }

  private static func makeFolders(of path: String, in folder: String) throws {
    var parent = folder
    for part in path.split(separator: "/").dropLast() {
      parent += "/\(part)"
      guard mkdir(parent, 0o777) == 0 || errno == EEXIST else {
        throw FileError(
          .cannotWrite, path: parent, reason: "the folder cannot be made: \(String(cString: strerror(errno)))"
        )
      }
    }
  }

  private static func write(_ images: ImageSet, _ index: Int, to path: String) throws {
    let raster = Raster(
      width: images.width, height: images.height, channels: images.channels, bytes: images.bytes(index))
    // Not synced one by one, but all before the folder gets its name.
    try AtomicFolder.write(PNG.encode(raster, name: path), to: path)
  }

  /// The images of one part as a `.npy` array, `uint8` or `float32` as they are: `[count, height, width]`, of colour
  /// `[…, 3]`.
  ///
  /// - Throws: `FileError`.
  public static func array(of part: StoredSet.Part, to path: String) throws {
    try AtomicFile.write(to: path) { file in
      try file.write(header(part.images))
      for index in 0..<part.images.count { try file.write(bytes(part.images, index)) }
    }
  }

  /// A `.npz` archive: `images` and `labels`, or of two parts `x_train`, `y_train`, `x_test` and `y_test`.
  ///
  /// - Throws: `FileError`.
  public static func arrays(of set: StoredSet, to path: String) throws {
    try AtomicFile.write(to: path) { file in
      let zip = try ZipWriter(path)
      for part in set.parts {
        let suffix = set.parts.count > 1 ? "_\(part.part)" : nil
        let (images, head) = (part.images, header(part.images))
        let byteCount = head.count + images.count * images.pixelCount * (images.isBytes ? 1 : 4)
        try zip.add("\(suffix.map { "x\($0)" } ?? "images").npy", byteCount: byteCount, to: file) { write in
          try head.withUnsafeBytes { try write($0) }
          for index in 0..<images.count { try bytes(images, index).withUnsafeBytes { try write($0) } }
        }
        guard let labels = images.labels else { continue }
        let content = NPYHeader.bytes(shape: [labels.count], type: "|u1") + labels
        try zip.add("\(suffix.map { "y\($0)" } ?? "labels").npy", byteCount: content.count, to: file) {
          write in
          try content.withUnsafeBytes { try write($0) }
        }
      }
      try zip.finish(to: file)
    }
  }

  private static func header(_ images: ImageSet) -> [UInt8] {
    NPYHeader.bytes(shape: [images.count] + images.shape.sizes, type: images.isBytes ? "|u1" : "<f4")
  }

  private static func bytes(_ images: ImageSet, _ index: Int) -> [UInt8] {
    images.isBytes ? images.bytes(index) : images.image(index).withUnsafeBytes { Array($0) }
  }
}
