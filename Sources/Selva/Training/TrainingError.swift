import Files
import IDX

/// Why a run cannot begin or go on.
public enum TrainingError: Fault, Equatable {
  /// Two sets of images, or a model and images, do not go together.
  case sizesDiffer(path: String, found: [Int], expected: [Int])
  case tooFewImages(path: String, count: Int)
  /// The loss is not a number any more.
  case diverged(epoch: Int, step: Int, loss: Double, checkpoint: String?)
  /// The data of a resumed run is not what it was.
  case dataChanged(path: String, found: Int, expected: Int)

  public var category: FaultCategory { .badData }

  public var description: String {
    switch self {
    case .sizesDiffer(let path, let found, let expected):
      let (found, expected) = (found.map(String.init), expected.map(String.init))
      return "\(path): images are \(found.joined(separator: " x ")) pixels where "
        + "\(expected.joined(separator: " x ")) are expected"
    case .tooFewImages(let path, let count):
      return
        "\(path): \(count) image cannot be split into training and validation; give more images or a test set"
    case .diverged(let epoch, let step, let loss, let checkpoint):
      let kept = checkpoint.map { "; the last good checkpoint is \($0)" } ?? ""
      return "the loss became \(loss) in epoch \(epoch), step \(step): try a lower --learning-rate "
        + "or --clip-norm 100\(kept)"
    case .dataChanged(let path, let found, let expected):
      return
        "\(path): the run had \(expected) images from here and now finds \(found); give it the same --data"
    }
  }
}

extension ModelSettings {
  /// - Throws: `TrainingError.sizesDiffer` where the model is for images of another size.
  package func checkSize(of images: ImageSet) throws {
    guard images.height == height, images.width == width else {
      throw TrainingError.sizesDiffer(
        path: images.path, found: [images.height, images.width], expected: [height, width])
    }
  }
}
