import ArgumentParser
import Selva

extension NumberRange {
  /// Reads a number as it is typed; what is none of the range is refused with the rule.
  @Sendable func parse(_ text: String) throws -> Value {
    guard let value = Value(text), contains(value) else { throw ValidationError(rule) }
    return value
  }

  /// Help that says the range and a default.
  func help(_ text: String, default standard: Value) -> ArgumentHelp {
    help(text, default: SettingText.of(standard))
  }

  /// Help that says the range, and what holds where the option is not given.
  func help(_ text: String, default standard: String? = nil, _ valueName: String? = nil) -> ArgumentHelp {
    let more = standard.map { " (default: \($0))" } ?? ""
    return ArgumentHelp("\(text) (\(self.text))\(more)", valueName: valueName)
  }
}

/// The values of the numbers that are no setting of a model or of its training.
enum Numbers {
  /// Images are counted in 32 bits.
  static let images = NumberRange(1...Int(Int32.max))
  static let index = NumberRange(0...Int(Int32.max))
  static let label = NumberRange(0...Int(UInt8.max))
  static let seed = TrainingSettings.range(of: \.seed)
  static let threads = TrainingSettings.range(of: \.threads)
  static let importanceSamples = TrainingSettings.range(of: \.importanceSamples)
  static let latent = ModelSettings.range(of: \.latent)
  static let batchSize = TrainingSettings.range(of: \.batchSize)
  /// Rows or columns of a picture, and pictures of a walk.
  static let cells = NumberRange(1...10_000)
  static let walk = NumberRange(2...10_000)
  static let traversal = NumberRange(1...1000)
  static let side = NumberRange(1...1000)
  static let padding = NumberRange(0...1000)
  static let background = NumberRange(0...UInt8.max)
  static let scale = NumberRange(1...64)
  /// Pictures a second.
  static let frameRate = NumberRange(0.1...100.0)
  static let temperature = NumberRange(0...1000.0)
  /// Standard deviations of the prior.
  static let reach = NumberRange(1e-6...1000)
  static let seconds = NumberRange(0.01...3600)
  static let oneThreadAtLeast = NumberRange(1...1024)
  static let ranks = NumberRange(1...4096)
  static let latency = NumberRange(0...10.0)
  static let bandwidth = NumberRange(1000...1e15)
}

/// A negative number after an option, which the parser would take for another option.
enum NegativeNumber {
  /// `--beta -1` as `--beta=-1`, which is the same to a person, so that it is judged as a value.
  static func joined(_ arguments: [String]) -> [String] {
    var result: [String] = []
    for (index, argument) in arguments.enumerated() {
      if arguments[..<index].contains("--") {
        result.append(argument)
      } else if let option = result.last, isOption(option), isNumber(argument) {
        result[result.count - 1] = "\(option)=\(argument)"
      } else {
        result.append(argument)
      }
    }
    return result
  }

  /// `--name` or `-n`, without a value.
  private static func isOption(_ text: String) -> Bool {
    guard text.hasPrefix("-"), !text.contains("="), !isNumber(text) else { return false }
    return text.hasPrefix("--") ? text.count > 2 : text.count == 2
  }

  /// A number, or a list that begins with one.
  private static func isNumber(_ text: String) -> Bool {
    guard text.hasPrefix("-"), let second = text.dropFirst().first else { return false }
    return second == "." || ("0"..."9").contains(second) || Double(text) != nil
  }
}
