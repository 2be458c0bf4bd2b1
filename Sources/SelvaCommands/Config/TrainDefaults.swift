import Files
import IDX
import Selva

/// What holds where an option of `train` is not given: the settings of a config.json, or nothing.
struct TrainDefaults {
  var model = ModelDefaults()
  var training: [Change<TrainingSettings>] = []
  var data: String?
  var labels: String?
  var testData: String?
  var testLabels: String?
  var layout: ImageLayout?
  var startFrom: String?
  /// Name of the recorder that the run was told to.
  var recorder: String?
  /// The keys that were there and say something, as `training.epochs`.
  private(set) var keys: [String] = []
  /// The file; nil where there is none.
  private(set) var path: String?

  init() {}

  /// Reads a config.json, or that of a run's folder. Any part of it will do.
  ///
  /// - Throws: `FileError` where it cannot be read, `ConfigError` for the first key that is not known, is there twice, or
  ///   has a value that its option would not take.
  init(contentsOf argument: String) throws {
    let path = FileKind.isFolder(argument) ? RunDirectory(argument).configuration : argument
    let value = try MappedFile.withBytes(of: path) { bytes in
      try FileSignature.check(
        bytes, isOneOf: [.json, .csv, .text, .unknown], path: path,
        fix: "name a run's config.json or its folder")
      guard bytes.count <= TrainDefaults.longest else {
        throw FileError(
          .badData, path: path, reason: "has \(bytes.count) bytes, settings at most \(TrainDefaults.longest)")
      }
      return try JSONValue(bytes, path: path)
    }
    self.path = path
    try take(value, at: "")
  }

  /// Bytes; settings are far shorter.
  private static let longest = 1 << 20

  /// Takes an object key by key, and what is in the objects below it.
  private mutating func take(_ value: JSONValue, at place: String) throws {
    guard case .object(let members) = value else {
      throw error(place, value, "must be an object, as {\"epochs\": 20}")
    }
    var seen: Set<String> = []
    for member in members {
      let name = place.isEmpty ? member.name : "\(place).\(member.name)"
      guard seen.insert(name).inserted else { throw error(name, nil, "is there twice; leave one out") }
      if case .word("null") = member.value { continue }
      if ConfigKey.sections.contains(name), !ConfigKey.isText(member.value) {
        ConfigKey.open(section: name, in: &self)
        try take(member.value, at: name)
        continue
      }
      guard let key = ConfigKey.all.first(where: { $0.name == name }) else {
        throw error(name, nil, ConfigKey.advice(for: name))
      }
      do {
        try key.take(member.value, &self)
      } catch let refusal as ConfigKey.Refusal {
        throw error(name, member.value, refusal.rule)
      }
      if key.option != nil { keys.append(name) }
    }
  }

  private func error(_ key: String, _ value: JSONValue?, _ rule: String) -> ConfigError {
    ConfigError(path: path ?? "", key: key, value: value?.description, rule: rule)
  }

  /// What a person is told that it was taken from the file.
  func summary(given: [String]) -> String {
    let names = keys.map { $0.split(separator: ".").last.map(String.init) ?? $0 }
    let few = 6
    let taken =
      names.isEmpty
      ? "nothing" : names.count <= few ? names.joined(separator: ", ") : counted.joined(separator: ", ")
    let instead = given.isEmpty ? "" : "; by options: \(given.joined(separator: ", "))"
    return "taken from \(path ?? ""): \(taken)\(instead)"
  }

  private var counted: [String] {
    ["model", "training"].compactMap { section in
      let count = keys.count { $0.hasPrefix("\(section).") }
      return count == 0 ? nil : "\(count) \(count == 1 ? "setting" : "settings") of \(section)"
    }
      + (keys.contains("training.seed") ? ["its seed"] : [])
      + [("data", data), ("start", startFrom)].compactMap { name, path in
        path.map { "its \(name) (\(shown($0, most: 200)))" }
      }
  }
}

/// What is wrong with a config.json that a person gave.
struct ConfigError: Fault, Equatable {
  let path: String
  /// As `training.epochs`.
  let key: String
  /// As it is written; nil where the key itself is wrong.
  let value: String?
  let rule: String

  var category: FaultCategory { .badData }

  /// Longer values are cut.
  private static let longestValue = 40

  var description: String {
    guard let value else { return "\(path): '\(shown(key))' \(rule)" }
    let text = value.count > Self.longestValue ? "\(value.prefix(Self.longestValue))…" : value
    return key.isEmpty
      ? "\(path): it is \(shown(text)), and \(rule)"
      : "\(path): '\(shown(key))' is \(shown(text)), and \(rule)"
  }
}
