import Files
import Foundation
import IDX
import Testing

@Suite struct ImageFolderTests {
  /// A folder with empty files of these names; those that end in `/` are folders.
  private func withFiles(_ names: [String], _ body: (String) throws -> Void) throws {
    try withScratchFolder { folder in
      for name in names {
        if name.hasSuffix("/") {
          try FileManager.default.createDirectory(
            atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        } else {
          try writeFile([], "\(folder)/\(name)")
        }
      }
      try body(folder)
    }
  }

  private func found(_ folder: ImageFolder) -> [String?] {
    [folder.trainImages, folder.trainLabels, folder.testImages, folder.testLabels].map { path in
      path.map { String($0.dropFirst(folder.path.count + 1)) }
    }
  }

  private func expect(
    _ names: [String], find expected: [String?], location: SourceLocation = #_sourceLocation
  ) throws {
    try withFiles(names) { folder in
      let found = try found(ImageFolder(folder))
      #expect(found == expected, sourceLocation: location)
    }
  }

  @Test(arguments: ["t10k", "test"], [".gz", ""])
  func everySpelling(_ test: String, _ suffix: String) throws {
    for (images, labels) in [
      ("images-idx3-ubyte", "labels-idx1-ubyte"), ("images.idx3-ubyte", "labels.idx1-ubyte"),
      ("images-idx3-float", "labels-idx1-int"), ("images.idx", "labels.idx"), ("images", "labels"),
    ] {
      let names = ["train-\(images)", "train-\(labels)", "\(test)-\(images)", "\(test)-\(labels)"].map {
        $0 + suffix
      }
      try expect(names, find: names)
    }
  }

  @Test func onlyTheTrainingImagesAreNeeded() throws {
    try expect(["train-images.idx"], find: ["train-images.idx", nil, nil, nil])
  }

  @Test func plainIsPreferred() throws {
    try expect(
      [
        "train-images-idx3-ubyte", "train-images-idx3-ubyte.gz", "train-labels.idx.gz",
        "train-labels-idx1-ubyte",
      ],
      find: ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", nil, nil])
    try expect(["my-images.idx", "my-images.idx.gz"], find: ["my-images.idx", nil, nil, nil])
  }

  /// What lies about in such folders: unpacked archives, broken downloads, pictures, notes, hidden files.
  @Test func otherFilesAreLetBe() throws {
    let names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"]
    let others = [
      "train-images.idx3-ubyte/", "train-images-idx3-ubyte.gz.part", "train-images.png", "train-images.txt",
      "train-images2", "train-images-old.idx", ".train-images.idx", "README.md", "more-images.idx",
    ]
    try expect(names + others, find: names + [nil, nil])
  }

  @Test func theOnlyImagesWithTheirLabels() throws {
    try expect(["faces-images.idx3-float.gz"], find: ["faces-images.idx3-float.gz", nil, nil, nil])
    try expect(
      ["faces-images.idx", "faces-labels.idx", "other-labels.idx"],
      find: ["faces-images.idx", "faces-labels.idx", nil, nil])
    try expect(
      ["images-idx3-ubyte", "labels-idx1-ubyte"], find: ["images-idx3-ubyte", "labels-idx1-ubyte", nil, nil])
    try expect(
      ["tiny-images.idx", "test-images.idx"], find: ["tiny-images.idx", nil, "test-images.idx", nil])
  }

  @Test func aBeginningBeforeAllNames() throws {
    let names = ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "test-images-idx3-ubyte.gz"]
      .map { "emnist-letters-\($0)" }
    try expect(names, find: names + [nil])
    let qmnist = [
      "qmnist-train-images-idx3-ubyte", "qmnist-train-labels-idx2-int", "qmnist-test-images-idx3-ubyte",
      "qmnist-test-labels-idx2-int",
    ]
    try expect(qmnist, find: qmnist)
  }

  @Test func oneFolderAFile() throws {
    let names = ["train-images-idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images-idx3-ubyte"]
    let paths = names.map { "\($0)/\($0)" }
    try expect(names.map { $0 + "/" } + paths, find: paths + [nil])
    // The same beside it as a file, as one archive has it.
    try expect(
      [
        "train-images.idx3-ubyte", "train-images-idx3-ubyte/",
        "train-images-idx3-ubyte/train-images-idx3-ubyte",
      ],
      find: ["train-images.idx3-ubyte", nil, nil, nil])
    // A folder of another content says nothing.
    try expect(
      ["train-images.idx", "train-labels.idx/", "train-labels.idx/other"],
      find: ["train-images.idx", nil, nil, nil])
  }

  @Test func belowTheFolderOfALibrary() throws {
    let names = ["MNIST/raw/train-images-idx3-ubyte", "MNIST/raw/t10k-labels-idx1-ubyte"]
    try expect(["MNIST/raw/"] + names, find: [names[0], nil, nil, names[1]])
    try withFiles(["MNIST/raw/", "KMNIST/raw/", names[0], "KMNIST/raw/train-images.idx"]) { folder in
      #expect(throws: IDXError.self) { try ImageFolder(folder) }
    }
  }

  @Test func aFolderOfPicturesIsNamed() throws {
    try withFiles(["cat/", "notes.txt"]) { folder in
      try writeFile([0xFF, 0xD8, 0xFF, 0xE0], "\(folder)/cat/1.png")
      let fault = #expect(throws: IDXError.otherImages(folder: folder, found: FileSignature.jpeg.plural)) {
        try ImageFolder(folder)
      }
      #expect(fault?.description.contains("but JPEG pictures; make a set of them with") == true)
      #expect(fault?.category == .missingInput)
    }
  }

