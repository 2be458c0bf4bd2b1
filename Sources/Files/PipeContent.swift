import Synchronization

/// What came through pipes: each is read once, to its end, and is there as often as it is opened after, since a set is
/// looked at more than once.
enum PipeContent {
  private static let spools = Mutex<[Key: Spool]>([:])
  /// A pipe may have no end.
  private static let most = 1 << 36

  private struct Key: Hashable {
    let device: UInt64
    let number: UInt64
  }

  /// - Parameters:
  ///   - descriptor: of an open pipe, whose state is `status`.
  ///   - path: for errors.
  /// - Returns: a descriptor of a file with all that came; the caller closes it.
  /// - Throws: `FileError` where it cannot be read, or has no end.
  static func file(_ descriptor: Int32, _ status: stat, path: String) throws -> Int32 {
    let key = Key(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
    return try spools.withLock { spools in
      if let spool = spools[key] { return try spool.duplicate() }
      let spool = try Spool(for: path)
      try drain(descriptor, into: spool, path)
      spools[key] = spool
      return try spool.duplicate()
    }
  }

  private static func drain(_ descriptor: Int32, into spool: Spool, _ path: String) throws {
    var part = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = part.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else {
        throw FileError(.inputOutput, path: path, reason: "cannot be read: \(systemReason())")
      }
      if count == 0 { return }
      guard spool.count + count <= most else {
        throw FileError(
          .badData, path: path, reason: "has more than 64 GiB; write it into a file and name that")
      }
      try part.withUnsafeBytes { try spool.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
  }
}
