/// A table of latent vectors as comma-separated values.
enum CSVTable {
  /// - Throws: `StorageError`.
  static func read(_ bytes: UnsafeRawBufferPointer, name: String) throws -> LatentTable {
    var scanner = CSVScanner(bytes)
    do {
      guard try scanner.readRow() else { throw StorageError.noRows(path: name) }
      let header = try Header(scanner, name: name)
      var values: [Float] = []
      var labels: [String] = []
      var hasRow = header.isDataRow
      if !hasRow { hasRow = try scanner.readRow() }
      while hasRow {
        try append(scanner, header, name: name, &values, &labels)
        hasRow = try scanner.readRow()
      }
      guard !values.isEmpty else { throw StorageError.noRows(path: name) }
      return LatentTable(columns: header.columns, values: values, labels: header.label == nil ? nil : labels)
    } catch let fault as CSVFault {
      throw StorageError.brokenTable(
        path: name, line: fault.line, problem: fault.problem, fix: "write a quote within quotes twice")
    }
  }

  private static func append(
    _ scanner: CSVScanner, _ header: Header, name: String, _ values: inout [Float], _ labels: inout [String]
  ) throws {
    let fields = scanner.fields
    guard fields.count == header.width else {
      throw StorageError.raggedRow(
        path: name, line: scanner.line, expected: header.width, found: fields.count)
    }
    for (i, field) in fields.enumerated() {
      if i == header.label {
        labels.append(scanner.text(field))
        continue
      }
      guard let value = scanner.float(field) else {
        throw StorageError.notANumber(
          path: name, line: scanner.line, column: i + 1, text: scanner.text(field))
      }
      guard value.isFinite else {
        throw StorageError.notFinite(
          path: name, line: scanner.line, column: i + 1, text: scanner.text(field))
      }
      values.append(value)
    }
  }

  /// What the first row says of the others.
  private struct Header {
    /// Names of the columns of numbers.
    var columns: [String] = []
    /// Place of the column of labels.
    var label: Int?
    /// Fields in a row.
    let width: Int
    /// The first row holds numbers and no names.
    let isDataRow: Bool

    init(_ scanner: CSVScanner, name: String) throws {
      let fields = scanner.fields
      width = fields.count
      let isNumber = fields.map { !$0.isQuoted && scanner.float($0) != nil }
      isDataRow = !isNumber.contains(false)
      if isDataRow {
        columns = fields.indices.map { "z\($0)" }
        return
      }
      var known: Set<String> = []
      for (i, field) in fields.enumerated() {
        let text = scanner.text(field)
        if let problem = Self.problem(text, isNumber: isNumber[i], isNew: known.insert(text).inserted) {
          throw StorageError.brokenTable(
            path: name, line: scanner.line, problem: "column \(i + 1) \(problem)",
            fix: "give rows of numbers, or name every column in the first row, as z0,z1")
        }
        if text == LatentTable.labelColumn { label = i } else { columns.append(text) }
      }
      if columns.isEmpty {
        throw StorageError.brokenTable(
          path: name, line: scanner.line, problem: "names no column of numbers", fix: "add columns z0,z1,…")
      }
    }

    private static func problem(_ text: String, isNumber: Bool, isNew: Bool) -> String? {
      if text.isEmpty { return "has no name" }
      if isNumber { return "is the number \(shown(text)) beside fields that are none" }
      return isNew ? nil : "repeats the name '\(shown(text))'"
    }
  }

  static func bytes(_ table: LatentTable, header: Bool = true) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(table.values.count * 13 + 64)
    if header {
      var names = table.columns.map(quotedName)
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

  /// A name that reads as a number must be quoted, or the row of names would pass for a row of numbers.
  private static func quotedName(_ name: String) -> String {
    Float(name) == nil && !name.hasPrefix("0x") ? quotedCSV(name) : "\"\(name)\""
  }
}
