import Files
import Synchronization

/// Ctrl-C as a question that long work asks, instead of an end in the middle of it.
enum Interrupt {
  private static let flag = Atomic<Bool>(false)

  static var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// From now on the first SIGINT or SIGTERM sets `isRequested`; the second ends the process at once.
  static func watch() {
    // Touched here, so that the handler never is the one to initialize it.
    flag.store(false, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in
        Interrupt.flag.store(true, ordering: .relaxed)
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
      }
    }
    // Some programs start others with every signal blocked, as a thread pool's threads have it.
    var set = sigset_t()
    sigemptyset(&set)
    for number in [SIGINT, SIGTERM] { sigaddset(&set, number) }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }
}
