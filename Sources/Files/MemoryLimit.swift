/// Memory that this process may still take, and who says so.
public struct MemoryLimit: Sendable, Equatable {
  /// What a limit counts.
  public enum Kind: Sendable {
    /// Pages in use.
    case pages
    /// Pages that may be written, used or not.
    case data
    /// All addresses, reserved ones too.
    case addresses
  }

  public let kind: Kind
  /// Bytes.
  public let left: Double
  /// As an error names it.
  public let source: String

  public init(_ kind: Kind, left: Double, source: String) {
    self.kind = kind
    self.left = left
    self.source = source
  }

  /// Every limit that this process runs under, as Linux tells them; none where nobody tells.
  public static func all() -> [MemoryLimit] {
    [machine(root: "")].compactMap { $0 } + controlGroups(root: "") + processLimits()
  }

  /// What the machine can give without taking it from another process, swap included.
  ///
  /// - Parameter root: the folder that holds `proc`; "" for the machine's own.
  static func machine(root: String) -> MemoryLimit? {
    let lines = Fields(text("\(root)/proc/meminfo"))
    guard let available = lines["MemAvailable"] else { return nil }
    return MemoryLimit(
      .pages, left: (available + (lines["SwapFree"] ?? 0)) * 1024, source: "free on this machine")
  }

  /// The limits of this process's control groups, version 1 and 2, each with those of the groups above it.
  ///
  /// - Parameter root: the folder that holds `proc` and `sys`; "" for the machine's own.
  static func controlGroups(root: String) -> [MemoryLimit] {
    text("\(root)/proc/self/cgroup").split(separator: "\n").flatMap { line -> [MemoryLimit] in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return [] }
      let path = String(parts[2])
      if parts[1].split(separator: ",").contains("memory") {
        return groups("\(root)/sys/fs/cgroup/memory", path, .first)
      }
      guard parts[0] == "0" else { return [] }
      return ["", "/unified"].flatMap { groups("\(root)/sys/fs/cgroup\($0)", path, .second) }
    }
  }

  /// The files of one version of control groups.
  private struct Version {
    let limit: String
    let usage: String
    /// Keys of memory.stat whose pages are given back when they are needed.
    let caches: [String]

    static let first = Version(
      limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes",
      caches: ["total_active_file", "total_inactive_file"])
    static let second = Version(
      limit: "memory.max", usage: "memory.current", caches: ["active_file", "inactive_file"])
  }

  /// From a group up to the root. In a container its path may be that of another view: what is not there is passed
  /// over, and the root is looked at in any case.
  private static func groups(_ mount: String, _ path: String, _ version: Version) -> [MemoryLimit] {
    var names = path.split(separator: "/")
    var limits: [MemoryLimit] = []
    while true {
      let folder = names.reduce(mount) { "\($0)/\($1)" }
      // Version 1 says "no limit" by a number near 2^63, version 2 by a word.
      if let most = Double(line("\(folder)/\(version.limit)")), most < 0x1p60,
        let used = Double(line("\(folder)/\(version.usage)"))
      {
        let fields = Fields(text("\(folder)/memory.stat"))
        let cached = version.caches.reduce(0) { $0 + (fields[$1] ?? 0) }
        limits.append(
          MemoryLimit(.pages, left: max(0, most - used + cached), source: "left in the control group"))
      }
      guard !names.isEmpty else { return limits }
      names.removeLast()
    }
  }

  /// `ulimit -v` and `ulimit -d`.
  private static func processLimits() -> [MemoryLimit] {
    #if canImport(Glibc)
      let fields = Fields(text("/proc/self/status"))
      return [
        (RLIMIT_AS, Kind.addresses, "VmSize", "left under ulimit -v"),
        (RLIMIT_DATA, Kind.data, "VmData", "left under ulimit -d"),
      ].compactMap { resource, kind, field, source in
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0, Double(limit.rlim_cur) < 0x1p60,
          let used = fields[field]
        else {
          return nil
        }
        return MemoryLimit(kind, left: max(0, Double(limit.rlim_cur) - used * 1024), source: source)
      }
    #else
      return []
    #endif
  }

  private static func line(_ path: String) -> Substring {
    text(path).prefix { !$0.isNewline }
  }

  /// A small file of the kernel's; empty where it cannot be read.
  private static func text(_ path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 14)
    let count = read(descriptor, &bytes, bytes.count)
    return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
  }

  /// `key: number unit` or `key number`, a line each.
  private struct Fields {
    private var values: [Substring: Double] = [:]

    init(_ text: String) {
      for line in text.split(separator: "\n") {
        let words = line.split { $0 == " " || $0 == "\t" || $0 == ":" }
        if words.count >= 2, let value = Double(words[1]) { values[words[0]] = value }
      }
    }

    subscript(key: String) -> Double? { values[Substring(key)] }
  }
}
