import Foundation
import Testing

@testable import Files

@Suite struct LeftoversTests {
  /// Greater than any that Linux or macOS gives.
  private static let nobody = 4_194_305 * 4

  @Test func aNameTellsWhoseItIs() {
    #expect(TemporaryName.process(TemporaryName.make(beside: "a")) == getpid())
    #expect(TemporaryName.process(".selva-12-34.tmp") == 12)
    for name in [
      "a.tmp", ".selva-12.tmp", ".selva-0-34.tmp", ".selva-x-34.tmp", ".selva-12-34", "selva-12-34.tmp",
    ] {
      #expect(TemporaryName.process(name) == nil, "\(name)")
    }
  }

  @Test(arguments: [("a", "."), ("b/a", "b"), ("/a", "/"), ("/b/c/a", "/b/c"), ("é/a", "é")])
  func aTemporaryFileLiesBesideItsTarget(_ path: String, _ folder: String) {
    #expect(FilePath.folder(path) == folder)
    let start = folder == "." ? "" : folder == "/" ? "/" : folder + "/"
    #expect(TemporaryName.make(beside: path).hasPrefix(start + ".selva-"))
  }

  /// Written into, a folder loses what dead processes left there, and nothing else.
  @Test func deadProcessesLeaveNothing() throws {
    try withScratchFolder { folder in
      let kept = ["a.tmp", ".selva-1-7.tmp", ".selva-\(getpid())-7.tmp", ".selva-\(Self.nobody)-7"]
      for name in kept + [".selva-\(Self.nobody)-7.tmp", ".selva-\(Self.nobody)-8.tmp"] {
        #expect(FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: nil))
      }
      try AtomicFile.write([1], to: "\(folder)/new")
      #expect(try names(in: folder) == (kept + ["new"]).sorted())
    }
  }

  @Test func aLongNameCanBeWritten() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/\(String(repeating: "n", count: 255))"
      try AtomicFile.write([1], to: path)
      try AtomicFile.write([2], to: path)
      #expect(try readFile(path) == [2])
    }
  }

  #if os(Linux)
    /// A place where nobody may make a file, the superuser neither.
    @Test func theReasonIsTheSystemsOwn() throws {
      let fault = #expect(throws: FileError.self) { try AtomicFile.write([1], to: "/sys/selva") }
      let reasons = [EACCES, EROFS].map { "cannot be written: \(systemReason($0))" }
      #expect(reasons.contains(fault?.reason ?? ""), "\(fault?.reason ?? "nothing")")
    }
  #endif

  @Test func aSecondNameOutlivesAReplacement() throws {
    try withScratchFolder { folder in
      let (path, second) = ("\(folder)/a", "\(folder)/b")
      try AtomicFile.keep(path, as: second)
      #expect(try names(in: folder) == [])
      for byte in [1, 2, 3] as [UInt8] {
        try AtomicFile.keep(path, as: second)
        // Twice, as when the process ended between the second name and the replacement.
        try AtomicFile.keep(path, as: second)
        try AtomicFile.write([byte], to: path)
      }
      #expect(try readFile(path) == [3] && readFile(second) == [2])
      #expect(try names(in: folder) == ["a", "b"])
      let nowhere = "\(folder)/none/b"
      let fault = #expect(throws: (any Error).self) { try AtomicFile.keep(path, as: second + "/c") }
      #expect((fault as? FileError)?.category == .cannotWrite)
      try AtomicFile.keep(nowhere, as: second)
    }
  }
}

@Suite struct ChangedFileTests {
  private func change(_ path: String, _ body: (FileHandle) throws -> Void) throws {
    // Times of change are no finer than a few milliseconds on some systems.
    Thread.sleep(forTimeInterval: 0.02)
    let handle = try #require(FileHandle(forUpdatingAtPath: path))
    try body(handle)
    try handle.close()
  }

