#if os(Linux)
  import Foundation
  import Synchronization

  extension Program {
    /// A terminal in which a program is run.
    struct Window {
      var columns: UInt16 = 80
      var pixelWidth: UInt16 = 0
      var environment: [String: String] = ["TERM": "xterm-256color", "COLORTERM": "truecolor"]
      /// What it answers when it is asked what it is; nil: the program cannot ask.
      var answer: String?
    }

    /// What those variables say of which the terminal is told here must not come from that of the tests.
    private static let silence = Dictionary(
      uniqueKeysWithValues: [
        "TERM", "TERM_PROGRAM", "LC_TERMINAL", "KITTY_WINDOW_ID", "COLORTERM", "COLORFGBG", "NO_COLOR",
        "TMUX",
        "STY", "ZELLIJ",
      ].map { ($0, "") })

    /// Runs with a terminal of its own as standard output; nil where the system has none to give. Lines end as the
    /// program wrote them.
    static func runOnTerminal(
      _ arguments: [String], in folder: String, _ window: Window = Window()
    ) throws -> Result? {
      let master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
      guard master >= 0 else { return nil }
      defer { close(master) }
      // Unlocks the terminal's other end and asks for its number: TIOCSPTLCK and TIOCGPTN.
      var (lock, number): (Int32, Int32) = (0, 0)
      guard ioctl(master, 0x4004_5431, &lock) == 0, ioctl(master, 0x8004_5430, &number) == 0 else {
        return nil
      }
      let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
      guard slave >= 0 else { return nil }
      var size = winsize(ws_row: 24, ws_col: window.columns, ws_xpixel: window.pixelWidth, ws_ypixel: 0)
      _ = ioctl(slave, UInt(TIOCSWINSZ), &size)
      let reader = TerminalReader(master, answer: window.answer)
      let running = try start(
        arguments, in: folder, terminal: slave, mayAsk: window.answer != nil,
        environment: silence.merging(window.environment) { $1 })
      close(slave)
      let result = running.wait()
      let text = reader.finish().replacingOccurrences(of: "\r\n", with: "\n")
      return (result.status, Array(text.utf8), result.errors)
    }
  }

  /// Takes what a program writes to its terminal, which holds little, and answers its questions.
  private final class TerminalReader: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    private let done = DispatchSemaphore(value: 0)

    init(_ master: Int32, answer: String?) {
      Thread.detachNewThread { [self] in
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
          // Fails when the program has closed the other end.
          let count = read(master, &part, part.count)
          guard count > 0 else { break }
          let new = Array(part[..<count])
          bytes.withLock { $0 += new }
          guard let answer, String(decoding: new, as: UTF8.self).contains("\u{1B}[c") else { continue }
          _ = write(master, Array(answer.utf8), answer.utf8.count)
        }
        done.signal()
      }
    }

    func finish() -> String {
      _ = done.wait(timeout: .now() + 20)
      return String(decoding: bytes.withLock { $0 }, as: UTF8.self)
    }
  }
#endif
