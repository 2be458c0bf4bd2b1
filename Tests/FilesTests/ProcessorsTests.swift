import Foundation
import Testing

@testable import Files

/// Control groups as the kernel writes them, in a folder in place of `/`.
@Suite struct ProcessorsTests {
  private func count(_ online: Int, _ files: [String: String]) throws -> Int {
    try with(files) { Processors.count(online: online, root: $0) }
  }

  private func with<T>(_ files: [String: String], _ body: (String) -> T) throws -> T {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("selva-\(UUID().uuidString)")
      .path
    defer { try? FileManager.default.removeItem(atPath: root) }
    for (path, text) in files {
      let file = URL(fileURLWithPath: "\(root)/\(path)")
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    return body(root)
  }

  @Test func aPlaceIsAMachineAndItsProcessors() throws {
    func place(_ machine: String, _ mask: String) throws -> UInt32 {
      try with(
        [
          "proc/sys/kernel/random/boot_id": machine,
          "proc/self/status": "Name:\tselva\nCpus_allowed:\t\(mask)\n",
        ]
      ) { Processors.place(root: $0) }
    }
    let here = try place("a1", "ff")
    #expect(try place("a1", "ff") == here)
    #expect(try place("a2", "ff") != here)
    #expect(try place("a1", "0f") != here)
  }

  @Test(arguments: [
    ("max 100000", 8), ("200000 100000", 2), ("150000 100000", 2), ("50000 100000", 1), ("900000 100000", 8),
    ("", 8), ("200000", 8), ("200000 0", 8),
  ])
  func secondVersion(limit: String, expected: Int) throws {
    #expect(
      try count(8, ["proc/self/cgroup": "0::/job\n", "sys/fs/cgroup/job/cpu.max": limit + "\n"]) == expected)
  }

  @Test func theGroupAboveCountsToo() throws {
    let files = [
      "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "600000 100000\n",
      "sys/fs/cgroup/a/cpu.max": "300000 100000\n",
    ]
    #expect(try count(8, files) == 3)
  }

  @Test func firstVersion() throws {
    var files = [
      "proc/self/cgroup": "4:cpu,cpuacct:/docker/3f2\n0::/\n",
      "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "400000\n",
      "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    ]
    #expect(try count(8, files) == 4)
    files["sys/fs/cgroup/cpu/cpu.cfs_quota_us"] = "-1\n"
    #expect(try count(8, files) == 8)
  }

  @Test(arguments: [
    ("ff", 8), ("3,00000001", 3), ("00000000,00000010", 1), ("ffffffff,ffffffff", 64), ("", 5), ("0", 5),
  ])
  func theMaskCounts(mask: String, expected: Int) throws {
    let status = "Name:\tselva\nCpus_allowed:\t\(mask)\nCpus_allowed_list:\t0-7\n"
    #expect(try count(5, ["proc/self/status": status]) == expected)
  }

  @Test func thereIsAlwaysOne() throws {
    #expect(try count(0, [:]) == 1)
    #expect(Processors.count >= 1)
  }
}
