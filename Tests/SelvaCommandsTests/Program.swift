import Foundation

/// The built `selva`, started as a user starts it.
struct Program {
  /// What a finished program leaves: its exit status (−n where signal n ended it), standard output, and
  /// standard error as text.
  typealias Result = (status: Int32, output: [UInt8], errors: String)

  /// Runs to the end in `folder`, with `input` as standard input (nil: an empty one).
  ///
  /// - Parameters:
  ///   - output: a device for standard output; nil: it is kept for the result.
  ///   - environment: what it has beside this process's own.
  static func run(
    _ arguments: [String], in folder: String, input: [UInt8]? = nil, output: String? = nil,
    environment: [String: String] = [:]
  ) throws -> Result {
    try Running(
      try executable(), arguments, in: folder, input: input, output: output, environment: environment
    ).wait()
  }

  /// Runs to the end with at most `memory` KiB of memory of its own, files that are mapped left out.
  static func run(_ arguments: [String], in folder: String, memory: Int) throws -> Result {
    let limited = "ulimit -d \(memory) && exec \"$0\" \"$@\""
    return try Running(
      URL(fileURLWithPath: "/bin/sh"), ["-c", limited, executable().path] + arguments, in: folder, input: nil
    ).wait()
  }

  /// Starts without waiting, as for a program that shall be interrupted.
  ///
  /// - Parameters:
  ///   - output: a device for standard output; nil: it is kept for the result.
  static func start(
    _ arguments: [String], in folder: String, input: [UInt8]? = nil, output: String? = nil
  ) throws -> Running {
    try Running(try executable(), arguments, in: folder, input: input, output: output)
  }

  /// Starts with the terminal of the descriptor `terminal` as standard output.
  ///
  /// - Parameter mayAsk: whether it is standard input too, and the one that rules over the program.
  static func start(
    _ arguments: [String], in folder: String, terminal: Int32, mayAsk: Bool, environment: [String: String]
  ) throws -> Running {
    let path = try executable().path
    let words = mayAsk ? ["setsid", "--ctty", "--wait", path] : [path]
    return try Running(
      URL(fileURLWithPath: "/usr/bin/env"), words + arguments, in: folder, input: nil, terminal: terminal,
      takesInput: mayAsk, environment: environment)
  }

  /// Starts a script of bash without waiting; `$SELVA` is the program.
  static func startShell(_ script: String, in folder: String) throws -> Running {
    try Running(
      URL(fileURLWithPath: "/bin/bash"), ["-c", script], in: folder, input: nil,
      environment: ["SELVA": try executable().path])
  }

  /// Holds every temporary folder of these tests, and goes when they end.
  private static let root: URL = {
    atexit { try? FileManager.default.removeItem(at: Program.root) }
    return FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
      .appendingPathComponent("selva-tests-\(UUID().uuidString)")
  }()

  /// A new, empty folder with a path free of symbolic links.
  static func temporaryFolder() throws -> String {
    let folder = root.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder.path
  }

  /// The executable lies in the products folder: beside the test bundle, or beside the program in it.
  private static func executable() throws -> URL {
    let starts =
      Bundle.allBundles.map(\.bundleURL)
      + [Bundle.main.executableURL, URL(fileURLWithPath: CommandLine.arguments[0])].compactMap { $0 }
    for start in starts {
      var folder = start
      for _ in 0..<5 {
        folder.deleteLastPathComponent()
        let candidate = folder.appendingPathComponent("selva")
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isFolder), !isFolder.boolValue
        {
          return candidate
        }
      }
    }
    throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: "selva"])
  }

  /// A program under way. Its streams are files, so that no full pipe can hold it up.
  final class Running {
    private let process = Process()
    private let streams: URL

    fileprivate init(
      _ executable: URL, _ arguments: [String], in folder: String, input: [UInt8]?, output: String? = nil,
      terminal: Int32? = nil, takesInput: Bool = false,
      environment additions: [String: String] = [:]
    ) throws {
      streams = URL(fileURLWithPath: try Program.temporaryFolder())
      for name in ["input", "output", "errors"] {
        try Data(name == "input" ? input ?? [] : []).write(to: streams.appendingPathComponent(name))
      }
      process.executableURL = executable
      process.arguments = arguments
      process.currentDirectoryURL = URL(fileURLWithPath: folder)
      var environment = ProcessInfo.processInfo.environment
      // Help is laid out for the width of the terminal that the tests run in, if there is one.
      environment["COLUMNS"] = "80"
      environment.merge(additions) { $1 }
      process.environment = environment
      process.standardInput =
        try terminal.flatMap { takesInput ? FileHandle(fileDescriptor: $0) : nil }
        ?? FileHandle(forReadingFrom: streams.appendingPathComponent("input"))
      process.standardOutput =
        try terminal.map { FileHandle(fileDescriptor: $0) }
        ?? FileHandle(
          forWritingTo: output.map { URL(fileURLWithPath: $0) } ?? streams.appendingPathComponent("output"))
      process.standardError = try FileHandle(forWritingTo: streams.appendingPathComponent("errors"))
      try Running.withAllSignals { try process.run() }
    }

    /// Tests run in threads that have signals blocked, and what they start inherits that: of signals that a program should
    /// ignore by itself, such a test would see nothing.
    private static func withAllSignals(_ body: () throws -> Void) rethrows {
      var (none, before) = (sigset_t(), sigset_t())
      sigemptyset(&none)
      pthread_sigmask(SIG_SETMASK, &none, &before)
      defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
      try body()
    }

    var isRunning: Bool { process.isRunning }

    /// Standard error so far.
    var errors: String {
      String(decoding: FileManager.default.contents(atPath: stream("errors")) ?? Data(), as: UTF8.self)
    }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// - Parameter seconds: a program that runs on for longer is killed, and its status is −9.
    func wait(atMost seconds: Double = 120) -> Result {
      let process = process
      let end = DispatchWorkItem { kill(process.processIdentifier, SIGKILL) }
      DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: end)
      process.waitUntilExit()
      end.cancel()
      let status = process.terminationStatus
      let output = FileManager.default.contents(atPath: stream("output")) ?? Data()
      let result = (process.terminationReason == .exit ? status : -status, [UInt8](output), errors)
      try? FileManager.default.removeItem(at: streams)
      return result
    }

    private func stream(_ name: String) -> String { streams.appendingPathComponent(name).path }
  }
}
