import Files
import Foundation
import Selva
import Testing

@Suite struct StorageSafetensorsTests {
  /// Made by References/storage_files.py, as are all the fixtures here.
  private let mixedTypes = """
    IAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJtYWRlIGJ5Ijoic2FmZXRlbnNvcnMgXCIwXCIifSwid2lkZSI6eyJkdHlwZSI6
    IkY2NCIsInNoYXBlIjpbMiwyXSwiZGF0YV9vZmZzZXRzIjpbMCwzMl19LCJzaW5nbGUiOnsiZHR5cGUiOiJGMzIiLCJzaGFw
    ZSI6WzNdLCJkYXRhX29mZnNldHMiOlszMiw0NF19LCJicmFpbiI6eyJkdHlwZSI6IkJGMTYiLCJzaGFwZSI6WzIsMl0sImRh
    dGFfb2Zmc2V0cyI6WzQ0LDUyXX0sImhhbGYiOnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6WzddLCJkYXRhX29mZnNldHMiOls1
    Miw2Nl19fSCamZmZmZm5PyvmcItoEgCAAAAAAAAACkAAAAAAAAAwRgAAwD/NzMy9AQAAAIA/ScB/fwEAADwAwFU1AQD/ewB8
    AIA=
    """
  private let written = """
    OAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJub3RlIjoiw6lcdTAwMGFcXCIsInNlbHZhIjoie1wibGF0ZW50XCI6Mn0iLCJz
    ZWx2YS5jaGVja3N1bSI6InNlbHZhOmNyYzMyOjY4Mjk5YmM1In0sImIud2VpZ2h0Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUi
    OlsyLDNdLCJkYXRhX29mZnNldHMiOlswLDI0XX0sImEiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6W10sImRhdGFfb2Zmc2V0
    cyI6WzI0LDI4XX0sImVtcHR5Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlswLDNdLCJkYXRhX29mZnNldHMiOlsyOCwyOF19
    fSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAAAIA/AAAgwAAAQEAAAAAAwhYBAOaxYX/NzMw9
    """
  private let content = Safetensors(
    tensors: [
      Tensor(
        name: "b.weight", shape: [2, 3], values: [1, -2.5, 3, 0, Float(bitPattern: 0x0001_16C2), 3e38]),
      Tensor(name: "a", shape: [], values: [0.1]),
      Tensor(name: "empty", shape: [0, 3], values: []),
    ],
    metadata: ["selva": "{\"latent\":2}", "note": "é\n\\"])

  @Test func readsEveryFloatType() throws {
    try withScratchFolder { folder in
      try writeFile(fixture(mixedTypes), "\(folder)/mixed.safetensors")
      let file = try Safetensors(contentsOf: "\(folder)/mixed.safetensors")
      #expect(file.metadata == ["made by": "safetensors \"0\""])
      #expect(file.tensors.map(\.name) == ["wide", "single", "brain", "half"])
      #expect(file["wide"] == Tensor(name: "wide", shape: [2, 2], values: [0.1, -0.0, 3.25, 0x1p100]))
      #expect(file["single"]?.values == [1.5, -0.1, .leastNonzeroMagnitude])
      // 0x3F80, 0xC049, 0x7F7F and 0x0001 above sixteen zeros.
      #expect(file["brain"]?.shape == [2, 2])
      #expect(file["brain"]?.values == [1, -3.140625, 0x1.FEp127, 0x1p-133])
      #expect(file["half"]?.values == [1, -2, 0.333251953125, 0x1p-24, 65504, .infinity, 0])
      #expect(file["half"]?.values.last?.sign == .minus)
      #expect(file["none"] == nil)
    }
  }

  @Test func writesKnownBytes() throws {
    try withScratchFolder { folder in
      try content.write(to: "\(folder)/a.safetensors")
      let bytes = try readFile("\(folder)/a.safetensors")
      #expect(try bytes == fixture(written))
      #expect((bytes.count - 28) % 64 == 0)
      let back = try Safetensors(contentsOf: "\(folder)/a.safetensors")
      #expect(back.tensors == content.tensors)
      #expect(back.metadata == content.metadata)
      #expect(try back.requireTensor("b.weight", shape: [2, 3]) == content.tensors[0])
    }
  }

  @Test func writesAnEmptyFile() throws {
    try withScratchFolder { folder in
      try Safetensors().write(to: "\(folder)/none.safetensors")
      let back = try Safetensors(contentsOf: "\(folder)/none.safetensors")
      #expect(back.tensors.isEmpty && back.metadata.isEmpty)
    }
  }

