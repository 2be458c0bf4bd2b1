import Files
import IDX

/// Sets one after the other.
public enum MergedSet {
  /// - Parameter sets: at least one.
  /// - Returns: the parts, the names of the labels, and the first of the sets without labels where others have them,
  ///   so that none are kept.
  /// - Throws: `PictureError` where images differ in size or kind, or there are too many labels.
  public static func parts(
    _ sets: [StoredSet]
  ) throws -> (parts: [SetContent], labelNames: LabelNames?, unlabelled: String?) {
    let all = sets.flatMap { set in set.parts.map { (set: set, part: $0) } }
    guard let first = all.first else { preconditionFailure("nothing to merge") }
    for (set, part) in all {
      guard part.images.shape == first.part.images.shape, part.images.isBytes == first.part.images.isBytes
      else {
        let (a, b) = (describe(part.images), describe(first.part.images))
        throw PictureError(
          path: set.path, problem: "its images are \(a), and those of \(first.set.path) are \(b)",
          fix: "merge sets of one kind")
      }
    }
    let hasLabels = all.allSatisfy { $0.part.images.labels != nil }
    let unlabelled =
      hasLabels || all.allSatisfy { $0.part.images.labels == nil }
      ? nil : all.first { $0.part.images.labels == nil }?.set.path
    let names = hasLabels ? try merged(sets) : nil
    let contents = SetPart.allCases.compactMap { kind in
      joined(all.filter { $0.part.part == kind }, kind, hasLabels, names)
    }
    return (contents, names, unlabelled)
  }

  private static func describe(_ images: ImageSet) -> String {
    "\(images.shape) \(images.isBytes ? "bytes" : "floats")"
  }

  /// Names of all labels; nil where no set has any. A label that only has a number keeps it as its name.
  private static func merged(_ sets: [StoredSet]) throws -> LabelNames? {
    guard sets.contains(where: { $0.labelNames != nil }) else { return nil }
    var found: Set<String> = []
    for set in sets {
      for part in set.parts {
        for label in Set(part.images.labels ?? []) { found.insert(set.labelNames?.name(label) ?? "\(label)") }
      }
      found.formUnion(set.labelNames?.names.values.map { $0 } ?? [])
    }
    let first = sets.first?.labelNames
    return try LabelNames.numbering(found, known: first, source: sets[0].path)
  }

  private static func joined(
    _ pieces: [(set: StoredSet, part: StoredSet.Part)], _ kind: SetPart, _ hasLabels: Bool,
    _ names: LabelNames?
  ) -> SetContent? {
    guard let shape = pieces.first?.part.images.shape, let isBytes = pieces.first?.part.images.isBytes else {
      return nil
    }
    let images = pieces.map(\.part.images)
    // Where each piece begins, and after the last where all end.
    let starts = images.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
    func place(_ index: Int) -> (ImageSet, Int) {
      let piece = (starts.firstIndex { $0 > index } ?? starts.count) - 1
      return (images[piece], index - starts[piece])
    }
    let numbers = names?.numbers
    let labels = pieces.flatMap { set, part in
      (part.images.labels ?? []).map { label in
        numbers?[set.labelNames?.name(label) ?? "\(label)"] ?? label
      }
    }
    let imageNames = pieces.compactMap(\.part.names)
    return SetContent(
      part: kind, count: starts[starts.count - 1], shape: shape, labels: hasLabels ? labels : nil,
      names: imageNames.count == pieces.count ? imageNames.flatMap { $0 } : nil,
      pixels: isBytes
        ? .bytes {
          let (set, index) = place($0)
          return set.bytes(index)
        }
        : .floats {
          let (set, index) = place($0)
          return set.image(index)
        })
  }
}
