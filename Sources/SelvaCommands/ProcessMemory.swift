import Files

/// What this process holds in memory, as Linux tells it; 0 where nobody tells.
struct ProcessMemory: Encodable {
  let peakMegabytes: Double
  /// Without mapped files.
  let anonymousMegabytes: Double

  private enum CodingKeys: String, CodingKey {
    case peakMegabytes = "peak_megabytes"
    case anonymousMegabytes = "anonymous_megabytes"
  }

  static var now: ProcessMemory {
    var text: [UInt8] = [UInt8](repeating: 0, count: 1 << 14)
    let descriptor = open("/proc/self/status", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return ProcessMemory(peakMegabytes: 0, anonymousMegabytes: 0) }
    defer { close(descriptor) }
    let count = max(0, read(descriptor, &text, text.count))
    let lines = String(decoding: text[..<count], as: UTF8.self).split(separator: "\n")
    func megabytes(_ key: String) -> Double {
      let line = lines.first { $0.hasPrefix("\(key):") }
      let kilobytes = line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
      return (kilobytes.flatMap { Double($0) } ?? 0) / 1024
    }
    return ProcessMemory(peakMegabytes: megabytes("VmHWM"), anonymousMegabytes: megabytes("RssAnon"))
  }
}
