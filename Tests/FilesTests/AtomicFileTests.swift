import Files
import Foundation
import Testing

private struct Interruption: Error {}

@Suite struct AtomicFileTests {
  @Test func writesAndReplaces() throws {
    try withScratchFolder { folder in
      try AtomicFile.write([1, 2, 3], to: "\(folder)/a")
      #expect(try readFile("\(folder)/a") == [1, 2, 3])
      try AtomicFile.write(Array("longer than before".utf8), to: "\(folder)/a")
      #expect(try readFile("\(folder)/a") == Array("longer than before".utf8))
      #expect(try names(in: folder) == ["a"])
    }
  }

  @Test func writesAnEmptyFileAndCollectionsThatAreNotContiguous() throws {
    try withScratchFolder { folder in
      try AtomicFile.write([], to: "\(folder)/empty")
      #expect(try readFile("\(folder)/empty") == [])
      try AtomicFile.write((0..<5).lazy.map { UInt8($0 * 2) }, to: "\(folder)/lazy")
      #expect(try readFile("\(folder)/lazy") == [0, 2, 4, 6, 8])
    }
  }

  @Test func joinsThePiecesOfAStream() throws {
    try withScratchFolder { folder in
      let piece = [UInt8](repeating: 7, count: 100_000)
      try AtomicFile.write(to: "\(folder)/a") { file in
        for _ in 0..<20 { try file.write(piece) }
      }
      #expect(try readFile("\(folder)/a") == [UInt8](repeating: 7, count: 2_000_000))
    }
  }

  @Test func aFailedBodyLeavesTheTargetAndTheFolderAsTheyWere() throws {
    try withScratchFolder { folder in
      try AtomicFile.write([1, 2, 3], to: "\(folder)/a")
      #expect(throws: Interruption.self) {
        try AtomicFile.write(to: "\(folder)/a") { file in
          try file.write([9])
          throw Interruption()
        }
      }
      #expect(throws: Interruption.self) {
        try AtomicFile.write(to: "\(folder)/new") { _ in throw Interruption() }
      }
      #expect(try readFile("\(folder)/a") == [1, 2, 3])
      #expect(try names(in: folder) == ["a"])
    }
  }

  @Test func theTargetIsUntouchedUntilTheEnd() throws {
    try withScratchFolder { folder in
      try AtomicFile.write([1], to: "\(folder)/a")
      try AtomicFile.write(to: "\(folder)/a") { file in
        try file.write([2])
        #expect(try readFile("\(folder)/a") == [1])
      }
      #expect(try readFile("\(folder)/a") == [2])
    }
  }

  @Test func aMissingFolderCannotBeWritten() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/none/a"
      let fault = #expect(throws: FileError.self) { try AtomicFile.write([1], to: path) }
      #expect(fault?.category == .cannotWrite)
      #expect(fault?.path == path)
      #expect(fault?.description.hasPrefix("\(path): cannot be written: ") == true)
    }
  }

  @Test func aFolderCannotBeWritten() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/sub"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      let fault = #expect(throws: FileError.self) { try AtomicFile.write([1], to: path) }
      #expect(
        fault == FileError(.cannotWrite, path: path, reason: "is a folder; name a file in it"))
      #expect(try names(in: folder) == ["sub"])
    }
  }

  @Test func aLinkStaysALink() throws {
    try withScratchFolder { folder in
      try AtomicFile.write([1], to: "\(folder)/target")
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/link", withDestinationPath: "target")
      try AtomicFile.write([2], to: "\(folder)/link")
      #expect(
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/link")) == "target")
      #expect(try readFile("\(folder)/target") == [2])
      #expect(try names(in: folder) == ["link", "target"])
    }
  }

  /// What is no regular file (a pipe here, /dev/null as well) takes the bytes and is not replaced by a file.
  @Test func aPipeIsWrittenIntoAndStays() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/pipe"
      try #require(mkfifo(path, 0o600) == 0)
      let reader = open(path, O_RDONLY | O_NONBLOCK)
      try #require(reader >= 0)
      defer { close(reader) }
      try AtomicFile.write([1, 2, 3], to: path)
      var bytes = [UInt8](repeating: 0, count: 8)
      #expect(read(reader, &bytes, 8) == 3)
      #expect(bytes.prefix(3) == [1, 2, 3])
      var status = stat()
      #expect(lstat(path, &status) == 0)
      #expect(status.st_mode & S_IFMT == S_IFIFO)
      #expect(try names(in: folder) == ["pipe"])
    }
  }
}
