import Files
import Selva

/// Settings as people read and type them.
enum SettingText {
  /// 512,256 for a list, the raw value of an enumeration, else the value's description.
  static func of<Value>(_ value: Value) -> String {
    switch value {
    case let list as [Int]: list.isEmpty ? "none" : joined(list, ",")
    case let number as Double where number == number.rounded() && abs(number) < 1e15: "\(Int(number))"
    case let prior as Prior: prior.text
    case let choice as any RawRepresentable: "\(choice.rawValue)"
    default: "\(value)"
    }
  }

  /// Every stored property of a value, as words and text: ("batch size", "128").
  static func properties(of value: Any) -> [(name: String, text: String)] {
    Mirror(reflecting: value).children.map { child in
      (words(child.label ?? ""), of(child.value))
    }
  }

  static func joined(_ numbers: [Int], _ separator: String) -> String {
    numbers.map(String.init).joined(separator: separator)
  }

  /// batchSize as batch size.
  private static func words(_ name: String) -> String {
    name.reduce(into: "") { words, letter in
      words += letter.isUppercase ? " \(letter.lowercased())" : "\(letter)"
    }
  }
}

/// Paths as text.
enum FilePath {
  /// The same place, whatever the working folder will be.
  static func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    let start = String(cString: folder)
    return path == "." ? start : start == "/" ? "/\(path)" : "\(start)/\(path)"
  }

  /// The last part of a path.
  static func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
