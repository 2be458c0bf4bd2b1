import Files
import Foundation
import Selva
import Testing

/// First rows of tables as people and programs write them: which are names, which a vector, and which are refused.
@Suite struct StorageCSVHeaderTests {
  private func table(_ text: String) throws -> LatentTable {
    try LatentTable(bytes: text.utf8, name: "in.csv")
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let text: String
    var columns = ["z0", "z1"]
    var values: [Float] = [0.5, -1, 2, 0.25]
    var labels: [String]?
  }

  static let read = [
    Case(testDescription: "numbers", text: "0.5,-1\n2,0.25\n"),
    Case(testDescription: "numbers, all quoted", text: "\"0.5\",\"-1\"\n\"2\",\"0.25\"\n"),
    Case(testDescription: "names", text: "z0,z1\n0.5,-1\n2,0.25\n"),
    Case(testDescription: "all quoted", text: "\"z0\",\"z1\"\n\"0.5\",\"-1\"\n\"2\",\"0.25\"\n"),
    Case(
      testDescription: "one vector that counts", text: "0,1,2\n", columns: ["z0", "z1", "z2"],
      values: [0, 1, 2]),
    Case(testDescription: "vectors that count from 1", text: "1,2\n3,4\n", values: [1, 2, 3, 4]),
    Case(testDescription: "whole numbers with points", text: "0.0,1.0\n3,4\n", values: [0, 1, 3, 4]),
    Case(testDescription: "pandas with its index", text: ",0,1\n0,0.5,-1\n1,2,0.25\n"),
    Case(
      testDescription: "pandas with its index and labels", text: ",0,1,label\n0,0.5,-1,a\n1,2,0.25,b\n",
      labels: ["a", "b"]),
    Case(
      testDescription: "pandas with labels first", text: "label,0,1\na,0.5,-1\nb,2,0.25\n",
      labels: ["a", "b"]),
    Case(testDescription: "pandas with names of its own", text: ",z0,z1\n0,0.5,-1\n1,2,0.25\n"),
    Case(
      testDescription: "a name that only looks like a vector's", text: "z0,z1,z01\n0.5,-1,7\n2,0.25,8\n",
      columns: ["z0", "z1", "z01"], values: [0.5, -1, 7, 2, 0.25, 8]),
    Case(testDescription: "pandas with two indices", text: ",,z0,z1\n0,a,0.5,-1\n1,b,2,0.25\n"),
    Case(
      testDescription: "pandas quoting all",
      text: "\"\",\"0\",\"1\"\n\"0\",\"0.5\",\"-1\"\n\"1\",\"2\",\"0.25\"\n"),
    Case(
      testDescription: "R", text: "\"\",\"V1\",\"V2\"\n\"row 1\",0.5,-1\n\"2\",2,0.25\n",
      columns: ["V1", "V2"]),
    Case(testDescription: "text first", text: "file,z0,z1\na.png,0.5,-1\nb.png,2,0.25\n"),
    Case(testDescription: "text between", text: "z0,note,z1\n0.5,nan,-1\n2,3,0.25\n"),
    Case(
      testDescription: "text in one row", text: "z0,z1,a,b\n0.5,-1,7,8\n2,0.25,x,9\n",
      columns: ["z0", "z1", "b"], values: [0.5, -1, 8, 2, 0.25, 9]),
    Case(testDescription: "no finite number", text: "z0,z1,a\n0.5,-1,1\n2,0.25,1e39\n"),
    Case(testDescription: "other names twice", text: "z0,a,a,z1\n0.5,x,y,-1\n2,x,y,0.25\n"),
    Case(testDescription: "a name that is a number", text: "z0,7,z1\n0.5,8,-1\n2,9,0.25\n"),
    Case(testDescription: "a name that is empty", text: "z0,,z1\n0.5,x,-1\n2,,0.25\n"),
    Case(
      testDescription: "other order", text: "z1,label,z0\n-1,a,0.5\n0.25,b,2\n", columns: ["z1", "z0"],
      values: [-1, 0.5, 0.25, 2], labels: ["a", "b"]),
    Case(
      testDescription: "no name is z0", text: "x,y,label\n0.5,-1,a\n2,0.25,b\n", columns: ["x", "y"],
      labels: ["a", "b"]),
    Case(
      testDescription: "mark, CRLF, blanks", text: "\u{FEFF} z0 ,\tz1\r\n\r\n 0.5 , -1 \r\n\r\n2,0.25\r\n\r\n"
    ),
    Case(testDescription: "CR alone", text: "z0,z1\r0.5,-1\r2,0.25\r"),
    Case(testDescription: "CR alone, blank lines and comments", text: "\r#c\r\"z0\",z1\r \r0.5,-1\r2,0.25"),
    Case(testDescription: "CR in a name", text: "\"a\rb\",c\n0.5,-1\n2,0.25\n", columns: ["a\rb", "c"]),
    Case(testDescription: "commas at the ends", text: "z0,z1,\n0.5,-1,\n2,0.25,\n"),
    Case(testDescription: "commas at the ends of numbers", text: "0.5,-1,,\n2,0.25,,\n"),
    Case(
      testDescription: "commas at the ends of other names", text: "a,b,\n0.5,-1,\n2,0.25,\n",
      columns: ["a", "b"]),
    Case(testDescription: "a comment first, as numpy.savetxt has it", text: "# z0,z1\n0.5,-1\n2,0.25\n"),
  ]

