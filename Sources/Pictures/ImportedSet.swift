import Compute
import Files
import IDX

/// What was made of pictures.
public struct ImportSummary: Sendable, Equatable {
  public let train: Int
  public let test: Int
  public let shape: ImageShape
  /// How many different labels; 0 where there are none.
  public let labels: Int
  /// A picture that lies in no folder where others do, so that none has a label.
  public let unlabelled: String?
}

extension PictureCollection {
  /// Writes the set that was gathered.
  ///
  /// - Parameters:
  ///   - source: what errors call the pictures.
  ///   - replaces: as `SetFolder.write` has it.
  /// - Throws: `PictureError` where no set can be made, `FileError` where it cannot be written.
  public func write(to folder: String, source: String, replaces: Bool) throws -> ImportSummary {
    let size = try commonSize(source)
    let names = FolderNames(items)
    let order = sorted()
    var parts = try split(order, names, source)
    // Test pictures alone are the set.
    if parts[.train] == nil { parts = [.train: parts[.test] ?? []] }
    let numbering =
      names.labels.contains { $0 == nil }
      ? nil
      : try LabelNames.numbering(Set(names.labels.compactMap { $0 }), known: labelNames, source: source)
    let channels = items.map(\.channels).max() ?? 1
    let shape = ImageShape(height: size.height, width: size.width, channels: channels)
    let numbers = numbering?.numbers
    let pixels = try pixels()
    let contents = SetPart.allCases.compactMap { part in
      parts[part].flatMap { indices in
        indices.isEmpty
          ? nil
          : SetContent(
            part: part, count: indices.count, shape: shape,
            labels: numbers.map { numbers in indices.map { numbers[names.labels[$0] ?? ""] ?? 0 } },
            names: indices.map { names.names[$0] },
            pixels: .bytes { self.image(indices[$0], in: pixels, shape) })
      }
    }
    try SetFolder.write(contents, labelNames: numbering, to: folder, replaces: replaces)
    return ImportSummary(
      train: parts[.train]?.count ?? 0, test: parts[.test]?.count ?? 0, shape: shape,
      labels: Set(names.labels.compactMap { $0 }).count, unlabelled: names.unlabelled)
  }

  private func image(_ index: Int, in pixels: UnsafeRawBufferPointer, _ shape: ImageShape) -> [UInt8] {
    let item = items[index]
    let count = shape.height * shape.width
    let stored = pixels[item.offset..<item.offset + count * item.channels]
    guard item.channels < shape.channels else { return Array(stored) }
    return stored.flatMap { [$0, $0, $0] }
  }

  /// Numbers of the items in the order of the set: that which their folder came with; else by name, with those of
  /// tables behind, as they came.
  private func sorted() -> [Int] {
    let places = order.map { Dictionary($0.enumerated().map { ($1, $0) }) { first, _ in first } }
    if let places, items.allSatisfy({ places[$0.name] != nil }) {
      return items.indices.sorted { (places[items[$0].name] ?? 0, $0) < (places[items[$1].name] ?? 0, $1) }
    }
    return items.indices.sorted { a, b in
      let (isTableA, isTableB) = (items[a].root == .table, items[b].root == .table)
      if isTableA || isTableB { return isTableA == isTableB ? a < b : isTableB }
      return items[a].name == items[b].name ? a < b : NaturalOrder.isLess(items[a].name, items[b].name)
    }
  }

  private func split(_ order: [Int], _ names: FolderNames, _ source: String) throws -> [SetPart: [Int]] {
    let parts = Dictionary(grouping: order) { names.parts[$0] ?? .train }
    guard let fraction = settings.testFraction else { return parts }
    guard parts[.test] == nil else {
      throw PictureError(
        path: source, problem: "has a test set already", fix: "leave out --test-fraction")
    }
    let labels = order.map { names.labels[$0] }
    let (train, test) = try Split.stratified(labels, fraction: fraction, seed: settings.seed, source: source)
    return [.train: train.map { order[$0] }, .test: test.map { order[$0] }]
  }
}

/// A part of images that is held out.
public enum Split {
  /// By chance, of every label the same part.
  ///
  /// - Returns: places in `labels`, in order.
  /// - Throws: `PictureError` where either side would be empty.
  public static func stratified<Label: Hashable>(
    _ labels: [Label], fraction: Double, seed: UInt64, source: String
  ) throws -> (train: [Int], test: [Int]) {
    let order = RandomStream(seed: seed, .split).permutation(labels.count).map { Int($0) }
    var left = Dictionary(grouping: labels) { $0 }.mapValues { Int((Double($0.count) * fraction).rounded()) }
    var test: Set<Int> = []
    for place in order where left[labels[place], default: 0] > 0 {
      left[labels[place], default: 0] -= 1
      test.insert(place)
    }
    guard !test.isEmpty, test.count < labels.count else {
      throw PictureError(
        path: source,
        problem: "\(labels.count) images leave nothing on one side of a test part of \(fraction)",
        fix: "give another --test-fraction")
    }
    return (labels.indices.filter { !test.contains($0) }, test.sorted())
  }

  /// So many places out of `count` by chance, in order; all where there are not so many.
  public static func random(_ number: Int, of count: Int, seed: UInt64) -> [Int] {
    RandomStream(seed: seed, .split).permutation(count).prefix(number).map { Int($0) }.sorted()
  }
}
