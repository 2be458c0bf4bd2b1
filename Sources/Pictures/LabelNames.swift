import Files

/// What the numbers of a set's labels are called: the content of `labels.txt`, a number, a tab and a name a line.
public struct LabelNames: Sendable, Equatable {
  public static let file = "labels.txt"
  /// By number.
  public let names: [UInt8: String]

  public init(_ names: [UInt8: String]) { self.names = names }

  /// Reads the file of the set in `folder`; nil where there is none, or where it says something else.
  public init?(folder: String) {
    let path = "\(folder)/\(Self.file)"
    guard FileKind.isFile(path),
      let text = try? MappedFile.withBytes(of: path, { String(validating: $0, as: UTF8.self) })
    else { return nil }
    self.init(text: text)
  }

  init?(text: String) {
    var names: [UInt8: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: "\t", maxSplits: 1)
      guard parts.count == 2, let number = UInt8(parts[0]),
        names.updateValue(String(parts[1]), forKey: number) == nil
      else { return nil }
    }
    guard !names.isEmpty, Set(names.values).count == names.count else { return nil }
    self.names = names
  }

  public var text: String {
    names.sorted { $0.key < $1.key }.map { "\($0.key)\t\($0.value)\n" }.joined()
  }

  public func name(_ label: UInt8) -> String { names[label] ?? "\(label)" }

  /// Numbers for names: themselves where all are numbers from 0 to 255, those of `known` where it has them all, and in
  /// natural order elsewhere.
  ///
  /// - Parameter source: what the error calls them.
  /// - Throws: `PictureError` where there are more than 256.
  static func numbering(_ found: Set<String>, known: LabelNames?, source: String) throws -> LabelNames {
    if let known, found.isSubset(of: known.names.values) { return known }
    let numbers = found.compactMap { name in UInt8(name).flatMap { "\($0)" == name ? ($0, name) : nil } }
    if numbers.count == found.count { return LabelNames(Dictionary(uniqueKeysWithValues: numbers)) }
    guard found.count <= 256 else {
      throw PictureError(
        path: source, problem: "its pictures lie in \(found.count) folders, and there are 256 labels",
        fix: "import fewer folders, or name the files themselves")
    }
    let sorted = found.sorted(by: NaturalOrder.isLess)
    return LabelNames(Dictionary(uniqueKeysWithValues: sorted.enumerated().map { (UInt8($0), $1) }))
  }

  var numbers: [String: UInt8] { Dictionary(uniqueKeysWithValues: names.map { ($1, $0) }) }
}
