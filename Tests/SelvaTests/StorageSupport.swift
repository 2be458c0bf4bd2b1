import Files
import Foundation
import Testing

/// Runs `body` with the path of a new folder, which is removed afterwards.
func withScratchFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("selva-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}

func writeFile(_ bytes: some Sequence<UInt8>, _ path: String) throws {
  try Data(bytes).write(to: URL(fileURLWithPath: path))
}

func readFile(_ path: String) throws -> [UInt8] {
  try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
}

/// The bytes of a fixture in base64, broken into lines.
func fixture(_ text: String) throws -> [UInt8] {
  try [UInt8](#require(Data(base64Encoded: text.filter { !$0.isWhitespace })))
}

/// The one-line message of the fault that `body` throws.
func message(of body: () throws -> Void) throws -> String {
  do {
    try body()
  } catch let fault as any Fault {
    #expect(!fault.description.contains("\n"))
    return fault.description
  }
  Issue.record("nothing was thrown")
  return ""
}
