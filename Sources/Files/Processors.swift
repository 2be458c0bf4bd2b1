/// The processors that this process may use.
public enum Processors {
  /// How many: those of its affinity mask (`taskset`), and no more than the time that its control groups allow, as
  /// containers have it. At least 1.
  public static var count: Int { count(online: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), root: "") }

  /// A part of a processor counts as one: a thread more uses it, a thread less leaves it idle.
  ///
  /// - Parameter root: the folder that holds `proc` and `sys`; "" for the machine's own.
  static func count(online: Int, root: String) -> Int {
    let quotas = ControlGroup.all(of: "cpu", root: root).compactMap(quota)
    return quotas.reduce(max(1, affinity(root: root) ?? online)) { min($0, max(1, Int($1.rounded(.up)))) }
  }

  /// Processors' worth of time; nil where the group has no limit.
  private static func quota(of group: ControlGroup) -> Double? {
    let words: [Substring] =
      switch group.version {
      case .first: [group.line("cpu.cfs_quota_us"), group.line("cpu.cfs_period_us")]
      case .second: group.line("cpu.max").split(separator: " ")
      }
    guard words.count == 2, let quota = Double(words[0]), let period = Double(words[1]) else { return nil }
    // Version 1 says "no limit" by -1, version 2 by a word.
    return quota > 0 && period > 0 && quota / period < 1e6 ? quota / period : nil
  }

  /// A number for this machine and the processors of the affinity mask: processes with the same share them.
  package static var place: UInt32 { place(root: "") }

  /// A number for this machine: processes with the same share its memory.
  package static var machine: UInt32 { number(bootIdentifier(root: "")) }

  static func place(root: String) -> UInt32 { number("\(bootIdentifier(root: root)) \(mask(root: root))") }

  private static func bootIdentifier(root: String) -> String {
    KernelFile.text("\(root)/proc/sys/kernel/random/boot_id")
  }

  private static func number(_ text: String) -> UInt32 {
    var checksum = CRC32()
    Array(text.utf8).withUnsafeBytes { checksum.update($0) }
    return checksum.value
  }

  /// The processors of the affinity mask; nil where the system does not tell.
  private static func affinity(root: String) -> Int? {
    let bits = mask(root: root).reduce(0) { $0 + ($1.hexDigitValue ?? 0).nonzeroBitCount }
    return bits > 0 ? bits : nil
  }

  /// Hexadecimal digits, with a comma between every eight; empty where the system does not tell.
  private static func mask(root: String) -> Substring {
    let key = "Cpus_allowed:"
    let lines = KernelFile.text("\(root)/proc/self/status").split(separator: "\n")
    return lines.first { $0.hasPrefix(key) }?.dropFirst(key.count) ?? ""
  }
}
