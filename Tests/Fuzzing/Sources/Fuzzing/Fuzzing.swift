import CFuzzer
import Files

/// What libFuzzer calls. One program holds every reader; `SELVA_READER` says which of them is tried, so that the
/// processes which libFuzzer starts of itself try the same one.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
  _: UnsafeMutablePointer<Int32>, _: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> Int32 {
  if let folder = getenv("SELVA_SEEDS") {
    do {
      try Seeds.write(to: String(cString: folder))
    } catch {
      fatalError("seeds cannot be written: \(error)")
    }
    exit(0)
  }
  _ = Reader.chosen
  return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let input = UnsafeRawBufferPointer(start: start, count: count)
  do {
    try Reader.chosen.read(input)
  } catch let fault as any Fault {
    check(message: fault.description)
  } catch {
    fatalError("an error without a type of its own: \(type(of: error)): \(error)")
  }
  return 0
}

/// Half of all changes keep a safetensors file's length of its header true, without which few would get past it.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(_ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ most: Int, _ seed: UInt32) -> Int {
  let changed = LLVMFuzzerMutate(data, count, most)
  guard Reader.chosen.isSafetensors, seed & 1 == 0 else { return changed }
  return SafetensorsFrame.mend(UnsafeMutableRawBufferPointer(start: data, count: changed))
}

/// A fault's message is one line that a terminal may be shown.
func check(message: String) {
  guard !message.isEmpty, message.utf8.count < 4096 else {
    fatalError("a message of \(message.utf8.count) bytes")
  }
  for scalar in message.unicodeScalars where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
    fatalError("a control character in: \(message.debugDescription)")
  }
}

/// What must hold of every input that is accepted.
func require(_ holds: Bool, _ what: @autoclosure () -> String) {
  if !holds { fatalError(what()) }
}

/// A file in memory whose content is the input, for readers that take paths.
enum InputFile {
  /// Removed by `Tests/Fuzzing/run`, which sets it.
  static let folder: String = {
    guard let folder = getenv("SELVA_SCRATCH") else { fatalError("SELVA_SCRATCH names no folder") }
    return String(cString: folder)
  }()

  static func write(_ bytes: UnsafeRawBufferPointer, name: String) -> String {
    let path = "\(folder)/\(name)"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    require(descriptor >= 0, "\(path) cannot be written")
    defer { close(descriptor) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      let count = Glibc.write(descriptor, part.baseAddress, part.count)
      require(count > 0, "\(path) cannot be written")
      rest = rest.dropFirst(count)
    }
    return path
  }
}
