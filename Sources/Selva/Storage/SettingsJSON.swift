#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Settings as JSON: keys in one order, so that equal settings are equal bytes.
package enum SettingsJSON {
  package static func encode(_ value: some Encodable, pretty: Bool = false) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    guard let data = try? encoder.encode(value) else {
      preconditionFailure("\(type(of: value)) cannot be written as JSON")
    }
    return String(decoding: data, as: UTF8.self)
  }

  /// Bytes; what is read is kept several times over, and settings are far shorter.
  private static let longest = 1 << 20

  /// - Throws: `ModelFileError` that names the file and the part of it.
  package static func decode<Value: Decodable>(
    _ type: Value.Type, from text: String, path: String, part: String
  ) throws -> Value {
    guard text.utf8.count <= longest else {
      throw ModelFileError(
        path: path,
        reason: "\(part) cannot be read: they are \(text.utf8.count) bytes long, \(longest) at most")
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    do {
      return try decoder.decode(type, from: Data(text.utf8))
    } catch {
      throw ModelFileError(path: path, reason: "\(part) cannot be read: \(SettingsJSON.reason(error))")
    }
  }

  private static func reason(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "it is not JSON" }
    switch error {
    case .keyNotFound(let key, _): return "'\(key.stringValue)' is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      let place = context.codingPath.map(\.stringValue).joined(separator: ".")
      return place.isEmpty
        ? "it is not JSON as Selva writes it" : "'\(place)' has a value Selva does not know"
    @unknown default: return "it is not JSON as Selva writes it"
    }
  }
}
