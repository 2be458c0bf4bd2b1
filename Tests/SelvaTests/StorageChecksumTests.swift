import Files
import Foundation
import Testing

@testable import Selva

@Suite struct StorageChecksumTests {
  /// A kind of file, by name, for the tests' names.
  enum Kind: String, CaseIterable, CustomTestStringConvertible {
    case model, checkpoint

    var testDescription: String { rawValue }

    func write(to path: String) throws {
      switch self {
      case .model: try ModelFixture.writeModel(to: path)
      case .checkpoint: try ModelFixture.writeCheckpoint(to: path)
      }
    }

    func content(of path: String) throws -> String {
      switch self {
      case .model: try ModelFixture.content(ofModel: path)
      case .checkpoint: try ModelFixture.content(ofCheckpoint: path)
      }
    }
  }

  /// Nothing but a different way to write the same may come of a flipped bit. Of a model each is tried; of a
  /// checkpoint, which is long and for the most part a model, every seventh, which are all bits of a byte in turn.
  @Test(arguments: Kind.allCases) func everyFlippedBitIsNoticed(_ kind: Kind) throws {
    try withScratchFolder { folder in
      let path = "\(folder)/file.safetensors"
      try kind.write(to: path)
      let whole = try readFile(path)
      let content = try kind.content(of: path)
      let file = try #require(FileHandle(forUpdatingAtPath: path))
      var changed: [Int] = []
      for bit in stride(from: 0, to: 8 * whole.count, by: kind == .model ? 1 : 7) {
        try file.seek(toOffset: UInt64(bit / 8))
        file.write(Data([whole[bit / 8] ^ 1 << UInt8(bit % 8)]))
        do {
          if try kind.content(of: path) != content { changed.append(bit) }
        } catch is any Fault {}
        try file.seek(toOffset: UInt64(bit / 8))
        file.write(Data([whole[bit / 8]]))
      }
      #expect(changed.isEmpty)
      #expect(try kind.content(of: path) == content)
    }
  }

  @Test(arguments: Kind.allCases) func everyTruncationIsRefused(_ kind: Kind) throws {
    try withScratchFolder { folder in
      let path = "\(folder)/file.safetensors"
      try kind.write(to: path)
      let count = try readFile(path).count
      let file = try #require(FileHandle(forUpdatingAtPath: path))
      for length in stride(from: count - 1, through: 0, by: kind == .model ? -1 : -5) {
        try file.truncate(atOffset: UInt64(length))
        _ = try message { _ = try kind.content(of: path) }
      }
    }
  }

  /// The header and the data of a file.
  private func parts(_ bytes: [UInt8]) throws -> (header: String, data: [UInt8]) {
    let length = bytes.prefix(8).enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
    return (String(decoding: bytes[8..<8 + length], as: UTF8.self), Array(bytes[(8 + length)...]))
  }

  private func write(_ header: String, _ data: [UInt8], to path: String) throws {
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    try writeFile(length + Array(header.utf8) + data, path)
  }

  private let checksum = /,"selva\.checksum":"selva:crc32:[0-9a-f]{8}"/

  @Test(arguments: Kind.allCases) func aFileWithoutAChecksumIsTakenAtItsWord(_ kind: Kind) throws {
    try withScratchFolder { folder in
      let path = "\(folder)/file.safetensors"
      try kind.write(to: path)
      let content = try kind.content(of: path)
      var (header, data) = try parts(readFile(path))
      #expect(header.contains(checksum))
      header = header.replacing(checksum, with: "")
      try write(header, data, to: path)
      #expect(try kind.content(of: path) == content)
      // As for somebody who changed a weight on purpose.
      data[0] ^= 1
      try write(header, data, to: path)
      #expect(try kind.content(of: path) != content)
    }
  }

  @Test func damageIsSaidWithWhatToDo() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/file.safetensors"
      try ModelFixture.writeModel(to: path)
      var (header, data) = try parts(readFile(path))
      let stored = try #require(header.firstMatch(of: /selva:crc32:[0-9a-f]{8}/)).output
      data[5] ^= 0x10
      try write(header, data, to: path)
      let text = try message { _ = try VAE(contentsOf: path) }
      #expect(
        text.hasSuffix(
          ", and \(stored) is written in it; take a copy that is whole or, where it was changed on purpose,"
            + " remove 'selva.checksum' from its metadata"), "\(text)")
      #expect(text.hasPrefix("\(path): is damaged: its content has the checksum selva:crc32:"))
      data[5] ^= 0x10
      header = header.replacing("selva.checksum", with: "telva.checksum")
      try write(header, data, to: path)
      #expect(
        throws: StorageError.damaged(path: path, problem: "its checksum stands under 'telva.checksum'")
      ) { _ = try VAE(contentsOf: path) }
    }
  }

  /// Members and data in another order, spaces, and escapes, as other libraries write them.
  @Test func theSameContentLaidOutInAnotherWayIsWhole() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/file.safetensors"
      try ModelFixture.writeModel(to: path)
      let content = try ModelFixture.content(ofModel: path)
      let (header, data) = try parts(readFile(path))
      var root = try #require(
        try JSONSerialization.jsonObject(with: Data(header.utf8)) as? [String: [String: Any]])
      var turned: [UInt8] = []
      for name in root.keys.filter({ $0 != "__metadata__" }).sorted(by: >) {
        let range = try #require(root[name]?["data_offsets"] as? [Int])
        root[name]?["data_offsets"] = [turned.count, turned.count + range[1] - range[0]]
        turned += data[range[0]..<range[1]]
      }
      #expect(turned != data)
      let text = try JSONSerialization.data(withJSONObject: root, options: [.prettyPrinted])
      try write(String(decoding: text, as: UTF8.self), turned, to: path)
      #expect(try ModelFixture.content(ofModel: path) == content)
      root["__metadata__"]?["note"] = "added"
      let other = try JSONSerialization.data(withJSONObject: root)
      try write(String(decoding: other, as: UTF8.self), turned, to: path)
      #expect(try message { _ = try VAE(contentsOf: path) }.contains("is damaged"))
    }
  }
}
