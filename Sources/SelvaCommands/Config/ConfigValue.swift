import ArgumentParser
import Selva

/// Values of config.json, read as the options read theirs, so that both are refused in the same words.
enum ConfigValue {
  static func number<Value: RangedValue>(_ value: JSONValue, _ range: NumberRange<Value>) throws -> Value {
    guard case .word(let text) = value else { throw ConfigKey.Refusal(rule: range.rule) }
    return try parsed(text, range.parse)
  }

  static func choice<Value: RawRepresentable & CaseIterable>(_ value: JSONValue) throws -> Value
  where Value.RawValue == String {
    if case .string(let text) = value, let choice = Value(rawValue: text) { return choice }
    throw ConfigKey.Refusal(
      rule: "must be one of \(Value.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))")
  }

  /// A list of numbers as the option takes it, with commas or as none.
  static func numbers(_ value: JSONValue, _ parse: (String) throws -> Widths) throws -> [Int] {
    let rule = "must be a list of whole numbers, as [512, 256]"
    guard case .array(let elements) = value else { throw ConfigKey.Refusal(rule: rule) }
    let words = try elements.map { element in
      guard case .word(let text) = element else { throw ConfigKey.Refusal(rule: rule) }
      return text
    }
    return try parsed(words.isEmpty ? "none" : words.joined(separator: ","), parse).values
  }

  static func text(_ value: JSONValue) throws -> String {
    guard case .string(let text) = value, !text.isEmpty else {
      throw ConfigKey.Refusal(rule: "must be text in quotes")
    }
    return text
  }

  static func texts(_ value: JSONValue) throws -> [String] {
    guard case .array(let elements) = value else {
      throw ConfigKey.Refusal(rule: "must be a list of texts in quotes")
    }
    return try elements.map(text)
  }

  /// What an option makes of `text`.
  static func parsed<Value>(_ text: String, _ parse: (String) throws -> Value) throws -> Value {
    do {
      return try parse(text)
    } catch let error as ValidationError {
      throw ConfigKey.Refusal(rule: error.message)
    }
  }
}