  @Test func aChangeInPlaceShows() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/a"
      try AtomicFile.write([UInt8](repeating: 1, count: 9000), to: path)
      let file = try MappedFile(path)
      #expect(file.isIntact)
      try AtomicFile.write([9], to: path)
      #expect(file.isIntact, "a file of the same name is another one")
      let again = try MappedFile(path)
      try change(path) { try $0.write(contentsOf: Data([8])) }
      #expect(!again.isIntact)
      let longer = try MappedFile(path)
      try change(path) { try $0.truncate(atOffset: 5) }
      #expect(!longer.isIntact)
    }
  }

  /// In a process of its own, since a cut is remembered for all.
  @Test func readingBehindACutIsRemembered() async {
    await #expect(processExitsWith: .success) {
      MappedFile.surviveCuts()
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("selva-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let path = folder.appendingPathComponent("a").path
      try AtomicFile.write([UInt8](repeating: 7, count: 1 << 16), to: path)
      let file = try MappedFile(path)
      #expect(file.bytes[60_000] == 7 && !MappedFile.isAnyCut)
      try MappedFile.checkNoneIsCut()
      #expect(truncate(path, 100) == 0)
      #expect(file.bytes[50] == 7 && !MappedFile.isAnyCut)
      #expect(file.bytes[60_000] == 0 && MappedFile.isAnyCut)
      let fault = #expect(throws: FileError.self) { try AtomicFile.write([1], to: path + "b") }
      #expect(fault?.path == path && fault?.category == .inputOutput)
      #expect(!FileManager.default.fileExists(atPath: path + "b"))
      #expect(throws: FileError.self) { try MappedFile.withBytes(of: path) { _ in } }
      MappedFile.forgetCuts()
      try AtomicFile.write([1], to: path + "b")
    }
  }

  /// Any other fault of that kind still ends the process.
  @Test func anotherBusErrorStillEnds() async {
    await #expect(processExitsWith: .signal(SIGBUS)) {
      MappedFile.surviveCuts()
      raise(SIGBUS)
      raise(SIGBUS)
    }
  }
}

@Suite struct FolderLockTests {
  @Test func aFolderIsHeldOnce() throws {
    try withScratchFolder { folder in
      do {
        let lock = try FolderLock(folder)
        let fault = #expect(throws: FileError.self) { try FolderLock(folder) }
        #expect(fault?.reason.contains("process \(getpid());") == true, "\(fault?.reason ?? "")")
        #expect(fault?.category == .cannotWrite && fault?.path == folder)
        withExtendedLifetime(lock) {}
      }
      #expect(try names(in: folder) == [])
      // What a killed process leaves.
      try Data("12345678\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/.lock"))
      let lock = try FolderLock(folder)
      #expect(try readFile("\(folder)/.lock") == Array("\(getpid())\n".utf8))
      withExtendedLifetime(lock) {}
    }
  }

  /// Whoever is refused before the number is written waits for it for a moment.
  @Test func aHolderThatHasNotSaidItsNumberYetIsWaitedFor() throws {
    try withScratchFolder { folder in
      let holder = open("\(folder)/.lock", O_RDWR | O_CREAT, 0o666)
      defer { close(holder) }
      #expect(flock(holder, LOCK_EX | LOCK_NB) == 0)
      let unknown = #expect(throws: FileError.self) { try FolderLock(folder) }
      #expect(unknown?.reason.contains("by another process;") == true, "\(unknown?.reason ?? "")")
      // A part of it is not taken for the whole.
      #expect(pwrite(holder, "12", 2, 0) == 2)
      Thread.detachNewThread {
        usleep(10_000)
        _ = pwrite(holder, "1234\n", 5, 0)
      }
      let known = #expect(throws: FileError.self) { try FolderLock(folder) }
      #expect(known?.reason.contains("by process 1234;") == true, "\(known?.reason ?? "")")
    }
  }

  @Test func aFolderThatIsNotThereCannotBeHeld() throws {
    let fault = #expect(throws: FileError.self) { try FolderLock("/nowhere/at/all") }
    #expect(fault?.reason == "cannot be written into: \(systemReason(ENOENT))")
  }
}