  @Test(arguments: read) func reads(_ file: Case) throws {
    let table = try table(file.text)
    #expect(table.columns == file.columns)
    #expect(table.values == file.values)
    #expect(table.labels == file.labels)
    // What is written reads as it was.
    #expect(try LatentTable(bytes: table.csv(), name: "again") == table)
  }

  @Test(arguments: [
    (
      "0,1,2\n0.5,-1,3\n",
      "line 1: the first row, 0 to 2, may be names of columns or a vector; write z0,z1,… if it is"
    ),
    ("\"0\",\"1\"\n0.5,-1\n", "line 1: the first row, 0 to 1, may be"),
    ("0\n1\n", "line 1: the first row, 0 to 0, may be"),
    ("0,1,\n2,3,\n", "line 1: the first row, 0 to 1, may be"),
    (
      "\n\"0.5\",\"abc\"\n",
      "line 2: column 1 is the number 0.5 beside fields that are none; name every column"
    ),
    ("a,0,1\nb,2,3\n", "line 1: column 2 is the number 0 beside"),
    ("label,1,2\nb,2,3\n", "line 1: column 2 is the number 1 beside"),
    ("label,a,0\nb,2,3\n", "line 1: column 3 is the number 0 beside"),
    ("z0,z1,z0\n1,2,3\n", "line 1: column 3 repeats the name 'z0'"),
    ("z0,label,label\n1,2,3\n", "line 1: column 3 repeats the name 'label'"),
    ("a,b,a\n1,2,3\n", "line 1: column 3 repeats the name 'a'"),
    ("z0,z2\n1,2\n", "line 1: there is a column z2, but none is named z1"),
    ("z2,z1\n1,2\n", "line 1: there is a column z1, but none is named z0"),
    (
      "z0,z9223372036854775807\n1,2\n", "line 1: there is a column z9223372036854775807, but none is named z1"
    ),
    ("0.5,,2\n1,2,3\n", "line 1: column 2 is empty"),
    (",0.5\n1,2\n", "line 1: column 1 is empty"),
    (",,\n1,2,3\n", "line 1: names no column of numbers"),
    ("\"\"\n1\n", "line 1: names no column of numbers"),
    ("1,2,\n3,4,5\n", "line 2: column 3 holds '5' and has no name"),
    ("a,b,\n3,4,5\n", "line 2: column 3 holds '5' and has no name"),
    ("z0,z1,\n3,,5\n", "line 2, column 2: '' is not a number"),
    ("a,b\n3,x\n", "line 2, column 2: 'x' is not a number"),
    (",z0,z1\n", "has no rows"),
  ]) func refuses(text: String, says: String) throws {
    let message = try message { _ = try table(text) }
    #expect(message.hasPrefix("in.csv: \(says)"), "\(message)")
  }

