/// Label files: rank 1, integers from 0 to 255.
enum Labels {
  static func read(_ path: String) throws -> [UInt8] {
    let file = try IDXFile(path)
    let sizes = file.header.sizes
    if sizes.count >= 2 { throw IDXError.imagesInsteadOfLabels(path: path, sizes: sizes) }
    guard sizes.count == 1 else {
      throw IDXError.wrongRank(path: path, found: sizes, wanted: "labels, one size,")
    }
    switch file.header.type {
    case .uint8: return file.elements(0..<sizes[0], UInt8.self)
    case .int8, .int16, .int32:
      return try narrowed(file)
    case .float32, .float64:
      throw IDXError.wrongElements(path: path, found: file.header.type, wanted: "an integer type")
    }
  }

  /// In blocks, so that no second copy of all labels is in memory.
  private static func narrowed(_ file: IDXFile) throws -> [UInt8] {
    var labels: [UInt8] = []
    labels.reserveCapacity(file.header.count)
    for start in stride(from: 0, to: file.header.count, by: 1 << 16) {
      for value in file.doubles(start..<min(file.header.count, start + 1 << 16)) {
        let index = labels.count
        guard (0...255).contains(value) else {
          throw IDXError.valueOutOfRange(
            path: file.path, index: index, offset: file.offset(index), value: value, range: "0 to 255",
            fix: "number the labels from 0")
        }
        labels.append(UInt8(value))
      }
    }
    return labels
  }
}
