import Foundation
import Testing

@testable import Files

/// Control groups and meminfo as the kernel writes them, in a folder in place of `/`.
@Suite struct MemoryLimitTests {
  private func limits(
    cgroup: String, _ files: [String: String], _ read: (String) -> [MemoryLimit]
  ) throws -> [MemoryLimit] {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("selva-\(UUID().uuidString)")
      .path
    defer { try? FileManager.default.removeItem(atPath: root) }
    for (path, text) in files.merging(["proc/self/cgroup": cgroup], uniquingKeysWith: { $1 }) {
      let file = URL(fileURLWithPath: "\(root)/\(path)")
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    return read(root)
  }

  @Test func availableMemoryAndSwapAreTheMachines() throws {
    let meminfo =
      "MemTotal:       24683656 kB\nMemFree:  1000 kB\nMemAvailable:    2000 kB\nSwapFree: 48 kB\n"
    let found = try limits(cgroup: "", ["proc/meminfo": meminfo]) { [MemoryLimit.machine(root: $0)!] }
    #expect(found == [MemoryLimit(.pages, left: 2_097_152, source: "free on this machine")])
    #expect(try limits(cgroup: "", [:]) { [MemoryLimit.machine(root: $0)].compactMap { $0 } } == [])
  }

  /// The group above may leave less than the group itself; pages of files are given back.
  @Test func secondVersionWalksUp() throws {
    let found = try limits(
      cgroup: "0::/user.slice/job\n",
      [
        "sys/fs/cgroup/user.slice/job/memory.max": "max\n",
        "sys/fs/cgroup/user.slice/job/memory.current": "700\n",
        "sys/fs/cgroup/user.slice/memory.max": "5000\n",
        "sys/fs/cgroup/user.slice/memory.current": "1500\n",
        "sys/fs/cgroup/user.slice/memory.stat": "anon 900\ninactive_file 300\nactive_file 200\nslab 7\n",
      ], MemoryLimit.controlGroups)
    #expect(found == [MemoryLimit(.pages, left: 4000, source: "left in the control group")])
  }

  /// In a container the path is often that of the machine outside, and the files lie at the mount.
  @Test func firstVersionLooksAtTheMountToo() throws {
    let found = try limits(
      cgroup: "9:name=systemd:/\n4:cpu,memory:/docker/3f2\n0::/\n",
      [
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "1000000\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": "400000\n",
        "sys/fs/cgroup/memory/memory.stat":
          "inactive_file 1\ntotal_inactive_file 5000\ntotal_active_file 3000\n",
        "sys/fs/cgroup/memory/docker/3f2/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/memory/docker/3f2/memory.usage_in_bytes": "400000\n",
      ], MemoryLimit.controlGroups)
    #expect(found == [MemoryLimit(.pages, left: 608_000, source: "left in the control group")])
  }

  @Test func aFullGroupLeavesNothing() throws {
    let found = try limits(
      cgroup: "0::/a\n",
      ["sys/fs/cgroup/unified/a/memory.max": "10\n", "sys/fs/cgroup/unified/a/memory.current": "12\n"],
      MemoryLimit.controlGroups)
    #expect(found.map(\.left) == [0])
  }

  @Test(arguments: ["", "nonsense\n", "0::\n", "4:memory:/../..\n", "a:b\n"])
  func whatIsNotThereIsNoLimit(_ cgroup: String) throws {
    #expect(try limits(cgroup: cgroup, ["sys/fs/cgroup/memory.max": "x"], MemoryLimit.controlGroups) == [])
  }

  @Test func thisMachineSaysWhatIsFree() {
    #if os(Linux)
      #expect(MemoryLimit.all().contains { $0.source == "free on this machine" && $0.left > 0 })
    #endif
  }
}
