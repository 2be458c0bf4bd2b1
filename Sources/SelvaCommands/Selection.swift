import ArgumentParser
import Files
import IDX
import Selva

/// Whole numbers from 0 on, separated by commas, with ranges: `3,5,10-19`.
struct NumberList: Equatable {
  let values: [Int]
  /// So that a slip of the finger in a range does not ask for all memory.
  private static let most = 1 << 24

  @Sendable static func parse(_ text: String) throws -> NumberList {
    var values: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map(number)
      guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
        first <= last, last - first < most - values.count
      else {
        throw ValidationError(
          "must be at most \(most) whole numbers (\(Numbers.index.text)) and ranges of them, as 3,5,10-19")
      }
      values += first...last
    }
    return NumberList(values: values)
  }

  /// Help that says what its numbers may be.
  static func help(_ text: String) -> ArgumentHelp {
    ArgumentHelp("\(text) (\(Numbers.index.text) each)", valueName: "list")
  }

  /// Digits alone: `Int` would take a sign too.
  private static func number(_ text: Substring) -> Int? {
    guard text.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int(text) else { return nil }
    return Numbers.index.contains(value) ? value : nil
  }
}

/// A person asked for something that the data or the model does not hold.
enum SelectionError: Fault, Equatable {
  case image(path: String, index: Int, count: Int)
  case row(path: String, index: Int, count: Int)
  case component(path: String, index: Int, latent: Int)
  case noLabels(path: String)
  case label(path: String, label: Int, present: [Int])
  /// The model knows no such label.
  case modelLabel(path: String, label: Int, known: [Int])
  /// The model has no labels, and the option asks for one.
  case unlabelled(path: String, option: String)
  case labelNeeded(path: String, known: [Int])
  /// Rows of a model with labels are its labels.
  case rowPerLabel(path: String, known: [Int])
  /// In a file of latent vectors.
  case latentLabel(path: String, row: Int, label: String, known: [Int])
  case noLatentLabels(path: String, known: [Int])
  case points(path: String, count: Int, pairs: Bool)
  /// The model's latent space has no plane.
  case noPlane(path: String)
  case tooManyComponents(path: String, latent: Int, limit: Int)

  var category: FaultCategory { .badData }

  var description: String {
    switch self {
    case .image(let path, let index, let count):
      "\(path): has no image \(index); its images are 0 to \(count - 1)"
    case .row(let path, let index, let count):
      "\(path): has no row \(index); its rows are 0 to \(count - 1)"
    case .component(let path, let index, let latent):
      "\(path): has no latent component \(index); its components are 0 to \(latent - 1)"
    case .noLabels(let path):
      "\(path): its images have no labels; name a file of labels with --labels"
    case .label(let path, let label, let present):
      "\(path): no image has the label \(label); its labels are \(present.map(String.init).joined(separator: ", "))"
    case .modelLabel(let path, let label, let known):
      "\(path): knows no label \(label); its labels are \(LabelError.list(known))"
    case .unlabelled(let path, let option):
      "\(path): has no labels, which \(option) is for; leave it out, or train a model with --condition labels"
    case .labelNeeded(let path, let known):
      "\(path): has labels; say by --label which the pictures shall have, of \(LabelError.list(known))"
    case .rowPerLabel(let path, let known):
      "\(path): has labels, and a row for each is drawn; give --rows with one --label, of \(LabelError.list(known))"
    case .latentLabel(let path, let row, let label, let known):
      "\(path): row \(row) has the label '\(label)', and the model's labels are \(LabelError.list(known)); correct it, or "
        + "give one for all rows with --label"
    case .noLatentLabels(let path, let known):
      "\(path): has no labels, which the model needs; add a column label, or give one for all rows with --label, of "
        + LabelError.list(known)
    case .points(let path, let count, let pairs):
      pairs
        ? "\(path): \(count) vectors do not make pairs; give an even number with --rows"
        : "\(path): holds 1 vector where an interpolation needs 2; add one"
    case .noPlane(let path):
      "\(path): has 1 latent component where a plane needs 2; use selva traverse"
    case .tooManyComponents(let path, let latent, let limit):
      "\(path): principal directions of \(latent) components take too long (over \(limit)); use --components"
    }
  }
}

extension ImageSet {
  /// - Throws: `SelectionError.image` for the first index that has no image.
  func check(_ indices: [Int]) throws {
    if let index = indices.first(where: { $0 >= count }) {
      throw SelectionError.image(path: path, index: index, count: count)
    }
  }

  /// Images one after the other, `[indices.count, pixelCount]`.
  func gather(_ indices: some Collection<Int>) -> [Float] {
    var pixels: [Float] = []
    pixels.reserveCapacity(indices.count * pixelCount)
    for index in indices { pixels += image(index) }
    return pixels
  }

  /// Numbers of the images that have the label `label`, at least one.
  func indices(label: Int) throws -> [Int] {
    guard let labels else { throw SelectionError.noLabels(path: path) }
    let found = labels.indices.filter { Int(labels[$0]) == label }
    guard !found.isEmpty else {
      throw SelectionError.label(path: path, label: label, present: Set(labels).sorted().map(Int.init))
    }
    return found
  }
}

extension VAE {
  /// - Throws: `SelectionError.component` for the first component that the latent vectors do not have.
  func check(components: [Int], path: String) throws {
    if let index = components.first(where: { $0 >= settings.latent }) {
      throw SelectionError.component(path: path, index: index, latent: settings.latent)
    }
  }

  /// Posterior means, `[indices.count, latent]`, each image with its own label where the model has labels. Only the
  /// pixels of a few images are in memory at a time.
  ///
  /// - Throws: `LabelError`.
  func means(_ images: ImageSet, _ indices: [Int]) throws -> [Float] {
    try settings.checkLabels(of: images, indices)
    let encoder = makeEncoder()
    return LatentTable.blocks(of: indices.count).flatMap { rows in
      let part = indices[rows]
      return encoder.encode(images.gather(part), labels: images.labels(part, for: settings)).mean
    }
  }
}
