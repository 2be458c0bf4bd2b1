import Files
import ImageGrid

/// A table of pixels as comma-separated values, an image a row: with names in the first row or without, with a column
/// of labels or without, as Kaggle's and other forms of MNIST are.
struct PixelTable {
  private let bytes: UnsafeRawBufferPointer
  private let path: String
  private var position = 0
  private(set) var line = 0
  private var fields: [Range<Int>] = []
  private let size: PictureSize
  /// The column of labels, and all those that are no pixels.
  private let label: Int?
  private let others: Set<Int>
  private let width: Int

  /// - Throws: `PictureError` where the columns are no square and not of `wanted` size.
  init(_ bytes: UnsafeRawBufferPointer, path: String, wanted: PictureSize?) throws {
    (self.bytes, self.path) = (bytes, path)
    var scan = Scan(bytes)
    guard let first = scan.next() else {
      throw PictureError(path: path, problem: "has no rows", fix: "give a table of pixels")
    }
    width = first.count
    let texts = first.map { Scan.text(bytes, $0) }
    let isHeader = texts.contains { Double($0) == nil }
    let found: (label: Int?, others: Set<Int>)
    if isHeader {
      found = PixelTable.named(texts)
    } else {
      found = PixelArray.square(width, wanted) == nil ? (0, [0]) : (nil, [])
    }
    (label, others) = found
    guard let size = PixelArray.square(width - others.count, wanted) else {
      throw PictureError(
        path: path,
        problem: "line 1: \(width) columns are no square of pixels, with a label before them or without",
        fix: "say how large the images are, as --size 28x28")
    }
    self.size = size
    if isHeader { (position, line) = (scan.position, scan.line) }
  }

  private static func named(_ names: [String]) -> (label: Int?, others: Set<Int>) {
    let labels: Set = ["label", "labels", "class", "target", "y", "digit", "letter"]
    let lower = names.map { $0.lowercased() }
    let label = lower.firstIndex { labels.contains($0) }
    let others = lower.indices.filter {
      $0 == label || ["", "id", "index", "unnamed: 0"].contains(lower[$0])
    }
    return (label, Set(others))
  }

  /// Goes to the next row; false at the end.
  mutating func next() -> Bool {
    var scan = Scan(bytes, position: position, line: line)
    guard let fields = scan.next() else { return false }
    (self.fields, position, line) = (fields, scan.position, scan.line)
    return true
  }

  var name: String { "\(path): line \(line)" }

  /// The label of the row, where there is one.
  var rowLabel: String? {
    label.flatMap { $0 < fields.count ? value(fields[$0]) : nil }.map { "\($0)" }
  }

  /// The image of the row.
  ///
  /// - Throws: `PictureError`.
  func image() throws -> Raster {
    guard fields.count == width else {
      throw PictureError(
        path: name, problem: "has \(fields.count) values where the first row has \(width)", fix: "correct it")
    }
    if let label, value(fields[label]) == nil {
      throw PictureError(
        path: name, problem: "'\(shown(Scan.text(bytes, fields[label])))' is no label from 0 to 255",
        fix: "number the labels from 0")
    }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(width)
    for (column, field) in fields.enumerated() where !others.contains(column) {
      guard let pixel = value(field) else {
        throw PictureError(
          path: name,
          problem:
            "column \(column + 1): '\(shown(Scan.text(bytes, field)))' is no whole number from 0 to 255",
          fix: "scale the pixels to 0 to 255")
      }
      pixels.append(pixel)
    }
    return Raster(width: size.width, height: size.height, bytes: pixels)
  }

  /// A whole number from 0 to 255, with or without zeros behind a point.
  private func value(_ field: Range<Int>) -> UInt8? {
    var number = 0
    for (place, index) in field.enumerated() {
      let digit = Int(bytes[index]) - 48
      guard (0...9).contains(digit), place < 3 else {
        guard let value = Double(Scan.text(bytes, field)), (0...255).contains(value) else { return nil }
        return UInt8(exactly: value)
      }
      number = number * 10 + digit
    }
    return field.isEmpty ? nil : UInt8(exactly: number)
  }

  /// Fields of one row after the other, without blanks and quotes about them; lines without any are passed over.
  private struct Scan {
    let bytes: UnsafeRawBufferPointer
    var position: Int
    var line: Int

    init(_ bytes: UnsafeRawBufferPointer, position: Int = 0, line: Int = 0) {
      (self.bytes, self.position, self.line) = (bytes, position, line)
      if position == 0, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { self.position = 3 }
    }

    mutating func next() -> [Range<Int>]? {
      while position < bytes.count {
        line += 1
        var fields: [Range<Int>] = []
        var start = position
        while position < bytes.count, bytes[position] != 10 {
          if bytes[position] == 44 {
            fields.append(trimmed(start..<position))
            start = position + 1
          }
          position += 1
        }
        fields.append(trimmed(start..<position))
        position += 1
        if fields.count > 1 || !fields[0].isEmpty { return fields }
      }
      return nil
    }

    private func trimmed(_ field: Range<Int>) -> Range<Int> {
      var (start, end) = (field.lowerBound, field.upperBound)
      func isEdge(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 || byte == 34 }
      while start < end, isEdge(bytes[start]) { start += 1 }
      while end > start, isEdge(bytes[end - 1]) { end -= 1 }
      return start..<end
    }

    static func text(_ bytes: UnsafeRawBufferPointer, _ field: Range<Int>) -> String {
      String(decoding: bytes[field], as: UTF8.self)
    }
  }
}

extension PictureCollection {
  /// Images of a table of pixels.
  func gatherRows(_ bytes: UnsafeRawBufferPointer, _ path: String) throws {
    var table = try PixelTable(bytes, path: path, wanted: settings.size)
    while table.next() {
      try add(table.name, label: table.rowLabel, root: .table) { try table.image() }
    }
  }
}
