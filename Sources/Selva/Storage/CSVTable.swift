import Files

/// A table of latent vectors as comma-separated values.
struct CSVTable {
  private let header: CSVHeader
  private let name: String
  /// Rows of all columns that are kept so far.
  private var values: [Float] = []
  private var labels: [String] = []
  /// For each column that is kept, whether it turned out to hold something else than numbers.
  private var isDropped: [Bool]

  /// Which rows hold what is said at `CSVHeader`.
  ///
  /// - Throws: `StorageError`.
  static func read(_ bytes: UnsafeRawBufferPointer, name: String) throws -> LatentTable {
    var scanner = CSVScanner(bytes)
    do {
      guard try scanner.readRow() else { throw StorageError.noRows(path: name) }
      var table = CSVTable(header: try CSVHeader(scanner, name: name), name: name)
      if table.header.isVector { try table.append(scanner) }
      while try scanner.readRow() {
        if table.header.isDoubtful { throw table.header.doubt }
        try table.append(scanner)
      }
      return try table.content()
    } catch let fault as CSVFault {
      throw StorageError.brokenTable(path: name, line: fault.line, problem: fault.problem, fix: fault.fix)
    }
  }

  private init(header: CSVHeader, name: String) {
    (self.header, self.name) = (header, name)
    isDropped = Array(repeating: false, count: header.names.count)
  }

  private mutating func append(_ scanner: CSVScanner) throws {
    let fields = scanner.fields
    guard fields.count == header.columns.count else {
      if let fault = otherNotation(scanner) { throw fault }
      throw StorageError.raggedRow(
        path: name, line: scanner.line, expected: header.columns.count, found: fields.count)
    }
    var place = 0
    for (i, (field, column)) in zip(fields, header.columns).enumerated() {
      switch column {
      case .label: labels.append(scanner.text(field))
      case .passedOver: break
      case .empty:
        guard field.start == field.end else {
          throw StorageError.brokenTable(
            path: name, line: scanner.line,
            problem: "column \(i + 1) holds '\(shown(scanner.beginning(field)))' and has no name",
            fix: "name it in the first row, or empty it")
        }
      case .vector, .other:
        let value = scanner.float(field)
        if let value, value.isFinite {
          values.append(value)
        } else if column == .other {
          values.append(0)
          isDropped[place] = true
        } else {
          throw fault(scanner, i, isNumber: value != nil)
        }
        place += 1
      }
    }
  }

  private func fault(_ scanner: CSVScanner, _ i: Int, isNumber: Bool) -> StorageError {
    let text = scanner.beginning(scanner.fields[i])
    if isNumber { return .notFinite(path: name, line: scanner.line, column: i + 1, text: text) }
    return otherNotation(scanner)
      ?? .notANumber(path: name, line: scanner.line, column: i + 1, text: text)
  }

  private func otherNotation(_ scanner: CSVScanner) -> StorageError? {
    scanner.otherNotation.map {
      .brokenTable(path: name, line: scanner.line, problem: $0.problem, fix: $0.fix)
    }
  }

  private func content() throws -> LatentTable {
    guard !values.isEmpty else { throw StorageError.noRows(path: name) }
    let kept = isDropped.indices.filter { !isDropped[$0] }
    var values = values
    if kept.count < isDropped.count {
      values = stride(from: 0, to: values.count, by: isDropped.count).flatMap { row in
        kept.map { values[row + $0] }
      }
    }
    return LatentTable(
      columns: kept.map { header.names[$0] }, values: values,
      labels: header.columns.contains(.label) ? labels : nil)
  }

  static func bytes(_ table: LatentTable, header: Bool = true) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(table.values.count * 13 + 64)
    if header {
      var names = table.columns.map(quotedCSV)
      if table.labels != nil { names.append(LatentTable.labelColumn) }
      bytes += names.joined(separator: ",").utf8
      bytes.append(UInt8(ascii: "\n"))
    }
    let width = table.columns.count
    for row in 0..<table.count {
      for i in 0..<width {
        if i > 0 { bytes.append(UInt8(ascii: ",")) }
        bytes += table.values[row * width + i].description.utf8
      }
      if let labels = table.labels {
        bytes.append(UInt8(ascii: ","))
        bytes += quotedCSV(labels[row]).utf8
      }
      bytes.append(UInt8(ascii: "\n"))
    }
    return bytes
  }
}
