import Files

/// The IDX files of a data set, found in a folder by their customary names: `train-images…`, `train-labels…`,
/// and `t10k-…` or `test-…`, with or without `.gz`, with `-` or `.` before `idx`.
///
/// Where no training images have such a name, the only `…images…` that are not the test set's will do, with the
/// `…labels…` of the same beginning.
public struct ImageFolder: Sendable, Equatable {
  public let path: String
  public let trainImages: String
  public let trainLabels: String?
  public let testImages: String?
  public let testLabels: String?

  /// - Throws: `FileError` when the folder cannot be read, `IDXError.noImages` or `.ambiguous`.
  public init(_ path: String) throws {
    self.path = path
    let listing = try Listing(path)
    testImages = try listing.path(ofStems: ["t10k-images", "test-images"])
    testLabels = try listing.path(ofStems: ["t10k-labels", "test-labels"])
    if let images = try listing.path(ofStems: ["train-images"]) {
      trainImages = images
      trainLabels = try listing.path(ofStems: ["train-labels"])
      return
    }
    let stems = listing.files.map(\.stem).filter { stem in
      stem.hasSuffix("images") && stem != "t10k-images" && stem != "test-images"
    }
    guard let images = try listing.path(ofStems: stems), let stem = stems.first else {
      let lookedFor =
        "train-images-idx3-ubyte, train-images.idx3-ubyte, train-images.idx and the like, "
        + "plain or .gz, or a single file of that form with another beginning"
      throw IDXError.noImages(folder: path, lookedFor: lookedFor)
    }
    trainImages = images
    trainLabels = try listing.path(ofStems: [stem.dropLast("images".count) + "labels"])
  }
}

/// The files of a folder that are named as IDX files are.
private struct Listing {
  let folder: String
  /// `stem` is the name up to `-idx…`, `.idx…` or `.gz`.
  private(set) var files: [(name: String, stem: String)] = []

  init(_ path: String) throws {
    folder = path
    guard let stream = opendir(path) else {
      let reason = "cannot be read: \(String(cString: strerror(errno)))"
      throw FileError(.missingInput, path: path, reason: reason)
    }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      // Archives unpack to folders that bear their file's name.
      if let stem = Listing.stem(name), !FileKind.isFolder(joined(name)) { files.append((name, stem)) }
    }
    files.sort { $0.name < $1.name }
  }

  /// The one file that has one of these stems, plain rather than gzip: it needs no expanding.
  func path(ofStems stems: [String]) throws -> String? {
    let found = files.filter { stems.contains($0.stem) }.map(\.name)
    let plain = found.filter { !$0.hasSuffix(".gz") }
    let candidates = plain.isEmpty ? found : plain
    guard candidates.count <= 1 else { throw IDXError.ambiguous(folder: folder, candidates: candidates) }
    return candidates.first.map(joined)
  }

  private func joined(_ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }

  /// None for hidden files and for names with another ending.
  private static func stem(_ name: String) -> String? {
    let rest = name.hasSuffix(".gz") ? name.dropLast(3) : name[...]
    guard !rest.hasPrefix(".") else { return nil }
    let mark = rest.indices.first { rest[$0...].hasPrefix("-idx") || rest[$0...].hasPrefix(".idx") }
    let ending = mark.map { rest[$0...].dropFirst() } ?? rest
    return ending.contains(".") ? nil : String(rest[..<(mark ?? rest.endIndex)])
  }
}
