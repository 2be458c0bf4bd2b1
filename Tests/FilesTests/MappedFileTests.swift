import Files
import Foundation
import Testing

@Suite struct MappedFileTests {
  @Test func showsTheBytesOfAFile() throws {
    try withScratchFolder { folder in
      let content = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
      try AtomicFile.write(content, to: "\(folder)/a")
      let file = try MappedFile("\(folder)/a")
      #expect(Array(file.bytes) == content)
      #expect(file.path == "\(folder)/a")
    }
  }

  @Test func anEmptyFileHasNoBytes() throws {
    try withScratchFolder { folder in
      try AtomicFile.write([], to: "\(folder)/a")
      #expect(try MappedFile("\(folder)/a").bytes.isEmpty)
    }
  }

  /// What was mapped stays readable when a new file takes the name.
  @Test func outlivesAReplacement() throws {
    try withScratchFolder { folder in
      try AtomicFile.write([1, 2, 3], to: "\(folder)/a")
      let file = try MappedFile("\(folder)/a")
      try AtomicFile.write([4], to: "\(folder)/a")
      #expect(Array(file.bytes) == [1, 2, 3])
    }
  }

  /// Programs write faster than clocks of seconds tell.
  @Test func aChangeWithinTheSameSecondIsNoticed() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/a"
      try AtomicFile.write([1, 2, 3], to: path)
      func touch(_ nanoseconds: Int) {
        let times = [timespec](repeating: timespec(tv_sec: 1_700_000_000, tv_nsec: nanoseconds), count: 2)
        #expect(utimensat(AT_FDCWD, path, times, 0) == 0)
      }
      touch(5)
      let file = try MappedFile(path)
      #expect(file.isIntact)
      touch(4005)
      #expect(!file.isIntact)
    }
  }

  @Test func aMissingFileIsMissingInput() throws {
    try withScratchFolder { folder in
      let fault = #expect(throws: FileError.self) { try MappedFile("\(folder)/none") }
      #expect(fault?.category == .missingInput)
      #expect(fault?.description.hasPrefix("\(folder)/none: cannot be read: ") == true)
    }
  }

  @Test func aFolderIsRefused() throws {
    try withScratchFolder { folder in
      let expected = FileError(
        .missingInput, path: folder, reason: "is a folder; name a file in it")
      #expect(throws: expected) { try MappedFile(folder) }
    }
  }

  @Test func aDeviceIsRefused() throws {
    let fault = #expect(throws: FileError.self) { try MappedFile("/dev/null") }
    #expect(fault?.category == .missingInput)
    #expect(fault?.reason.hasPrefix("is not a regular file") == true)
  }
}

@Suite struct FileKindTests {
  @Test func tellsFoldersFilesAndNothing() throws {
    try withScratchFolder { folder in
      try AtomicFile.write([1], to: "\(folder)/a")
      #expect(FileKind.isFolder(folder))
      #expect(!FileKind.isFolder("\(folder)/a"))
      #expect(!FileKind.isFolder("\(folder)/none"))
      #expect(FileKind.exists(folder))
      #expect(FileKind.exists("\(folder)/a"))
      #expect(!FileKind.exists("\(folder)/none"))
    }
  }
}
