import Compute
import IDX

/// How often the label under which a model finds an image likeliest is the image's own: a model with labels as a
/// classifier (Bayes' rule, all labels equally likely beforehand).
public struct Classification: Codable, Sendable, Equatable {
  /// Of one label.
  public struct Label: Codable, Sendable, Equatable {
    /// As in the images' file, 0 to 255.
    public let label: Int
    /// Images that have it.
    public let count: Int
    /// Images of it that were taken for it.
    public let correct: Int
    /// `correct` / `count`, 0 to 1; nil where no image has it.
    public let accuracy: Double?
  }

  /// Images.
  public let count: Int
  /// Images that were taken for their own label.
  public let correct: Int
  /// `correct` / `count`, 0 to 1.
  public let accuracy: Double
  /// For each of the model's labels, in their order.
  public let perLabel: [Label]
  /// Draws of z for each log p(x | y).
  public let importanceSamples: Int

  private enum CodingKeys: String, CodingKey {
    case count, correct, accuracy
    case perLabel = "per_label"
    case importanceSamples = "importance_samples"
  }

  /// - Parameters:
  ///   - likelihoods: log p(x | y) of each of `labels`, and there of each image.
  ///   - own: the label of each image, at least one.
  init(_ likelihoods: [[Double]], of labels: [Int], own: [Int], importanceSamples: Int) {
    precondition(!own.isEmpty && likelihoods.count == labels.count, "a classification of nothing")
    var (counts, hits) = ([Int: Int](), [Int: Int]())
    for (image, label) in own.enumerated() {
      counts[label, default: 0] += 1
      let likeliest = labels.indices.max { likelihoods[$0][image] < likelihoods[$1][image] } ?? 0
      if labels[likeliest] == label { hits[label, default: 0] += 1 }
    }
    perLabel = labels.map { label in
      let (count, correct) = (counts[label] ?? 0, hits[label] ?? 0)
      return Label(
        label: label, count: count, correct: correct,
        accuracy: count == 0 ? nil : Double(correct) / Double(count))
    }
    count = own.count
    correct = perLabel.reduce(0) { $0 + $1.correct }
    accuracy = Double(correct) / Double(count)
    self.importanceSamples = importanceSamples
  }
}

extension Evaluator {
  /// Samples for each log p(x | y) where nothing is said.
  public static let classificationSamples = 50

  /// log p(x | y) in nats of each of the model's labels, and there of each image, by importance sampling with
  /// `importanceSamples` samples, or with `classificationSamples`. The random numbers are the same for each label.
  ///
  /// - Parameters:
  ///   - images: of the model's size.
  ///   - indices: which of them, at least one; nil: all.
  ///   - group: the workers that share the images.
  public func labelLikelihoods(
    _ images: ImageSet, indices: [Int32]? = nil, group: WorkerGroup
  ) -> [[Double]] {
    model.settings.labels.map { label in
      var evaluator = self
      evaluator.label = label
      evaluator.importanceSamples = importanceSamples ?? Evaluator.classificationSamples
      return evaluator.evaluateEach(images, indices: indices, group: group).images.nlls.map { -$0 }
    }
  }

  /// Takes each image for what it is likeliest under, and counts where that is its own label.
  ///
  /// - Parameters:
  ///   - images: of the model's size, with labels that the model knows; the model has labels.
  ///   - indices: which of them; nil: all.
  ///   - group: the workers that share the images.
  public func classify(
    _ images: ImageSet, indices: [Int32]? = nil, group: WorkerGroup
  ) -> Classification {
    guard let own = images.labels else { preconditionFailure("a classification of images without labels") }
    let chosen = indices ?? [Int32](0..<Int32(images.count))
    return Classification(
      labelLikelihoods(images, indices: chosen, group: group), of: model.settings.labels,
      own: chosen.map { Int(own[Int($0)]) },
      importanceSamples: importanceSamples ?? Evaluator.classificationSamples)
  }
}
