import Files
import Foundation
import IDX
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

/// An IDX file, byte by byte, without the writer under test.
func idx(_ type: UInt8, _ sizes: [UInt32], _ data: [UInt8] = []) -> [UInt8] {
  [0, 0, type, UInt8(sizes.count)] + sizes.flatMap(bigEndian) + data
}

func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.bigEndian) { Array($0) }
}

/// A gzip member that stores `content` as it is, made without zlib, at most 65,535 bytes of it.
func gzip(_ content: [UInt8]) -> [UInt8] {
  let count = UInt16(content.count)
  let lengths = [count, ~count].flatMap { bigEndian($0).reversed() }
  let sums = [crc32(content), UInt32(count)].flatMap { bigEndian($0).reversed() }
  return [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1] + lengths + content + sums
}

private func crc32(_ bytes: [UInt8]) -> UInt32 {
  ~bytes.reduce(UInt32.max) { sum, byte in
    (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xedb8_8320 : sum >> 1 }
  }
}

/// Expects that `body` throws exactly `expected`, with a message of one line that says `parts`.
func expectFault(
  _ expected: IDXError, saying parts: String..., at location: SourceLocation = #_sourceLocation,
  _ body: () throws -> Void
) {
  let fault = #expect(throws: expected, sourceLocation: location) { try body() }
  guard let fault else { return }
  let message = fault.description
  #expect(!message.contains("\n"), sourceLocation: location)
  for part in parts {
    #expect(message.contains(part), "\(message) lacks \(part)", sourceLocation: location)
  }
}

/// `[count, height, width]`
func shape(_ set: ImageSet) -> [Int] {
  #expect(set.pixelCount == set.height * set.width)
  return [set.count, set.height, set.width]
}
