import Files

/// What the first row of a table says of its columns.
///
/// The rule: a first row in which any field is a word (neither a number nor empty; quotes make no difference) names
/// the columns; one of numbers is the first vector. Two such rows could be either, and are refused: `0,1,2,…` above
/// other rows, as pandas writes names for columns that have none, and numbers beside words. They are names where
/// nothing else is possible: beside `z0`, and `0,1,2,…` beside `label` alone or behind an empty first field.
///
/// Of the columns named, `z0`, `z1`, … are the vectors. `label` holds labels. The others are kept where they hold
/// nothing but numbers. Where no name is `z0`, all but `label` and unnamed columns are the vectors. A column without a
/// name is passed over where it comes first, as the index of pandas and R does, and elsewhere must be empty, as commas
/// at the ends of rows leave it.
struct CSVHeader {
  enum Column {
    case vector
    /// Kept if all of it is numbers.
    case other
    case label
    case passedOver
    case empty
  }

  /// One for each field of a row.
  private(set) var columns: [Column]
  /// Of the columns that are `vector` or `other`.
  private(set) var names: [String] = []
  /// The first row holds numbers and no names.
  private(set) var isVector = false
  /// The first row is 0, 1, 2, … and so may hold names although they are numbers.
  private(set) var isDoubtful = false
  private let fault: (_ problem: String, _ fix: String) -> StorageError

  private static let fix = "name every column in the first row, as z0,z1, or give rows of numbers alone"

  /// - Parameters:
  ///   - scanner: has read the first row.
  ///   - name: of the file.
  init(_ scanner: CSVScanner, name: String) throws {
    fault = { .brokenTable(path: name, line: scanner.line, problem: $0, fix: $1) }
    let texts = scanner.fields.map { scanner.text($0) }
    let isNumber = scanner.fields.map { scanner.float($0) != nil }
    columns = Array(repeating: .passedOver, count: texts.count)
    let words = texts.indices.filter { !isNumber[$0] && !texts[$0].isEmpty }
    if words.contains(where: { Self.number(ofName: texts[$0]) != nil }) {
      try nameVectors(texts, isNumber)
      return
    }
    if !words.isEmpty, let other = scanner.otherNotation { throw fault(other.problem, other.fix) }
    let numbers = texts.indices.filter { isNumber[$0] }
    let isCount = numbers.enumerated().allSatisfy { texts[$1] == "\($0)" }
    if words.isEmpty, texts.first != "" || !isCount {
      try beginWithVector(texts)
      isDoubtful = isCount
    } else if numbers.isEmpty || isCount && words.allSatisfy({ texts[$0] == LatentTable.labelColumn }) {
      try nameAll(texts, areNumbered: !numbers.isEmpty)
    } else {
      throw fault(
        "column \(numbers[0] + 1) is the number \(shown(texts[numbers[0]])) beside fields that are none",
        Self.fix)
    }
    if names.isEmpty { throw fault("names no column of numbers", "add columns z0,z1,…") }
  }

  /// The fault of a first row that may be names, where rows follow it.
  var doubt: StorageError {
    fault(
      "the first row, 0 to \(names.count - 1), may be names of columns or a vector",
      "write z0,z1,… if it is names; if it is a vector, put a row of such names above it")
  }

  private mutating func beginWithVector(_ texts: [String]) throws {
    isVector = true
    for (i, text) in texts.enumerated() {
      if text.isEmpty {
        columns[i] = .empty
      } else if i > 0, texts[i - 1].isEmpty {
        throw fault("column \(i) is empty", "give every row as many numbers")
      } else {
        keep(i, .vector, "z\(i)")
      }
    }
  }

  /// Columns by name, `z0`, `z1`, … among them.
  private mutating func nameVectors(_ texts: [String], _ isNumber: [Bool]) throws {
    var known: Set<String> = []
    var numbers: [Int] = []
    for (i, text) in texts.enumerated() {
      let isNew = known.insert(text).inserted
      if let number = Self.number(ofName: text) {
        guard isNew else { throw repeats(i, text) }
        numbers.append(number)
        keep(i, .vector, text)
      } else if text == LatentTable.labelColumn {
        guard isNew else { throw repeats(i, text) }
        columns[i] = .label
      } else if isNew, !text.isEmpty, !isNumber[i] {
        keep(i, .other, text)
      }
    }
    for (place, number) in numbers.sorted().enumerated() where number != place {
      throw fault(
        "there is a column z\(number), but none is named z\(place)", "name the columns z0,z1,… without a gap")
    }
  }

  /// Every column but labels, an index and what commas at the end leave, by its own name or, where the names are
  /// 0, 1, 2, …, as `z0`, `z1`, …
  private mutating func nameAll(_ texts: [String], areNumbered: Bool) throws {
    var known: Set<String> = []
    for (i, text) in texts.enumerated() {
      if text.isEmpty {
        columns[i] = known.isEmpty ? .passedOver : .empty
        continue
      }
      guard known.insert(text).inserted else { throw repeats(i, text) }
      if text == LatentTable.labelColumn {
        columns[i] = .label
      } else {
        keep(i, .vector, areNumbered ? "z\(text)" : text)
      }
    }
  }

  private mutating func keep(_ i: Int, _ column: Column, _ name: String) {
    columns[i] = column
    names.append(name)
  }

  private func repeats(_ i: Int, _ text: String) -> StorageError {
    fault("column \(i + 1) repeats the name '\(shown(text))'", Self.fix)
  }

  /// 12 of `z12`.
  private static func number(ofName name: String) -> Int? {
    guard name.first == "z", let number = Int(name.dropFirst()), name == "z\(number)", number >= 0 else {
      return nil
    }
    return number
  }
}
