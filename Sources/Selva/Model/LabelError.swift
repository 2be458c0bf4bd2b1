import Files
import IDX

/// Labels of images that a model with labels misses, or does not know.
public enum LabelError: Fault, Equatable {
  /// Images without labels, for a model that has them.
  ///
  /// - Parameters:
  ///   - path: the images' file.
  ///   - fix: what to do, as an order.
  case missing(path: String, fix: String)
  /// A label that the model was not trained on.
  ///
  /// - Parameters:
  ///   - path: the labels' file, or else that of the images.
  ///   - image: the number, from 0, of the first image that has such a label.
  ///   - label: that label.
  ///   - known: those that the model knows, ascending.
  case unknown(path: String, image: Int, label: Int, known: [Int])
  /// The run that is resumed has learned from other ones.
  case changed(path: String)

  public var category: FaultCategory { .badData }

  public var description: String {
    switch self {
    case .missing(let path, let fix):
      "\(path): has no labels, which a model with labels needs; \(fix)"
    case .unknown(let path, let image, let label, let known):
      "\(path): image \(image) has the label \(label), and the model knows \(LabelError.list(known)); leave such images "
        + "out, or train a model on images with this label"
    case .changed(let path):
      "\(path): holds other labels than the run has learned from; give it the same, or go on with these by "
        + "--accept-changed-data"
    }
  }

  /// 0 to 9 for labels without a gap, else 0, 2, 5.
  package static func list(_ labels: [Int]) -> String {
    guard labels.count > 2, let first = labels.first, let last = labels.last,
      last - first == labels.count - 1
    else { return labels.map { String($0) }.joined(separator: ", ") }
    return "\(first) to \(last)"
  }
}

extension ModelSettings {
  /// - Throws: `LabelError` where the model has labels and one of the images that `indices` name, or of all, has none that
  ///   it knows.
  package func checkLabels(
    of images: ImageSet, _ indices: (some Collection<Int>)? = [Int]?.none,
    fix: String = "name a file of them with --labels"
  ) throws {
    guard !labels.isEmpty else { return }
    guard let found = images.labels else { throw LabelError.missing(path: images.path, fix: fix) }
    var isKnown = [Bool](repeating: false, count: 256)
    for label in labels { isKnown[label] = true }
    func isUnknown(_ index: Int) -> Bool { !isKnown[Int(found[index])] }
    let unknown =
      if let indices { indices.first(where: isUnknown) } else { found.indices.first(where: isUnknown) }
    guard let unknown else { return }
    throw LabelError.unknown(
      path: images.labelsPath ?? images.path, image: unknown, label: Int(found[unknown]), known: labels)
  }
}

extension TrainingData {
  /// - Throws: `LabelError` where `model` has labels and an image has none that it knows.
  package func checkLabels(for model: ModelSettings) throws {
    try model.checkLabels(of: training)
    if validation !== training {
      try model.checkLabels(of: validation, fix: "name a file of them with --test-labels")
    }
  }

  /// Of the labels of both sets; nil where they have none.
  var labelFingerprints: (training: UInt32?, validation: UInt32?) {
    func fingerprint(_ images: ImageSet) -> UInt32? {
      images.labels.map { labels in
        var checksum = CRC32()
        labels.withUnsafeBytes { checksum.update($0) }
        return checksum.value
      }
    }
    return (fingerprint(training), fingerprint(validation))
  }
}

extension ImageSet {
  /// The labels of some images, which `ModelSettings.checkLabels` has looked at; nil where the model takes none.
  package func labels(_ indices: some Collection<Int>, for model: ModelSettings) -> [Int]? {
    guard !model.labels.isEmpty, let labels else { return nil }
    return indices.map { Int(labels[$0]) }
  }
}