  @Test func ambiguous() throws {
    for names in [
      ["train-images-idx3-ubyte", "train-images.idx3-ubyte"],
      ["train-labels-idx1-ubyte.gz", "train-labels.gz"],
      ["t10k-images.idx", "test-images.idx"], ["t10k-labels.idx", "test-labels.idx"],
      ["a-images.idx", "b-images.idx"],
    ] {
      let others = names[0].hasPrefix("a-") || names[0].hasPrefix("train-images") ? [] : ["train-images"]
      try withFiles(names + others) { folder in
        expectFault(
          .ambiguous(folder: folder, candidates: names), saying: folder, "\(names[0]) and \(names[1])"
        ) {
          _ = try ImageFolder(folder)
        }
      }
    }
  }

  /// Test images are no training images, even alone.
  @Test(arguments: [[], ["train-labels-idx1-ubyte"], ["t10k-images-idx3-ubyte"], ["digits.idx"]])
  func noImages(_ names: [String]) throws {
    try withFiles(names) { folder in
      let fault = try #require(#expect(throws: IDXError.self) { try ImageFolder(folder) })
      guard case .noImages(folder, let lookedFor) = fault else {
        Issue.record("\(fault)")
        return
      }
      #expect(lookedFor.contains("train-images-idx3-ubyte"))
      #expect(fault.description.hasPrefix("\(folder): "))
      #expect(fault.description.contains(lookedFor))
      #expect(fault.category == .missingInput)
    }
  }

  @Test func noFolder() throws {
    try withFiles(["train-images.idx"]) { folder in
      for path in ["\(folder)/none", "\(folder)/train-images.idx"] {
        let fault = #expect(throws: FileError.self) { try ImageFolder(path) }
        #expect(fault?.category == .missingInput)
        #expect(fault?.description.hasPrefix(path) == true)
      }
    }
  }

  @Test func aSlashAtTheEndIsNotDoubled() throws {
    try withFiles(["train-images.idx"]) { folder in
      let found = try ImageFolder("\(folder)/")
      #expect(found.trainImages == "\(folder)/train-images.idx")
    }
  }
}
