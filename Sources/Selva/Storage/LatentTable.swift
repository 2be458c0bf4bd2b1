import Files

/// Latent vectors as they lie in a file: rows of named numbers, each with or without a label.
public struct LatentTable: Sendable, Equatable {
  /// Names of the numbers, as `z0`, `z1`, … or `log_variance0`, …
  public let columns: [String]
  /// Row-major, `[count, columns.count]`.
  public var values: [Float]
  /// One for each row, or nil.
  public var labels: [String]?

  /// Name of the column in a CSV file that holds labels.
  static let labelColumn = "label"

  /// No row of a file is longer.
  static let mostColumns = 1 << 18

  /// Rows of named numbers.
  ///
  /// - Parameters:
  ///   - columns: names; they must differ, be no numbers, be not empty and not `label`.
  ///   - values: row-major, `[count, columns.count]`: whole rows.
  ///   - labels: one for each row, or nil.
  public init(columns: [String], values: [Float], labels: [String]? = nil) {
    precondition(
      !columns.isEmpty && values.count.isMultiple(of: columns.count),
      "\(values.count) values in rows of \(columns.count)")
    precondition(
      Set(columns).count == columns.count
        && columns.allSatisfy { !$0.isEmpty && $0 != Self.labelColumn && !CSVScanner.isNumber($0) },
      "columns \(columns)")
    if let labels {
      precondition(
        labels.count * columns.count == values.count,
        "\(labels.count) labels for \(values.count / columns.count) rows")
    }
    self.columns = columns
    self.values = values
    self.labels = labels
  }

  /// Vectors, `[count, latent]`, in columns `z0`, `z1`, …; with a label for each row, or without.
  public init(latent: Int, values: [Float], labels: [String]? = nil) {
    self.init(columns: (0..<latent).map { "z\($0)" }, values: values, labels: labels)
  }

  /// Rows.
  public var count: Int { values.count / columns.count }

  /// Row `index`, `[columns.count]`.
  public func row(_ index: Int) -> [Float] {
    Array(values[index * columns.count..<(index + 1) * columns.count])
  }

