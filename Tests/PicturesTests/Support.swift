import Foundation

@testable import Pictures

/// Runs `body` with the path of a new folder, which is removed afterwards.
func withScratchFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("selva-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}

func writeFile(_ bytes: [UInt8], _ path: String) throws {
  let url = URL(fileURLWithPath: path)
  try FileManager.default.createDirectory(
    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
  try Data(bytes).write(to: url)
}

func readFile(_ path: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) }

/// An item of a collection, as far as folders matter.
func item(
  _ name: String, _ root: PictureCollection.FolderRoot = .folder, label: String? = nil
) -> PictureCollection.Item {
  PictureCollection.Item(name: name, label: label, part: nil, root: root, offset: 0, channels: 1)
}
