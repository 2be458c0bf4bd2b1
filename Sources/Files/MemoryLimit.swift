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
    let lines = Fields(KernelFile.text("\(root)/proc/meminfo"))
    guard let available = lines["MemAvailable"] else { return nil }
    return MemoryLimit(
      .pages, left: (available + (lines["SwapFree"] ?? 0)) * 1024, source: "free on this machine")
  }

  /// The limits of this process's control groups, version 1 and 2, each with those of the groups above it.
  ///
  /// - Parameter root: the folder that holds `proc` and `sys`; "" for the machine's own.
  static func controlGroups(root: String) -> [MemoryLimit] {
    ControlGroup.all(of: "memory", root: root).compactMap { group in
      let files = Names(group.version)
      // Version 1 says "no limit" by a number near 2^63, version 2 by a word.
      guard let most = Double(group.line(files.limit)), most < 0x1p60,
        let used = Double(group.line(files.usage))
      else { return nil }
      let fields = Fields(group.text("memory.stat"))
      let cached = files.caches.reduce(0) { $0 + (fields[$1] ?? 0) }
      return MemoryLimit(.pages, left: max(0, most - used + cached), source: "left in the control group")
    }
  }

  /// The files of one version of control groups.
  private struct Names {
    let limit: String
    let usage: String
    /// Keys of memory.stat whose pages are given back when they are needed.
    let caches: [String]

    init(_ version: ControlGroup.Version) {
      switch version {
      case .first:
        (limit, usage) = ("memory.limit_in_bytes", "memory.usage_in_bytes")
        caches = ["total_active_file", "total_inactive_file"]
      case .second:
        (limit, usage) = ("memory.max", "memory.current")
        caches = ["active_file", "inactive_file"]
      }
    }
  }

  /// `ulimit -v` and `ulimit -d`.
  private static func processLimits() -> [MemoryLimit] {
    #if canImport(Glibc)
      let fields = Fields(KernelFile.text("/proc/self/status"))
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
