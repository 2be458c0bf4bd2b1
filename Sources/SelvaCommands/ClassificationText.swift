import ArgumentParser
import Selva

/// A classification as people read it.
enum ClassificationText {
  static let help = ArgumentHelp(
    "Of a model with labels: take each image for the label under which it is likeliest, by --importance-samples samples (default: \(Evaluator.classificationSamples)), and tell how often that is its own."
  )

  static func lines(_ classification: Classification) -> [String] {
    let samples = Format.grouped(classification.importanceSamples)
    return [
      "", "Each image taken for the label under which it is likeliest, by \(samples) samples:",
      "accuracy".padded(20) + part(classification.correct, of: classification.count),
    ]
      + classification.perLabel.map { label in
        "  label \(label.label)".padded(20)
          + (label.count == 0 ? "no image" : part(label.correct, of: label.count))
      }
  }

  private static func part(_ correct: Int, of count: Int) -> String {
    "\(Format.fixed(100 * Double(correct) / Double(count))) % (\(Format.grouped(correct)) of \(Format.grouped(count)))"
  }
}
