/// Holds a folder for one process, or for one part of it, by a lock on the file `.lock` in it. The kernel keeps the lock,
/// so that it ends with the process, however that ends. The file goes with the lock; one that a killed process left
/// behind is taken over.
package final class FolderLock: Sendable {
  package static let fileName = ".lock"
  private let path: String
  private let descriptor: Int32

  /// - Parameter use: what the other does with the folder, for the error.
  /// - Throws: `FileError` (`cannotWrite`) where another holds the folder, with its process, or where the folder
  ///   cannot be written into.
  package init(_ folder: String, use: String = "trained into") throws {
    let path = "\(folder)/\(FolderLock.fileName)"
    self.path = path
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else {
        throw FileError(.cannotWrite, path: folder, reason: "cannot be written into: \(systemReason())")
      }
      if !FolderLock.takes(descriptor) {
        defer { close(descriptor) }
        throw FolderLock.held(folder, by: descriptor, use)
      }
      // Whoever had it may have removed the file between its opening and its locking here.
      if FolderLock.isNamed(descriptor, path) {
        self.descriptor = descriptor
        break
      }
      close(descriptor)
    }
    let text = Array("\(getpid())\n".utf8)
    ftruncate(descriptor, 0)
    // Only for the message of another process: one that finds no number does without.
    _ = pwrite(descriptor, text, text.count, 0)
  }

  /// Whether a process holds `folder`, and its number where that is known. Changes nothing.
  package static func holder(of folder: String) -> (isHeld: Bool, process: Int?) {
    let descriptor = open("\(folder)/\(fileName)", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return (false, nil) }
    // Closing frees what was taken.
    defer { close(descriptor) }
    guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK else { return (false, nil) }
    return (true, number(in: descriptor))
  }

  /// Tried again for some milliseconds, since whoever asks for the holder has the lock for a moment.
  private static func takes(_ descriptor: Int32) -> Bool {
    for attempt in 0..<5 {
      if attempt > 0 { usleep(1000) }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK { return true }
    }
    return false
  }

  deinit {
    unlink(path)
    close(descriptor)
  }

  private static func isNamed(_ descriptor: Int32, _ path: String) -> Bool {
    var (opened, named) = (stat(), stat())
    return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0 && opened.st_ino == named.st_ino
      && opened.st_dev == named.st_dev
  }

  /// Of the process that has the lock, which writes it some microseconds after it has got it; nil where it does not within
  /// a twentieth of a second.
  private static func number(in descriptor: Int32) -> Int? {
    for attempt in 0..<50 {
      if attempt > 0 { usleep(1000) }
      var text = [UInt8](repeating: 0, count: 32)
      let count = max(0, pread(descriptor, &text, text.count, 0))
      // A number without its end might be the beginning of a longer one.
      if let end = text[..<count].firstIndex(of: 10) {
        return Int(String(decoding: text[..<end], as: UTF8.self))
      }
    }
    return nil
  }

  private static func held(_ folder: String, by descriptor: Int32, _ use: String) -> FileError {
    let process = number(in: descriptor)
    let who = process.map { "process \($0)" } ?? "another process"
    return FileError(
      .cannotWrite, path: folder,
      reason: "is being \(use) by \(who); let it end first, or name another --output")
  }
}