  @Test func namesWhatIsMissingOrOfAnotherShape() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/a.safetensors"
      try content.write(to: path)
      let back = try Safetensors(contentsOf: path)
      #expect(throws: StorageError.missingTensor(path: path, tensor: "c")) {
        _ = try back.requireTensor("c", shape: [1])
      }
      let fault = StorageError.tensorShape(path: path, tensor: "a", offset: 344, expected: [1], found: [])
      #expect(throws: fault) { _ = try back.requireTensor("a", shape: [1]) }
      #expect(fault.description.hasPrefix("\(path): byte 344: tensor 'a' has shape [], expected [1]"))
      #expect(fault.category == .badData)
    }
  }

  @Test func readsDataInAnyOrderAndAtOddPlaces() throws {
    let header = """
      { "y" : {"shape":[1], "data_offsets":[4,8], "dtype":"F32", "more":[{}, {"b":[],"c":"\\"}"}, null, true, -1.5e3, 0, 1E+99]},
      "x\\u00e9\\ud83d\\ude00":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},
      "void":{"dtype":"F32","shape":[4,0],"data_offsets":[4,4]}}
      """
    #expect(header.utf8.count % 2 == 1)
    let file = try read(header, data: [0, 0, 128, 63, 0, 0, 0, 64])
    #expect(file.tensors.map(\.name) == ["xé😀", "void", "y"])
    #expect(file.tensors.map(\.values) == [[1], [], [2]])
  }

  /// A header, the data's size, and what the message must say.
  static let broken: [(header: String, dataSize: Int, says: String)] = [
    ("[]", 0, "byte 8: the header is not a JSON object"),
    ("{\"a\":{\"dtype\"", 0, "the JSON lacks ':'"),
    ("{\"__metadata__\":{},}", 0, "byte 27: the JSON lacks '\"'"),
    ("{} x", 0, "byte 11: the JSON goes on after its end"),
    ("{\"a\u{01}\":1}", 0, "control character"),
    ("{\"a", 0, "does not end"),
    ("{\"\\ud800\":1}", 0, "half a surrogate pair"),
    ("{\"\\uZZZZ\":1}", 0, "unknown escape"),
    ("{\"\\q\":1}", 0, "unknown escape"),
    ("{\"a\":{\"more\":nothing}}", 0, "byte 21: the JSON lacks a value"),
    ("{\"a\":{\"more\":" + String(repeating: "[", count: 100_000), 0, "nested too deeply"),
    ("{\"a\":{\"more\":" + String(repeating: "{\"b\":", count: 100_000), 0, "nested too deeply"),
    ("{\"a\":{\"more\":[01]}}", 0, "byte 22: the JSON has a number that is none"),
    ("{\"a\":{\"more\":-}}", 0, "a number that is none"),
    ("{\"a\":{\"more\":1.}}", 0, "a number that is none"),
    ("{\"a\":{\"more\":1e}}", 0, "a number that is none"),
    ("{\"a\":{\"more\":\"b\\", 0, "does not end"),
    ("{\"a\":{\"more\":\"\u{01}\"}}", 0, "control character"),
    ("{\"a\":{\"more\":[1 2]}}", 0, "the JSON lacks ']'"),
    ("{\"__metadata__\":[]}", 0, "__metadata__ is not a JSON object"),
    ("{\"__metadata__\":{\"k\":1}}", 0, "'k' is not a string"),
    ("{\"__metadata__\":{\"k\":\"\",\"k\":\"\"}}", 0, "'k' occurs twice"),
    ("{\"a\":[]}", 0, "tensor 'a' is not a JSON object"),
    ("{\"a\":{\"shape\":[],\"data_offsets\":[0,4]}}", 4, "has no dtype"),
    ("{\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, "of type I64"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "has no shape"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4, "has no shape"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1e0],\"data_offsets\":[0,4]}}", 4, "has no shape"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[-0],\"data_offsets\":[0,4]}}", 4, "has no shape"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775808],\"data_offsets\":[0,4]}}", 4, "has no shape"),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[\(String(repeating: "1,", count: 64))1],\"data_offsets\":[0,4]}}",
      4,
      "has no shape that is a list of sizes (64 at most)"
    ),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[01],\"data_offsets\":[0,4]}}", 4, "has no shape"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4]}}", 4, "has no data_offsets"),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "has 'shape' twice"
    ),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "before its beginning"),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4,
      "ends at byte 8 of data that has 4"
    ),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "its shape needs 8"),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,4]}}", 4,
      "its shape needs too many"
    ),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 5, "1 bytes follow the last tensor"),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "leaves 4 unused bytes before it"
    ),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
        + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}", 6,
      "tensor 'b' overlaps the tensor before it"
    ),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
        + "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "tensor 'a' occurs twice"
    ),
  ]

  @Test(arguments: broken.indices) func refuses(index: Int) throws {
    let (header, dataSize, says) = Self.broken[index]
    let text = try message { _ = try read(header, data: Array(repeating: 0, count: dataSize)) }
    #expect(text.contains(says), "\(text)")
  }

  @Test func refusesHeaderLengthsThatCannotBe() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/a.safetensors"
      for (bytes, length) in [
        ([1, 2, 3], 0), ([1, 0, 0, 0, 0, 0, 0, 0, 123], 1), ([3, 0, 0, 0, 0, 0, 0, 0, 123, 125], 3),
        (Array(repeating: 255, count: 64), UInt64.max),
      ] as [([UInt8], UInt64)] {
        try writeFile(bytes, path)
        #expect(throws: StorageError.headerLength(path: path, length: length, fileSize: bytes.count)) {
          _ = try Safetensors(contentsOf: path)
        }
      }
      #expect(throws: FileError.self) { _ = try Safetensors(contentsOf: "\(folder)/absent") }
    }
  }

  @Test func refusesANumberThatNoFloatHolds() throws {
    let header = "{\"a\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]}}"
    let data = [Double.infinity, 1e300].flatMap { value in
      (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    }
    let text = try message { _ = try read(header, data: data) }
    #expect(text.contains("byte \(8 + header.utf8.count + 8): tensor 'a' holds 1e+300"))
  }

  @Test func everyTruncationIsRefused() throws {
    let whole = try fixture(mixedTypes)
    try withScratchFolder { folder in
      for count in stride(from: 7, to: whole.count, by: 7) {
        try writeFile(whole.prefix(count), "\(folder)/cut")
        #expect(throws: StorageError.self) { _ = try Safetensors(contentsOf: "\(folder)/cut") }
      }
    }
  }

  private func read(_ header: String, data: [UInt8]) throws -> Safetensors {
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    return try withScratchFolder { folder in
      try writeFile(length + Array(header.utf8) + data, "\(folder)/file")
      return try Safetensors(contentsOf: "\(folder)/file")
    }
  }
}
