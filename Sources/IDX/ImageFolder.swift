import Files

/// The IDX files of a data set, found in a folder by their customary names: `train-images…`, `train-labels…`,
/// and `t10k-…` or `test-…`, with or without `.gz`, with `-` or `.` before `idx`; each also as the one file of a folder
/// of that name, as unpacking leaves it.
///
/// Where no training images have such a name, the only `…images…` that are not the test set's will do, with the
/// `…labels…` of the same beginning; a beginning may stand before all names, as in `emnist-letters-train-images…`. Where
/// the folder has none at all, it may be that of a library that keeps them in `MNIST/raw` or `raw`.
public struct ImageFolder: Sendable, Equatable {
  /// The folder, as it was named.
  public let path: String
  /// The file of training images.
  public let trainImages: String
  /// Their labels; nil where the folder has none.
  public let trainLabels: String?
  /// The file of test images; nil where the folder has none.
  public let testImages: String?
  /// Their labels; nil where the folder has none.
  public let testLabels: String?

  private static let tests = ["t10k", "test"]
  /// Where torchvision keeps files, below the folder that it was told.
  private static let below = [
    "raw", "MNIST/raw", "FashionMNIST/raw", "KMNIST/raw", "EMNIST/raw", "QMNIST/raw",
  ]

  /// Looks for the files; none is opened.
  ///
  /// - Throws: `FileError` when the folder cannot be read, `IDXError.noImages`, `.otherImages` or `.ambiguous`.
  public init(_ path: String) throws {
    self.path = path
    var listing = try Listing(path)
    if !listing.hasImages {
      let others = try ImageFolder.below.map { listing.joined($0) }.filter(FileKind.isFolder).map(
        Listing.init
      )
      .filter(\.hasImages)
      guard others.count <= 1 else {
        throw IDXError.ambiguous(folder: path, candidates: others.map(\.folder))
      }
      listing = others.first ?? listing
    }
    let found = try ImageFolder.find(in: listing)
    (trainImages, trainLabels) = (found.images, found.labels)
    testImages = try listing.path(ofStems: ImageFolder.tests.map { "\(found.start)\($0)-images" })
    testLabels = try listing.path(ofStems: ImageFolder.tests.map { "\(found.start)\($0)-labels" })
  }

  /// The training images, with what stands before `train` and `test` in the names of their set.
  private static func find(
    in listing: Listing
  ) throws -> (images: String, labels: String?, start: String) {
    if let images = try listing.path(ofStems: ["train-images"]) {
      return (images, try listing.path(ofStems: ["train-labels"]), "")
    }
    let stems = listing.files.map(\.stem).filter { stem in
      stem.hasSuffix("images")
        && !tests.contains { stem == "\($0)-images" || stem.hasSuffix("-\($0)-images") }
    }
    guard let images = try listing.path(ofStems: stems), let stem = stems.first else {
      if let other = PictureFinder.first(in: listing.folder) {
        throw IDXError.otherImages(folder: listing.folder, found: other.plural)
      }
      let lookedFor =
        "train-images-idx3-ubyte, train-images.idx3-ubyte, train-images.idx and the like, "
        + "plain or .gz, or a single file of that form with another beginning"
      throw IDXError.noImages(folder: listing.folder, lookedFor: lookedFor)
    }
    let start = stem.hasSuffix("-train-images") ? String(stem.dropLast("train-images".count)) : ""
    return (images, try listing.path(ofStems: [stem.dropLast("images".count) + "labels"]), start)
  }
}

/// The files of a folder that are named as IDX files are.
private struct Listing {
  let folder: String
  /// `name` is the path below the folder; `stem` is the name up to `-idx…`, `.idx…` or `.gz`.
  private(set) var files: [(name: String, stem: String)] = []

  init(_ path: String) throws {
    folder = path
    for name in try FileKind.names(in: path) {
      guard let stem = Listing.stem(name) else { continue }
      if !FileKind.isFolder(joined(name)) {
        files.append((name, stem))
      } else if let inner = unpacked(name, stem) {
        files.append(("\(name)/\(inner)", stem))
      }
    }
    files.sort { $0.name < $1.name }
    // A folder that an archive left beside its file says nothing new.
    let besides = Set(files.filter { !$0.name.contains("/") }.map(\.stem))
    files.removeAll { $0.name.contains("/") && besides.contains($0.stem) }
  }

  var hasImages: Bool { files.contains { $0.stem.hasSuffix("images") } }

  /// The one file of a folder that bears its file's name.
  private func unpacked(_ name: String, _ stem: String) -> String? {
    let inner = ((try? FileKind.names(in: joined(name))) ?? []).filter {
      Listing.stem($0) == stem && FileKind.isFile(joined("\(name)/\($0)"))
    }
    return inner.count == 1 ? inner[0] : nil
  }

  /// The one file that has one of these stems, plain rather than gzip: it needs no expanding.
  func path(ofStems stems: [String]) throws -> String? {
    let found = files.filter { stems.contains($0.stem) }.map(\.name)
    let plain = found.filter { !$0.hasSuffix(".gz") }
    let candidates = plain.isEmpty ? found : plain
    guard candidates.count <= 1 else { throw IDXError.ambiguous(folder: folder, candidates: candidates) }
    return candidates.first.map(joined)
  }

  func joined(_ name: String) -> String { FilePath.join(folder, name) }

  /// None for hidden files and for names with another ending.
  private static func stem(_ name: String) -> String? {
    let rest = name.hasSuffix(".gz") ? name.dropLast(3) : name[...]
    guard !rest.hasPrefix(".") else { return nil }
    let mark = rest.indices.first { rest[$0...].hasPrefix("-idx") || rest[$0...].hasPrefix(".idx") }
    let ending = mark.map { rest[$0...].dropFirst() } ?? rest
    return ending.contains(".") ? nil : String(rest[..<(mark ?? rest.endIndex)])
  }
}
