import Files

/// The IDX files of a data set, found in a folder by their customary names: `train-images…`, `train-labels…`, and
/// `t10k-…` or `test-…`, with or without `.gz`, with `-` or `.` before `idx`.
public struct ImageFolder: Sendable, Equatable {
  public let path: String
  public let trainImages: String
  public let trainLabels: String?
  public let testImages: String?
  public let testLabels: String?

  /// - Throws: `FileError` when the folder cannot be read, `IDXError.noImages` or `.ambiguous`.
  public init(_ path: String) throws {
    let names = try ImageFolder.list(path)
    func find(_ prefixes: [String]) throws -> String? {
      let found = names.filter { name in prefixes.contains { ImageFolder.matches(name, $0) } }
      // The plain file needs no expanding.
      let plain = found.filter { !$0.hasSuffix(".gz") }
      let candidates = plain.isEmpty ? found : plain
      guard candidates.count <= 1 else { throw IDXError.ambiguous(folder: path, candidates: candidates) }
      return candidates.first.map { "\(path)/\($0)" }
    }
    self.path = path
    testImages = try find(["t10k-images", "test-images"])
    testLabels = try find(["t10k-labels", "test-labels"])
    trainLabels = try find(["train-labels"])
    if let images = try find(["train-images"]) {
      trainImages = images
      return
    }
    // Any one file that is called images will do.
    let others = names.filter { $0.contains("images") && $0.contains("idx") && !$0.hasPrefix("t") }
    guard others.count <= 1 else { throw IDXError.ambiguous(folder: path, candidates: others) }
    guard let only = others.first else {
      throw IDXError.noImages(
        folder: path, lookedFor: "train-images-idx3-ubyte, train-images.idx3-ubyte and the like, plain or .gz"
      )
    }
    trainImages = "\(path)/\(only)"
  }

  /// `prefix`, then nothing, or `-` or `.` and the rest.
  private static func matches(_ name: String, _ prefix: String) -> Bool {
    guard name.hasPrefix(prefix) else { return false }
    let rest = name.dropFirst(prefix.count)
    return rest.isEmpty || rest.hasPrefix("-") || rest.hasPrefix(".")
  }

  private static func list(_ path: String) throws -> [String] {
    guard let folder = opendir(path) else {
      throw FileError(
        .missingInput, path: path, reason: "cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }
}
