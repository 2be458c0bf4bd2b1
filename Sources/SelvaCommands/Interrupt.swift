import Files
import Synchronization

/// Signals as questions that long work asks, instead of an end in the middle of it.
enum Interrupt {
  private static let stop = Atomic<Bool>(false)
  private static let save = Atomic<Bool>(false)

  static var isRequested: Bool { stop.load(ordering: .relaxed) }

  /// Whether SIGUSR1 has come since this was last asked.
  static func takeSaveRequest() -> Bool { save.exchange(false, ordering: .relaxed) }

  /// From now on SIGUSR1 asks for a checkpoint.
  static func watchForSaves() {
    // Touched here, so that the handler never is the one to initialize it.
    save.store(false, ordering: .relaxed)
    handle(SIGUSR1) { _ in Interrupt.save.store(true, ordering: .relaxed) }
    unblock([SIGUSR1])
  }

  /// From now on the first SIGINT, SIGTERM or SIGHUP sets `isRequested`; the second ends the process at once. A SIGHUP
  /// that was ignored, as `nohup` has it, stays ignored.
  static func watch() {
    stop.store(false, ordering: .relaxed)
    var old = sigaction()
    sigaction(SIGHUP, nil, &old)
    let hangsUp = Interrupt.isIgnored(old) ? [] : [SIGHUP]
    for number in [SIGINT, SIGTERM] + hangsUp {
      handle(number) { _ in
        Interrupt.stop.store(true, ordering: .relaxed)
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
        // A terminal that goes may send it twice, which is no second wish.
        signal(SIGHUP, SIG_IGN)
      }
    }
    unblock([SIGINT, SIGTERM] + hangsUp)
  }

  /// From now on writing into a closed pipe or over a limit of size is an error like any other, and standard streams
  /// that were closed take and give nothing, instead of being the next file that is opened.
  static func guardStreams() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    // Opened the other way round, so that using one fails.
    for (stream, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
    where fcntl(stream, F_GETFD) < 0 {
      _ = open("/dev/null", mode)
    }
  }

  /// As `signal`, but the handler runs on a stack of its own. oneDNN's products for AVX-512 take memory that they have
  /// allocated for their stack, and what a handler leaves there lies over other data. Worker threads take no signals.
  private static func handle(_ number: Int32, _ handler: @escaping @convention(c) (Int32) -> Void) {
    makeSignalStack()
    var action = sigaction()
    sigemptyset(&action.sa_mask)
    action.sa_flags = Int32(SA_ONSTACK) | Int32(SA_RESTART)
    #if canImport(Darwin)
      action.__sigaction_u = .init(__sa_handler: handler)
    #else
      action.__sigaction_handler = .init(sa_handler: handler)
    #endif
    sigaction(number, &action, nil)
  }

  /// For handlers in the calling thread, as long as it lives; one that is there is kept.
  private static func makeSignalStack() {
    var stack = stack_t()
    guard sigaltstack(nil, &stack) == 0, Int(stack.ss_flags) & Int(SS_DISABLE) != 0 else {
      return
    }
    // Registers alone take up to 11 KB of it.
    stack.ss_size = 1 << 16
    stack.ss_sp = UnsafeMutableRawPointer.allocate(byteCount: 1 << 16, alignment: 64)
    stack.ss_flags = 0
    sigaltstack(&stack, nil)
  }

  private static func isIgnored(_ action: sigaction) -> Bool {
    #if canImport(Darwin)
      let handler = action.__sigaction_u.__sa_handler
    #else
      let handler = action.__sigaction_handler.sa_handler
    #endif
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Some programs start others with every signal blocked, as a thread pool's threads have it.
  private static func unblock(_ numbers: [Int32]) {
    var set = sigset_t()
    sigemptyset(&set)
    for number in numbers { sigaddset(&set, number) }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }
}
