import Files
import Foundation
import Selva
import Testing

/// Arrays that NumPy wrote, and what its `astype(numpy.float32)` makes of them (References/npy_arrays.py).
enum ArrayFixtures {
  struct File: Decodable, CustomTestStringConvertible {
    let name: String
    let file: Data
    /// Nil for those that are refused.
    let floats: Data?

    var testDescription: String { name }
  }

  static let all: [String: [File]] = {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/arrays.json")
    do {
      return try JSONDecoder().decode([String: [File]].self, from: Data(contentsOf: path))
    } catch {
      preconditionFailure("\(path.path): \(error)")
    }
  }()

  static let read = all["read"] ?? []
  static let refused = all["refused"] ?? []

  static func bytes(_ name: String) throws -> [UInt8] {
    try [UInt8](#require(all.values.joined().first { $0.name == name }).file)
  }
}

@Suite struct StorageArrayTests {
  private func read(_ bytes: [UInt8]) throws -> LatentTable {
    try withScratchFolder { folder in
      try writeFile(bytes, "\(folder)/z.npy")
      return try LatentTable(contentsOf: "\(folder)/z.npy")
    }
  }

  @Test(arguments: ArrayFixtures.read) func readsWhatNumPyWrites(_ file: ArrayFixtures.File) throws {
    let floats = try [UInt8](#require(file.floats))
    let table = try read([UInt8](file.file))
    #expect(table.columns == ["z0", "z1", "z2"])
    let isSame = table.values.withUnsafeBytes { $0.elementsEqual(floats) }
    #expect(isSame, "\(table.values)")
  }

  @Test func hasEveryTypeAndOrder() {
    #expect(ArrayFixtures.read.count == 46 && ArrayFixtures.refused.count == 12)
  }

  @Test(arguments: [
    (
      "complex",
      "byte 10: the array holds complex numbers (<c8); save its real part and its imaginary part as columns"
    ),
    ("objects", "byte 10: the array holds Python objects (|O); save array.astype('<f4')"),
    ("bytes", "byte 10: the array holds text (|S3); save array.astype('<f4')"),
    ("text", "byte 10: the array holds text (<U3); save array.astype('<f4')"),
    ("dates", "byte 10: the array holds dates or times (<M8[D]); save array.astype('<f4')"),
    (
      "bfloat16",
      "byte 10: the array holds raw bytes, as it does for bfloat16 (|V2); save array.astype('<f4')"
    ),
    (
      "long double",
      "byte 10: the array holds numbers of a type unknown here (<f16); save array.astype('<f4')"
    ),
    ("structured", "byte 10: the array is of a structured type; save a plain array, as array['name']"),
    (
      "rank 0", "byte 10: the array has 0 dimensions, not [count, latent]; save array.reshape(len(array), -1)"
    ),
    (
      "rank 3", "byte 10: the array has 3 dimensions, not [count, latent]; save array.reshape(len(array), -1)"
    ),
    // In Fortran order the value of row 2, column 1 comes second.
    (
      "too large",
      "byte 136: row 2, column 1 is not a finite 32-bit number; remove the row or the cause of it"
    ),
    ("no rows", "has no rows; give at least one latent vector"),
  ]) func refuses(name: String, says: String) throws {
    let message = try message { _ = try read(ArrayFixtures.bytes(name)) }
    #expect(message.hasSuffix("/z.npy: \(says)"), "\(message)")
  }

  @Test func writesWhatNumPyWrites() throws {
    try withScratchFolder { folder in
      let expected = try ArrayFixtures.bytes("<f4 C")
      let values = try read(expected).values
      let table = LatentTable(columns: ["a", "b", "c"], values: values, labels: ["x", "y"])
      try table.write(to: "\(folder)/z.NPY")
      // The fixture is of version 2, whose header has a length of four bytes.
      let written = try readFile("\(folder)/z.NPY")
      #expect(written.count == 128 + 24 && written[..<10] == [0x93, 78, 85, 77, 80, 89, 1, 0, 118, 0])
      let isSame = written[128...].elementsEqual(expected.suffix(24))
      #expect(isSame)
      #expect(try read(written).values == values)
    }
  }

  private func array(_ header: String, version: UInt8 = 1, data: Int = 0) -> [UInt8] {
    let length = header.utf8.count
    let size = (0..<(version > 1 ? 4 : 2)).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
    return [0x93, 78, 85, 77, 80, 89, version, 0] + size + Array(header.utf8)
      + [UInt8](repeating: 0, count: data)
  }

  private static let plain = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n"

  @Test(arguments: [
    (plain, 23, "byte 93: the file ends before the values of an array of shape [2, 3] do"),
    (plain, 25, "byte 94: 1 bytes follow the array"),
    (plain.replacing("(2, 3)", with: "(4611686018427387904, 4)"), 24, "the file ends before the values"),
    (plain.replacing("(2, 3)", with: "(9223372036854775808, 1)"), 24, "the array's shape cannot be read"),
    (plain.replacing("(2, 3)", with: "(-2, 3)"), 24, "the array's shape cannot be read"),
    (plain.replacing("(2, 3)", with: "(0, 9223372036854775807)"), 0, "has no rows"),
    (plain.replacing("(2, 3)", with: "(9223372036854775807, 0)"), 0, "the file ends before the values"),
    (plain.replacing("(2, 3)", with: "[2, 3]"), 24, "the array's shape cannot be read"),
    (
      plain.replacing("(2, 3)", with: "(262145,)"), 4 * 262_145,
      "rows of 262145 values are longer than 262144"
    ),
    (plain.replacing("False", with: "None"), 24, "the header does not say in which order"),
    (plain.replacing("'<f4'", with: "'<f04'"), 24, "a type unknown here (<f04)"),
    (plain.replacing("'<f4'", with: "'<i3'"), 24, "a type unknown here (<i3)"),
    (plain.replacing("'<f4'", with: "'<b2'"), 24, "a type unknown here (<b2)"),
    (plain.replacing("'<f4'", with: "''"), 24, "a type unknown here ()"),
    ("{}", 24, "the array is of a structured type"),
  ]) func refusesHeaders(header: String, data: Int, says: String) throws {
    let bytes = array(header, data: data)
    let message = try message { _ = try LatentTable(bytes: bytes, name: "z.npy") }
    #expect(message.hasPrefix("z.npy: ") && message.contains(says), "\(message)")
  }

  /// The longest row, and the longest header that is read, and one byte more.
  @Test func hasLimits() throws {
    let header = Self.plain.replacing("(2, 3)", with: "(262144,)")
    #expect(try LatentTable(bytes: array(header, data: 1 << 20), name: "z").columns.count == 1 << 18)
    let longest = Self.plain + String(repeating: " ", count: 65_535 - Self.plain.utf8.count)
    #expect(try LatentTable(bytes: array(longest, version: 2, data: 24), name: "z").count == 2)
    let longer = array(longest + "  ", version: 2, data: 24)
    let message = try message { _ = try LatentTable(bytes: longer, name: "z") }
    #expect(message.contains("byte 8: a header of 65537 bytes is longer than 65536"), "\(message)")
  }

  @Test func refusesDamagedArrays() throws {
    let whole = array(Self.plain, data: 24)
    for count in whole.indices {
      #expect(throws: (any Error).self) { _ = try read(Array(whole.prefix(count))) }
    }
    var newer = whole
    newer[6] = 9
    #expect(try message { _ = try read(newer) }.contains("byte 6: the format's version is 9"))
  }
}
