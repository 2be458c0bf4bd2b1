import Synchronization

/// Reading behind the end of mapped files that were cut short: a question that is asked afterwards, instead of the end
/// of the process.
enum CutFiles {
  private static let wasRead = Atomic<Bool>(false)
  private static let mapped = Mutex<[ObjectIdentifier: Entry]>([:])

  private struct Entry {
    weak let file: MappedFile?
    let path: String
  }

  static var isAnyRead: Bool { wasRead.load(ordering: .acquiring) }

  static func forget() { wasRead.store(false, ordering: .releasing) }

  static func register(_ file: MappedFile) {
    mapped.withLock { $0[ObjectIdentifier(file)] = Entry(file: file, path: file.path) }
  }

  static func unregister(_ file: MappedFile) {
    _ = mapped.withLock { $0.removeValue(forKey: ObjectIdentifier(file)) }
  }

  /// The first by name of those that are not as they were; for a message.
  static func pathOfChanged() -> String? {
    let entries = mapped.withLock { Array($0.values) }
    return entries.filter { $0.file?.isIntact == false }.map(\.path).min()
  }

  /// Puts a page of zeros where a file has none any more, and remembers it. A fault of any other kind is let through:
  /// the instruction runs again and ends the process as it would have.
  static func watch() {
    // Touched here, so that the handler never is the one to initialize it.
    forget()
    var action = sigaction()
    sigemptyset(&action.sa_mask)
    action.sa_flags = Int32(SA_SIGINFO)
    let handler: @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void =
      {
        number, info, _ in
        let code = errno
        if let info, info.pointee.si_code == Int32(BUS_ADRERR), CutFiles.fill(CutFiles.address(info)) {
          CutFiles.wasRead.store(true, ordering: .releasing)
        } else {
          signal(number, SIG_DFL)
        }
        errno = code
      }
    #if canImport(Darwin)
      action.__sigaction_u = .init(__sa_sigaction: handler)
    #else
      action.__sigaction_handler = .init(sa_sigaction: handler)
    #endif
    sigaction(SIGBUS, &action, nil)
  }

  private static func address(_ info: UnsafeMutablePointer<siginfo_t>) -> UnsafeMutableRawPointer? {
    #if canImport(Darwin)
      info.pointee.si_addr
    #else
      info.pointee._sifields._sigfault.si_addr
    #endif
  }

  private static func fill(_ address: UnsafeMutableRawPointer?) -> Bool {
    guard let address else { return false }
    let size = sysconf(Int32(_SC_PAGESIZE))
    let page = UnsafeMutableRawPointer(bitPattern: UInt(bitPattern: address) & ~UInt(size - 1))
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
    guard let made = mmap(page, size, PROT_READ, flags, -1, 0) else { return false }
    return made != MAP_FAILED
  }
}
