/// What a number that has a range is able to do.
package typealias RangedValue = Comparable & LosslessStringConvertible & Sendable

/// The values that a number may take: one definition for the check, for its message and for help. Wide enough for
/// every use, and narrow enough that nothing that is reckoned from such a number overflows.
///
/// What is not a number, and infinity, are in no range.
package struct NumberRange<Value: RangedValue>: Sendable {
  package let values: ClosedRange<Value>
  /// A value outside `values` that is allowed too, as 0 for "none".
  package let other: Value?

  package init(_ values: ClosedRange<Value>, or other: Value? = nil) {
    self.values = values
    self.other = other
  }

  package func contains(_ value: Value) -> Bool { values.contains(value) || value == other }

  /// As help says it: `1 to 1000`.
  package var text: String {
    let ends = "\(Self.text(values.lowerBound)) to \(Self.text(values.upperBound))"
    return other.map { "\(Self.text($0)), or \(ends)" } ?? ends
  }

  /// As an error says it: `must be a whole number (1 to 1000)`.
  package var rule: String {
    "must be a \(Value.self is any BinaryInteger.Type ? "whole " : "")number (\(text))"
  }

  /// What is wrong with `value`, which a person calls `name`; nil when nothing is.
  package func fault(_ name: String, _ value: Value) -> String? {
    contains(value) ? nil : "\(name) \(rule), not \(Self.text(value))"
  }

  /// Whole numbers without a point.
  private static func text(_ value: Value) -> String {
    guard let number = value as? Double, number == number.rounded(), abs(number) < 1e15 else {
      return "\(value)"
    }
    return "\(Int(number))"
  }
}

/// A number among settings: what the command line calls it, where it lies, and the values that it may take.
struct BoundedNumber<Settings>: Sendable {
  let path: PartialKeyPath<Settings> & Sendable
  let range: any Sendable
  let fault: @Sendable (Settings) -> String?

  init<Value: RangedValue>(
    _ option: String, _ path: KeyPath<Settings, Value> & Sendable, _ range: NumberRange<Value>
  ) {
    self.path = path
    self.range = range
    fault = { range.fault(option, $0[keyPath: path]) }
  }
}

extension [BoundedNumber<TrainingSettings>] {
  static let training: Self = [
    BoundedNumber("--epochs", \.epochs, NumberRange(1...1_000_000)),
    BoundedNumber("--batch-size", \.batchSize, NumberRange(1...1_000_000)),
    BoundedNumber("--learning-rate", \.learningRate, NumberRange(1e-30...1000)),
    BoundedNumber("--warmup-epochs", \.warmupEpochs, NumberRange(0...1_000_000)),
    // Under 1 in float32 as well, which the optimizer reckons in.
    BoundedNumber("--beta1", \.beta1, NumberRange(0...0.999999)),
    BoundedNumber("--beta2", \.beta2, NumberRange(0...0.999999)),
    BoundedNumber("--epsilon", \.epsilon, NumberRange(1e-30...1)),
    BoundedNumber("--weight-decay", \.weightDecay, NumberRange(0...1000)),
    BoundedNumber("--clip-norm", \.clipNorm, NumberRange(1e-6...1e9, or: 0)),
    BoundedNumber("--beta", \.beta, NumberRange(0...1_000_000)),
    BoundedNumber("--beta-epochs", \.betaEpochs, NumberRange(0.001...1_000_000)),
    BoundedNumber("--free-bits", \.freeBits, NumberRange(0...1_000_000)),
    BoundedNumber("--importance-samples", \.importanceSamples, NumberRange(1...1_000_000)),
    BoundedNumber("--dropout", \.dropout, NumberRange(0...0.99)),
    BoundedNumber("--average-decay", \.averageDecay, NumberRange(0...0.999999)),
    BoundedNumber("--seed", \.seed, NumberRange(0...UInt64.max)),
    BoundedNumber("--threads", \.threads, NumberRange(0...1024)),
    BoundedNumber("--validation-fraction", \.validationFraction, NumberRange(1e-9...0.999999)),
    BoundedNumber("--patience", \.patience, NumberRange(0...1_000_000)),
    BoundedNumber("--sample-every", \.sampleEvery, NumberRange(0...1_000_000)),
  ]
}

extension [BoundedNumber<ModelSettings>] {
  static let model: Self = [
    BoundedNumber("--latent", \.latent, NumberRange(1...1 << 16)),
    BoundedNumber("--sigma", \.sigma, NumberRange(1e-4...1000)),
  ]
}

extension Array {
  /// The values that the number at `path` may take.
  fileprivate func range<Settings, Value: RangedValue>(of path: KeyPath<Settings, Value>) -> NumberRange<
    Value
  >
  where Element == BoundedNumber<Settings> {
    guard
      let range = first(where: { ($0.path as PartialKeyPath<Settings>) == path })?.range
        as? NumberRange<Value>
    else {
      preconditionFailure("\(path) has no range")
    }
    return range
  }
}

extension TrainingSettings {
  /// The values that the number at `path` may take. Every number among the settings has such a range.
  package static func range<Value: RangedValue>(of path: KeyPath<TrainingSettings, Value>) -> NumberRange<
    Value
  > {
    [BoundedNumber<TrainingSettings>].training.range(of: path)
  }
}

extension ModelSettings {
  /// The values that the number at `path` may take: `latent` and `sigma`.
  package static func range<Value: RangedValue>(of path: KeyPath<ModelSettings, Value>) -> NumberRange<Value>
  {
    [BoundedNumber<ModelSettings>].model.range(of: path)
  }

  /// Units of a hidden layer.
  package static let widths = NumberRange(1...1 << 20)
  /// Hidden layers of an encoder or a decoder. Dropout's random numbers tell 256 layers apart.
  package static let mostLayers = 100
  /// Pixels of an image.
  package static let mostPixels = 1 << 24
}
