import Files
import Selva
import Testing

@Suite struct StorageLatentTableTests {
  private func table(_ text: String) throws -> LatentTable {
    try LatentTable(bytes: text.utf8, name: "in.csv")
  }

  @Test func readsNamesLabelsBlanksAndComments() throws {
    let text =
      "\u{FEFF}# made by hand\r\n\r\n z0 , \"z1\",label , log_variance0\r\n"
      + " 1.5,\t-2e-3, \"a, \"\"b\"\"\" ,3\r\n   \n  # between\n+4,5.,seven,.5"
    let table = try table(text)
    #expect(table.columns == ["z0", "z1", "log_variance0"])
    #expect(table.values == [1.5, -2e-3, 3, 4, 5, 0.5])
    #expect(table.labels == ["a, \"b\"", "seven"])
    #expect(table.count == 2)
    #expect(table.row(1) == [4, 5, 0.5])
  }

  @Test func readsNumbersWithoutNames() throws {
    #expect(try table("1,2\n3,4") == LatentTable(latent: 2, values: [1, 2, 3, 4]))
    #expect(try table("7") == LatentTable(latent: 1, values: [7]))
  }

  @Test func roundTripsEveryKindOfFloat() throws {
    var values: [Float] = [0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .leastNormalMagnitude]
    values += [0.1, 1 / 3, 16_777_216, 1e10, -1e-10]
    var state: UInt32 = 1
    while values.count < 30_000 {
      state = state &* 1_664_525 &+ 1_013_904_223
      let value = Float(bitPattern: state)
      if value.isFinite { values.append(value) }
    }
    let labels = (0..<10_000).map { [" x", "#", "", "a\nb", "\"", "5", "é"][$0 % 7] }
    let table = LatentTable(columns: ["z0", "seven", "#, b"], values: values, labels: labels)
    let back = try LatentTable(bytes: table.csv(), name: "memory")
    #expect(back == table)
    #expect(back.values.map(\.bitPattern) == values.map(\.bitPattern))
  }

  @Test func writesPlainText() {
    let table = LatentTable(latent: 2, values: [0.1, -1e-7, 123, 1e9], labels: ["7", "a b"])
    #expect(
      String(decoding: table.csv(), as: UTF8.self) == "z0,z1,label\n0.1,-1e-07,7\n123.0,1e+09,\"a b\"\n")
  }

  static let broken: [(text: String, fault: StorageError)] = [
    ("", .noRows(path: "in.csv")),
    ("# nothing\n\n", .noRows(path: "in.csv")),
    ("z0,z1\n", .noRows(path: "in.csv")),
    ("z0,z1\n1,2\n\n3\n", .raggedRow(path: "in.csv", line: 4, expected: 2, found: 1)),
    ("1,2\n3,4,\n", .raggedRow(path: "in.csv", line: 2, expected: 2, found: 3)),
    ("z0,z1\n1,two\n", .notANumber(path: "in.csv", line: 2, column: 2, text: "two")),
    ("z0\n1 two\n", .notANumber(path: "in.csv", line: 2, column: 1, text: "1 two")),
    ("z0,z1\n1,\n", .notANumber(path: "in.csv", line: 2, column: 2, text: "")),
    ("z0,label\n\"\",\"a\nb\"\n", .notANumber(path: "in.csv", line: 2, column: 1, text: "")),
    ("1\n\"2\n\"\n", .notANumber(path: "in.csv", line: 2, column: 1, text: "2\n")),
    ("nan,1\n", .notFinite(path: "in.csv", line: 1, column: 1, text: "nan")),
    ("label,z0\na,1\nb,-inf\n", .notFinite(path: "in.csv", line: 3, column: 2, text: "-inf")),
    ("z0\n1e39\n", .notFinite(path: "in.csv", line: 2, column: 1, text: "1e39")),
  ]

  @Test(arguments: broken) func refuses(text: String, fault: StorageError) throws {
    #expect(throws: fault) { _ = try table(text) }
    #expect(try message { _ = try table(text) }.hasPrefix("in.csv: "))
  }

  @Test(arguments: [
    ("z0,z0\n1,2\n", "line 1: column 2 repeats the name 'z0'"),
    ("\n0.5,abc\n", "line 2: column 1 is the number 0.5 beside"),
    ("label\na\n", "line 1: names no column of numbers"),
    ("z0\n\"1\n", "line 2: a quoted field does not end"),
    ("z0,label\n1,\"a\"b\n", "line 2: text follows a closing quote"),
  ]) func refusesBrokenTables(text: String, says: String) throws {
    let message = try message { _ = try table(text) }
    #expect(message.hasPrefix("in.csv: \(says)"), "\(message)")
  }

  @Test func keepsMessagesShortAndPrintable() throws {
    let long = "\u{1B}[31m" + String(repeating: "x", count: 5000)
    let text = try message { _ = try table("z0\n\(long)\n") }
    #expect(text.unicodeScalars.count < 250)
    #expect(!text.unicodeScalars.contains("\u{1B}"))
  }

  @Test func choosesTheVectorsToDecode() throws {
    let table = LatentTable(columns: ["z1", "log_variance0", "z0"], values: [1, 2, 3, 4, 5, 6])
    #expect(try table.vectors(latent: 2, name: "t") == [3, 1, 6, 4])
    #expect(table.part("log_variance")?.values == [2, 5])
    #expect(table.part("mean") == nil)
    let unnamed = LatentTable(columns: ["a", "b"], values: [1, 2])
    #expect(try unnamed.vectors(latent: 2, name: "t") == [1, 2])
    let fault = StorageError.latentWidth(path: "t", expected: 3, found: 2)
    #expect(throws: fault) { _ = try table.vectors(latent: 3, name: "t") }
    #expect(throws: fault) { _ = try unnamed.vectors(latent: 3, name: "t") }
  }

  @Test func choosesTheFormatByName() throws {
    try withScratchFolder { folder in
      let table = LatentTable(latent: 2, values: [1, 2, 3, 4], labels: ["a", "b"])
      try table.write(to: "\(folder)/z.csv")
      #expect(try LatentTable(contentsOf: "\(folder)/z.csv") == table)
      #expect(throws: StorageError.unknownFormat(path: "\(folder)/z.png")) {
        try table.write(to: "\(folder)/z.png")
      }
      #expect(throws: FileError.self) { _ = try LatentTable(contentsOf: "\(folder)/none.csv") }
      // An array by its content, whatever its name.
      try writeFile(ArrayFixtures.bytes("<f4 C"), "\(folder)/z")
      #expect(try LatentTable(contentsOf: "\(folder)/z").count == 2)
    }
  }
}
