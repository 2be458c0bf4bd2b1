import Foundation
import Testing

/// A file's bytes; none where it is not there.
func bytes(_ path: String) -> [UInt8] { FileManager.default.contents(atPath: path).map([UInt8].init) ?? [] }

/// For expectations: a comparison of arrays would print both when it fails.
func isSame(_ path: String, _ expected: [UInt8]) -> Bool { !expected.isEmpty && bytes(path) == expected }

func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

/// One object, as from `--json` or `config.json`.
func jsonObject(_ bytes: [UInt8]) throws -> [String: Any] {
  try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
}

/// A command that must fail without leaving anything behind.
struct Misuse: CustomTestStringConvertible, Sendable {
  let arguments: [String]
  let status: Int32
  /// What the one line on standard error says.
  let text: String

  init(_ arguments: String, _ status: Int32, _ text: String) {
    self.arguments = arguments.split(separator: " ").map { $0 == "''" ? "" : String($0) }
    self.status = status
    self.text = text
  }

  var testDescription: String { arguments.joined(separator: " ") }

  /// Runs it in `folder` and looks at everything that it leaves.
  func check(in folder: String) throws {
    let before = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
    let result = try Program.run(arguments, in: folder)
    #expect(result.status == status)
    #expect(result.output.isEmpty)
    #expect(result.errors.hasPrefix("selva: ") && result.errors.hasSuffix("\n"))
    #expect(result.errors.filter { $0 == "\n" }.count == 1, "one line, not: \(result.errors)")
    #expect(result.errors.contains(text), "\(result.errors)")
    #expect(try FileManager.default.subpathsOfDirectory(atPath: folder).sorted() == before)
  }
}
