import Archives
import Files
import IDX
import ImageGrid
import Testing

@testable import Pictures

@Suite struct FolderNamesTests {
  private func names(_ paths: [String], _ root: PictureCollection.FolderRoot = .folder) -> FolderNames {
    FolderNames(paths.map { item($0, root) })
  }

  @Test func foldersAreLabels() {
    #expect(names(["cat/1.png", "dog/1.png", "dog/old/2.png"]).labels == ["cat", "dog", "dog"])
    #expect(names(["set/cat/1.png", "set/dog/1.png"]).labels == ["cat", "dog"])
    #expect(names(["1.png", "2.png"]).labels == [nil, nil])
  }

  /// One folder in a folder is a label; one that all files of a list are in is not.
  @Test func aFolderThatAllAreIn() {
    #expect(names(["3/1.png", "3/2.png"]).labels == ["3", "3"])
    let list = names(["home/3/1.png", "home/3/2.png"], .list)
    #expect(list.labels == [nil, nil] && list.names == ["1.png", "2.png"])
  }

  @Test func trainAndTest() {
    let names = names(["train/cat/1.png", "train/dog/1.png", "Test/cat/9.png"])
    #expect(names.parts == [.train, .train, .test] && names.labels == ["cat", "dog", "cat"])
    // Beside another folder it is a label as any.
    #expect(self.names(["train/1.png", "bus/1.png"]).labels == ["train", "bus"])
  }

  @Test func labelsOfSomeAreNone() {
    let names = names(["cat/1.png", "2.png"])
    #expect(names.labels == [nil, nil] && names.unlabelled == "2.png")
  }
}

@Suite struct LabelNamesTests {
  @Test func numbersStay() throws {
    let names = try LabelNames.numbering(["3", "10", "0"], known: nil, source: "a")
    #expect(names.names == [0: "0", 3: "3", 10: "10"])
  }

  @Test func wordsAreNumberedInNaturalOrder() throws {
    let names = try LabelNames.numbering(["b10", "b9", "a", "07"], known: nil, source: "a")
    #expect(names.text == "0\t07\n1\ta\n2\tb9\n3\tb10\n")
    #expect(LabelNames(text: names.text) == names)
  }

  @Test func knownNumbersHold() throws {
    let known = LabelNames([4: "cat", 9: "dog"])
    #expect(try LabelNames.numbering(["dog"], known: known, source: "a") == known)
    #expect(try LabelNames.numbering(["cow"], known: known, source: "a").names == [0: "cow"])
  }

  @Test func noMoreThan256() throws {
    #expect(throws: PictureError.self) {
      try LabelNames.numbering(Set((0..<257).map { "w\($0)" }), known: nil, source: "a")
    }
    #expect(LabelNames(text: "0\ta\n1\ta\n") == nil && LabelNames(text: "words") == nil)
  }
}

@Suite struct SplitTests {
  @Test func ofEveryLabelTheSamePart() throws {
    let labels = (0..<100).map { $0 % 4 == 0 ? "few" : "many" }
    let (train, test) = try Split.stratified(labels, fraction: 0.2, seed: 3, source: "a")
    #expect(test.filter { labels[$0] == "few" }.count == 5 && test.count == 20)
    #expect((train + test).sorted() == Array(0..<100) && test == test.sorted())
    #expect(try Split.stratified(labels, fraction: 0.2, seed: 3, source: "a").test == test)
    #expect(try Split.stratified(labels, fraction: 0.2, seed: 4, source: "a").test != test)
    #expect(throws: PictureError.self) { try Split.stratified([0, 1], fraction: 0.1, seed: 0, source: "a") }
  }

  @Test func someByChance() {
    let some = Split.random(5, of: 50, seed: 1)
    #expect(some.count == 5 && some == Array(Set(some)).sorted() && some != Split.random(5, of: 50, seed: 2))
    #expect(Split.random(9, of: 4, seed: 1) == [0, 1, 2, 3])
  }
}

@Suite struct ZipTests {
  /// What would be shorter, if it were compressed.
  private static let bytes = (0..<200).map { UInt8($0 / 40) }

  private func write(_ path: String) throws {
    try AtomicFile.write(to: path) { file in
      let zip = try ZipWriter(path)
      for (name, bytes) in [("a.npy", Self.bytes), ("folder/b", [])] {
        try zip.add(name, byteCount: bytes.count, to: file) { write in
          try bytes.prefix(50).withUnsafeBytes { try write($0) }
          try bytes.dropFirst(50).withUnsafeBytes { try write($0) }
        }
      }
      try zip.finish(to: file)
    }
  }

  @Test func whatIsWrittenIsRead() throws {
    try withScratchFolder { folder in
      try write("\(folder)/a.zip")
      let archive = try ArchiveReader("\(folder)/a.zip")
      #expect(try archive.next() == "a.npy")
      #expect(!archive.isSingleFile)
      #expect(try archive.content(most: 1000) == Self.bytes)
      #expect(try archive.next() == "folder/b")
      #expect(try archive.content(most: 0) == [])
      #expect(try archive.next() == nil)
      // Stored as it is, and the same every time.
      let bytes = try readFile("\(folder)/a.zip")
      #expect(bytes.firstRange(of: Self.bytes) != nil)
      try write("\(folder)/b.zip")
      #expect(try readFile("\(folder)/b.zip") == bytes)
    }
  }

  @Test func whatIsTooLongIsRefused() throws {
    try withScratchFolder { folder in
      try write("\(folder)/a.zip")
      let archive = try ArchiveReader("\(folder)/a.zip")
      _ = try archive.next()
      #expect(throws: FileError.self) { try archive.content(most: 199) }
    }
  }
}