  @Test(arguments: [
    ("0.5;-1;2\n", "line 1: has semicolons between its fields; put commas there"),
    ("z0;z1\n0.5;-1\n", "line 1: has semicolons between its fields; put commas there"),
    ("\"z0\";\"z1\"\n", "line 1: has semicolons between its fields; put commas there"),
    (
      "0,5;-1,25\n",
      "line 1: has semicolons between its fields and commas for points; write 0.5,1 rather than 0,5;1"
    ),
    ("z0,z1\n0,5;-1,25\n", "line 2: has semicolons between its fields and commas for points"),
    ("a;b\n0.5;-1\n", "line 2: has semicolons between its fields; put"),
    ("0.5\t-1\n", "line 1: has tabs between its fields; put commas there"),
    ("z0\tz1\r\n0.5\t1\r\n", "line 1: has tabs between its fields"),
    (
      "0,5\t-1,25\n",
      "line 1: has tabs between its fields and commas for points; write 0.5,1 rather than 0,5 1"
    ),
    ("\"0.5\"\t\"1\"\n", "line 1: has tabs between its fields"),
    ("0.5   -1 2\n", "line 1: has spaces between its fields; put commas there"),
    ("z0 z1\n1 2\n", "line 1: has spaces between its fields"),
    ("\"0.5\" \"1\"\n", "line 1: has spaces between its fields"),
    ("z0,z1\n0.5 1\n", "line 2: has spaces between its fields"),
    ("\"0,5\",\"-1,25\"\n", "line 1: '0,5' has a comma for a point; write 0.5 rather than 0,5"),
    ("z0,z1\n\"0,5\",\"-1,25\"\n", "line 2: '0,5' has a comma for a point"),
    ("z0,label\n1,\"a\"b\n", "line 2: text follows a closing quote; write a quote within quotes twice"),
  ]) func namesOtherNotations(text: String, says: String) throws {
    let message = try message { _ = try table(text) }
    #expect(message.hasPrefix("in.csv: \(says)"), "\(message)")
  }

  @Test func keepsNamesThatNeedQuotes() throws {
    let names = ["#", "a;z0", "\u{FEFF}b", "x z0", "c\td", "e,f", "g\"h", "i\r"]
    let table = LatentTable(columns: names, values: [1, 2, 3, 4, 5, 6, 7, 8], labels: ["\u{FEFF}"])
    #expect(try LatentTable(bytes: table.csv(), name: "again") == table)
  }

  @Test func namesOtherFiles() throws {
    for (bytes, says) in [
      (Array("z0,z1\n1,2\n".utf16).flatMap { [UInt8($0 & 255), 0] }, "is text in UTF-16; save it as UTF-8"),
      (
        [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 22) + [5, 0, 0, 0] + Array("z.npy".utf8),
        "cannot be unpacked: "
      ),
      (Array("<html>".utf8), "is a web page; it came instead"),
      ([0x80, 4, 0x95, 0], "is a Python pickle; save its array"),
      ([1, 2, 3], "is a file of unknown kind; give rows of comma-separated values, or a .npy array"),
      ([0x1F, 0x8B, 8, 0], "is a gzip file; unpack it first"),
      ([0, 0, 0, 0], "is a file that begins with nothing but"),
      (Array("1,2\n3,\0\n".utf8), "line 2, column 2: '\u{FFFD}' is not a number"),
      ([], "has no rows"),
    ] as [([UInt8], String)] {
      let message = try message { _ = try LatentTable(bytes: bytes, name: "z") }
      #expect(message.hasPrefix("z: \(says)"), "\(message)")
    }
  }

  /// Hundreds of columns that turn out to hold text, one in each row.
  @Test func takesWideTablesInTime() throws {
    let width = 400
    let names = "z0," + (1..<width).map { "n\($0)" }.joined(separator: ",") + "\n"
    let rows = (1..<width).map { row in
      "1," + (1..<width).map { $0 == row ? "x" : "2" }.joined(separator: ",") + "\n"
    }
    let table = try table(names + rows.joined())
    #expect(table.columns == ["z0"] && table.count == width - 1)
  }

  /// 64 GiB of holes, which would take minutes to read.
  @Test func doesNotReadOtherFilesToTheirEnd() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/z.csv"
      try writeFile([], path)
      guard truncate(path, 64 << 30) == 0 else { return }
      let message = try message { _ = try LatentTable(contentsOf: path) }
      #expect(message.contains("begins with nothing but zeros"))
    }
  }

  @Test func hasLimits() throws {
    let fields = String(repeating: "1,", count: 1 << 18)
    #expect(try table(String(fields.dropLast())).columns.count == 1 << 18)
    let message = try message { _ = try table(fields + "1") }
    #expect(message.hasPrefix("in.csv: line 1: has more than 262144 fields; end each row"), "\(message)")
    // A number of very many digits is one; a field far longer is not looked at as such.
    let digits = "0." + String(repeating: "1", count: 4094)
    #expect(try table(digits).values == [1 / 9])
    let tooLong = try SelvaTests.message { _ = try table("1\n" + digits + "1\n") }
    #expect(tooLong.hasPrefix("in.csv: line 2, column 1: '0.111"), "\(tooLong)")
  }
}
