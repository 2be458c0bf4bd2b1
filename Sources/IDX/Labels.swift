/// Label files: rank 1, integers from 0 to 255; or rank 2 as QMNIST's, where the first of each row is the label.
enum Labels {
  static func read(_ path: String) throws -> [UInt8] {
    let file = try IDXFile(path)
    let sizes = file.header.sizes
    if isTable(file.header) { return try narrowed(file, columns: sizes[1]) }
    if sizes.count >= 2 { throw IDXError.imagesInsteadOfLabels(path: path, sizes: sizes) }
    guard sizes.count == 1 else {
      throw IDXError.wrongRank(path: path, found: sizes, wanted: "labels, one size,")
    }
    switch file.header.type {
    case .uint8: return file.elements(0..<sizes[0], UInt8.self)
    case .int8, .int16, .int32:
      return try narrowed(file, columns: 1)
    case .float32, .float64:
      throw IDXError.wrongElements(path: path, found: file.header.type, wanted: "an integer type")
    }
  }

  /// Eight integers to an image: its digit, and where it was written by whom.
  private static func isTable(_ header: IDXHeader) -> Bool {
    header.sizes.count == 2 && header.sizes[1] == 8 && [.int8, .int16, .int32].contains(header.type)
  }

  /// In blocks, so that no second copy of all labels is in memory.
  private static func narrowed(_ file: IDXFile, columns: Int) throws -> [UInt8] {
    var labels: [UInt8] = []
    labels.reserveCapacity(file.header.sizes[0])
    let block = columns << 13
    for start in stride(from: 0, to: file.header.count, by: block) {
      let values = file.doubles(start..<min(file.header.count, start + block))
      for place in stride(from: 0, to: values.count, by: columns) {
        let (value, index) = (values[place], start + place)
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
