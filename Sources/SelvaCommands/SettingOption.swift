import ArgumentParser
import Networks
import Selva

extension Activation: ExpressibleByArgument {}
extension BetaShape: ExpressibleByArgument {}
extension Binarization: ExpressibleByArgument {}
extension LearningRateShape: ExpressibleByArgument {}
extension Likelihood: ExpressibleByArgument {}
extension Objective: ExpressibleByArgument {}

/// A setting that was given on the command line.
struct Change<Settings> {
  let option: String
  let apply: (inout Settings) -> Void

  init(_ option: String, _ apply: @escaping (inout Settings) -> Void) {
    self.option = option
    self.apply = apply
  }

  /// Nil where the option was not given.
  init?<Value>(_ option: String, _ value: Value?, _ property: WritableKeyPath<Settings, Value>) {
    guard let value else { return nil }
    self.option = option
    apply = { $0[keyPath: property] = value }
  }
}

/// What the options of settings have in common.
enum SettingOption {
  /// Help of an option that is nil where it was not given: a resumed run has to tell a default from a wish. The
  /// default is read from the settings, so the help cannot drift from them.
  static func help<Value>(_ text: String, _ standard: Value, _ valueName: String? = nil) -> ArgumentHelp {
    ArgumentHelp("\(text) (default: \(SettingText.of(standard)))", valueName: valueName)
  }

  static let standardModel = ModelSettings(height: 1, width: 1)
  static let standard = TrainingSettings()

  /// The same for a number, with its range.
  static func help<Value: RangedValue>(_ text: String, _ path: KeyPath<TrainingSettings, Value>)
    -> ArgumentHelp
  {
    TrainingSettings.range(of: path).help(text, default: SettingText.of(standard[keyPath: path]))
  }

  static func help<Value: RangedValue>(_ text: String, _ path: KeyPath<ModelSettings, Value>) -> ArgumentHelp
  {
    ModelSettings.range(of: path).help(text, default: SettingText.of(standardModel[keyPath: path]))
  }

  /// Reads the number of a setting.
  static func number<Value: RangedValue>(
    _ path: KeyPath<TrainingSettings, Value>
  ) -> @Sendable (String) throws -> Value { TrainingSettings.range(of: path).parse }

  static func number<Value: RangedValue>(
    _ path: KeyPath<ModelSettings, Value>
  ) -> @Sendable (String) throws -> Value { ModelSettings.range(of: path).parse }
}