  /// The columns `prefix0`, `prefix1`, … as rows of their own, row-major; nil where there is no `prefix0`.
  public func part(_ prefix: String) -> (width: Int, values: [Float])? {
    let places = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1, $0) })
    var chosen: [Int] = []
    while let place = places["\(prefix)\(chosen.count)"] { chosen.append(place) }
    guard !chosen.isEmpty else { return nil }
    if chosen == Array(columns.indices) { return (columns.count, values) }
    var part: [Float] = []
    part.reserveCapacity(count * chosen.count)
    for row in 0..<count {
      for place in chosen { part.append(values[row * columns.count + place]) }
    }
    return (chosen.count, part)
  }

  /// The vectors to decode, `[count, latent]`: the columns `z0`, `z1`, …, or all where none has such a name.
  ///
  /// - Parameters:
  ///   - latent: components that the model has.
  ///   - name: of the table's file, for the error.
  /// - Throws: `StorageError.latentWidth` where they do not have `latent` components.
  public func vectors(latent: Int, name: String) throws -> [Float] {
    let (width, values) = part("z") ?? (columns.count, values)
    guard width == latent else { throw StorageError.latentWidth(path: name, expected: latent, found: width) }
    return values
  }

  /// Reads a `.npy` array or a `.npz` archive (told by its first bytes, whatever the file's name) or CSV.
  ///
  /// The first row of CSV may name the columns; by which rule, `selva help decode` says.
  /// - Throws: `FileError` where the file cannot be read or is of another kind, `StorageError` where it breaks its
  ///   format, has no rows, or holds a number that is not finite.
  public init(contentsOf path: String) throws {
    self = try MappedFile.withBytes(of: path) { try Self.read($0, name: path) }
  }

  /// The same from memory, as from standard input. `name` stands for the file in errors.
  ///
  /// - Throws: as ``init(contentsOf:)``.
  public init(bytes: some Collection<UInt8>, name: String) throws {
    self = try Array(bytes).withUnsafeBytes { try Self.read($0, name: name) }
  }

  /// Reads CSV from memory. `name` stands for the file in errors.
  ///
  /// - Throws: `StorageError`.
  public init(csv bytes: some Collection<UInt8>, name: String) throws {
    self = try Array(bytes).withUnsafeBytes { try CSVTable.read($0, name: name) }
  }

  private static func read(_ bytes: UnsafeRawBufferPointer, name: String) throws -> LatentTable {
    switch FileSignature(bytes) {
    case .npy: return try NPY.read(bytes, path: name)
    case .npz: return try NPZ.read(bytes, path: name)
    case .empty: throw StorageError.noRows(path: name)
    case let kind:
      // Whatever follows, a first line of text may be that of a table.
      let line = UnsafeRawBufferPointer(
        rebasing: bytes.prefix(FileSignature.length).prefix { $0 != UInt8(ascii: "\n") })
      try FileSignature.check(
        kind == .unknown ? line : bytes, isOneOf: [.csv, .text], path: name, fix: fix(kind))
      return try CSVTable.read(bytes, name: name)
    }
  }

  /// What to do with a file of another kind.
  private static func fix(_ kind: FileSignature) -> String {
    switch kind {
    case .pickle, .torch, .hdf5, .matlab, .parquet, .arrow: "save its array with numpy.save"
    case .office: "save it as comma-separated values (CSV)"
    case .utf16, .utf32: "save it as UTF-8"
    default: "give rows of comma-separated values, or a .npy array"
    }
  }

  /// The table as CSV with a row of names. Each number is in the shortest form that reads back to the same
  /// `Float`; what is not finite is written as `nan` or `inf`, which `init` refuses.
  ///
  /// - Parameter header: whether to begin with the names; without, the rows continue those of another table.
  public func csv(header: Bool = true) -> [UInt8] { CSVTable.bytes(self, header: header) }

  /// Writes CSV or, without names and labels, a `.npy` array (`<f4`, `[count, columns.count]`), or a `.npz` archive with
  /// an array for all columns that differ in their number alone, as `z`, and one of labels: as the path ends.
  ///
  /// - Throws: `StorageError.unknownFormat` where the path ends in none of these; `FileError` where the file cannot
  ///   be written.
  public func write(to path: String) throws {
    if Self.hasExtension(path, "csv") {
      try AtomicFile.write(csv(), to: path)
    } else if Self.hasExtension(path, "npy") {
      try NPY.write(values, shape: [count, columns.count], to: path)
    } else if Self.hasExtension(path, "npz") {
      try NPZ.write(self, to: path)
    } else {
      throw StorageError.unknownFormat(path: path)
    }
  }

  /// Writes a table of any length in blocks, so that memory does not grow with it but for `.npz`, whose arrays each
  /// are in one piece. The format is as for `write(to:)`.
  ///
  /// - Parameters:
  ///   - path: The file, whose ending says the format.
  ///   - count: Rows in all, at least 1.
  ///   - width: Columns.
  ///   - block: Makes the rows of a range; called for one range after the other, always with the same columns.
  /// - Throws: `StorageError.unknownFormat`, `FileError`, or what `block` throws; then no file is left.
  public static func write(
    to path: String, count: Int, width: Int, block: (Range<Int>) throws -> LatentTable
  ) throws {
    if hasExtension(path, "npz") {
      var all = try block(0..<min(count, 1024))
      for rows in blocks(of: count).dropFirst() {
        let more = try block(rows)
        all.values += more.values
        all.labels?.append(contentsOf: more.labels ?? [])
      }
      return try NPZ.write(all, to: path)
    }
    let isText = hasExtension(path, "csv")
    guard isText || hasExtension(path, "npy") else { throw StorageError.unknownFormat(path: path) }
    try AtomicFile.write(to: path) { file in
      if !isText { try file.write(NPYHeader.bytes(shape: [count, width])) }
      for rows in blocks(of: count) {
        let table = try block(rows)
        precondition(
          table.count == rows.count && table.columns.count == width,
          "a block of \(table.count) x \(table.columns.count), not \(rows.count) x \(width)")
        if isText {
          try file.write(table.csv(header: rows.lowerBound == 0))
        } else {
          try table.values.withUnsafeBytes { try file.write(raw: $0) }
        }
      }
    }
  }

  /// The ranges that `count` rows are worked off in where they may be too many for memory.
  package static func blocks(of count: Int) -> some Sequence<Range<Int>> {
    stride(from: 0, to: count, by: 1024).lazy.map { $0..<min($0 + 1024, count) }
  }

  private static func hasExtension(_ path: String, _ name: String) -> Bool {
    path.lowercased().hasSuffix("." + name)
  }
}
