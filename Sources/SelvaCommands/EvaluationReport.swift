import Selva

/// An evaluation with what was asked for beside it, as one JSON object.
struct EvaluationReport: Encodable {
  let evaluation: Evaluation
  /// Nil where nobody asked.
  let worst: [WorstImage]?
  let classification: Classification?
  /// Nil for products in float32.
  let precisionError: PrecisionError?

  private enum CodingKeys: String, CodingKey {
    case worst, classification
    case precisionError = "bfloat16_error"
  }

  func encode(to encoder: any Encoder) throws {
    try evaluation.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(worst, forKey: .worst)
    try container.encodeIfPresent(classification, forKey: .classification)
    try container.encodeIfPresent(precisionError, forKey: .precisionError)
  }

  /// As people read it.
  func lines(model: String, settings: ModelSettings, images: String) -> [String] {
    EvaluationText.lines(
      evaluation, precisionError: precisionError, model: model, settings: settings, images: images)
      + (classification.map { ClassificationText.lines($0) } ?? []) + WorstImage.lines(worst ?? [])
  }
}
