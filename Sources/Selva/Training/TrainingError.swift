import Files
import IDX

/// Why a run cannot begin or go on.
public enum TrainingError: Fault, Equatable {
  /// Two sets of images, or a model and images, do not go together.
  case sizesDiffer(path: String, found: [Int], expected: [Int])
  /// Images in colour where grey ones are expected, or the reverse.
  case channelsDiffer(path: String, found: ImageShape, expected: ImageShape, fix: String)
  /// Fewer than two images, of which none can be held out for validation.
  case tooFewImages(path: String, count: Int)
  /// The loss is infinite or not a number any more. Epoch and step count from 1; `checkpoint` is the last good one.
  case diverged(epoch: Int, step: Int, loss: Double, checkpoint: String?)
  /// A resumed run finds `found` images where it had `expected`.
  case dataChanged(path: String, found: Int, expected: Int)
  /// As many images as before, but other pixels.
  case pixelsChanged(path: String)
  /// A file was changed or cut short under a run, which has stopped before it took anything from it.
  case changedUnderway(path: String, epoch: Int, checkpoint: String)
  /// Processes that train one model have come to different weights.
  case ranksDiffer(rank: Int, epoch: Int, checkpoint: String)
  /// A file of a run that is to be resumed cannot be used.
  case brokenFile(reason: String, fix: String)

  public var category: FaultCategory { .badData }

  public var description: String {
    switch self {
    case .sizesDiffer(let path, let found, let expected):
      let (found, expected) = (found.map(String.init), expected.map(String.init))
      return "\(path): images are \(found.joined(separator: " x ")) pixels where "
        + "\(expected.joined(separator: " x ")) are expected"
    case .channelsDiffer(let path, let found, let expected, let fix):
      let kinds = found.channels > 1 ? ("in colour", "grey ones") : ("grey", "ones in colour")
      return "\(path): images are \(kinds.0) (\(found)) where \(kinds.1) (\(expected)) are expected; \(fix)"
    case .tooFewImages(let path, let count):
      return
        "\(path): \(count) image cannot be split into training and validation; give more images or a test set"
    case .diverged(let epoch, let step, let loss, let checkpoint):
      let kept = checkpoint.map { "; the last good checkpoint is \($0)" } ?? ""
      // Not the number itself, since a NaN may have a sign.
      let what = loss.isNaN ? "no number any more" : "infinite"
      return "the loss became \(what) in epoch \(epoch), step \(step): try a lower --learning-rate "
        + "or --clip-norm 100\(kept)"
    case .dataChanged(let path, let found, let expected):
      return
        "\(path): the run had \(expected) images from here and now finds \(found); give it the same --data"
    case .pixelsChanged(let path):
      return
        "\(path): holds other pixels than the run has learned from; give it the same --data, or go on with these "
        + "by --accept-changed-data"
    case .changedUnderway(let path, let epoch, let checkpoint):
      return
        "\(path): was changed or cut short while it was trained on, in epoch \(epoch); put it back and go on with "
        + "--resume: all until then is in \(checkpoint)"
    case .ranksDiffer(let rank, let epoch, let checkpoint):
      return
        "rank \(rank) has other weights than rank 0 in epoch \(epoch), as faulty memory or a faulty network makes "
        + "them; go on with --resume from \(checkpoint)"
    case .brokenFile(let reason, let fix):
      return "\(reason); \(fix)"
    }
  }
}

extension ModelSettings {
  /// - Throws: `TrainingError.sizesDiffer` or `.channelsDiffer` where the model is for other images.
  package func checkSize(of images: ImageSet) throws {
    try images.check(
      shape,
      fix: "give \(channels > 1 ? "colour" : "grey") images, or a model that was trained on such as these")
  }
}

extension ImageSet {
  /// - Parameter fix: what to do where one side is in colour and the other is not.
  /// - Throws: `TrainingError.sizesDiffer` or `.channelsDiffer` where the images are not as expected.
  func check(_ expected: ImageShape, fix: String) throws {
    guard channels == expected.channels else {
      throw TrainingError.channelsDiffer(path: path, found: shape, expected: expected, fix: fix)
    }
    guard shape == expected else {
      throw TrainingError.sizesDiffer(path: path, found: shape.sizes, expected: expected.sizes)
    }
  }
}
