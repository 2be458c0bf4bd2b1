/// A control group that this process is in, or one above it, as Linux tells of them.
struct ControlGroup {
  enum Version { case first, second }

  let version: Version
  private let folder: String

  /// Those that `controller` may limit, each followed by the groups above it.
  ///
  /// - Parameter root: the folder that holds `proc` and `sys`; "" for the machine's own.
  static func all(of controller: Substring, root: String) -> [ControlGroup] {
    KernelFile.text("\(root)/proc/self/cgroup").split(separator: "\n").flatMap { line -> [ControlGroup] in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return [] }
      let path = String(parts[2])
      let controllers = parts[1].split(separator: ",")
      if controllers.contains(controller) {
        // Of controllers that are mounted together, either name leads there.
        return upwards("\(root)/sys/fs/cgroup/\(controller)", path, .first)
      }
      guard parts[0] == "0" else { return [] }
      return ["", "/unified"].flatMap { upwards("\(root)/sys/fs/cgroup\($0)", path, .second) }
    }
  }

  /// From a group up to the root. In a container its path may be that of another view: what is not there is passed
  /// over, and the root is looked at in any case.
  private static func upwards(_ mount: String, _ path: String, _ version: Version) -> [ControlGroup] {
    let names = path.split(separator: "/")
    return (0...names.count).reversed().map { count in
      ControlGroup(version: version, folder: names[..<count].reduce(mount) { "\($0)/\($1)" })
    }
  }

  /// A file of the group; empty where there is none.
  func text(_ name: String) -> String { KernelFile.text("\(folder)/\(name)") }

  func line(_ name: String) -> Substring { text(name).prefix { !$0.isNewline } }
}

/// A small file of the kernel's.
enum KernelFile {
  /// Empty where it cannot be read.
  static func text(_ path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 14)
    let count = read(descriptor, &bytes, bytes.count)
    return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
  }
}
