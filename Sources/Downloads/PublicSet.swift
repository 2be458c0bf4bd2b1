/// A set of images that anybody may have, and where it is.
public struct PublicSet: Sendable {
  public struct File: Sendable {
    public let name: String
    /// In bytes; nil where the list does not say.
    let size: Int?
    let sha256: String
    /// Of the same content as a distribution packs it.
    let packaged: String?

    init(_ name: String, _ size: Int?, _ sha256: String, packaged: String? = nil) {
      (self.name, self.size, self.sha256, self.packaged) = (name, size, sha256, packaged)
    }

    /// Files of unknown size may have that many bytes.
    static let most = 1 << 36
  }

  public let name: String
  /// In a few words.
  public let summary: String
  let files: [File]
  /// Addresses of folders that have the files, the best one first.
  let mirrors: [String]
  /// Where a package of the system has it.
  var installed: String?
  /// What the labels are called, from 0.
  var labels: [String] = []
  /// Where `files` is one archive of several sets: which of them is wanted.
  var part: String?

  /// All that are known by name.
  public static let known: [PublicSet] = [mnist, fashion, kuzushiji] + letters

  /// The checksums are those that TensorFlow Datasets records.
  private static let mnist = PublicSet(
    name: "mnist", summary: "70,000 handwritten digits, 28 x 28 (LeCun et al. 1998)",
    files: [
      File(
        "train-images-idx3-ubyte.gz", 9_912_422,
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
      File(
        "train-labels-idx1-ubyte.gz", 28_881,
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
      File(
        "t10k-images-idx3-ubyte.gz", 1_648_877,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
      File(
        "t10k-labels-idx1-ubyte.gz", 4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
      ),
    ],
    mirrors: [
      "https://ossci-datasets.s3.amazonaws.com/mnist", "https://storage.googleapis.com/cvdf-datasets/mnist",
    ])

  private static let fashion = PublicSet(
    name: "fashion-mnist", summary: "70,000 articles of clothing, 28 x 28 (Xiao et al. 2017)",
    files: [
      File(
        "train-images-idx3-ubyte.gz", 26_421_880,
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        packaged: "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7"),
      File(
        "train-labels-idx1-ubyte.gz", 29_515,
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        packaged: "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056"),
      File(
        "t10k-images-idx3-ubyte.gz", 4_422_102,
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        packaged: "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa"),
      File(
        "t10k-labels-idx1-ubyte.gz", 5_148,
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        packaged: "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05"),
    ],
    mirrors: [
      "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    ],
    // Of Debian's and Ubuntu's dataset-fashion-mnist.
    installed: "/usr/share/datasets/fashion-mnist",
    labels: [
      "t-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
    ])

  private static let kuzushiji = PublicSet(
    name: "kmnist", summary: "70,000 cursive characters in ten classes, 28 x 28 (Clanuwat et al. 2018)",
    files: [
      File(
        "train-images-idx3-ubyte.gz", 18_165_135,
        "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"),
      File(
        "train-labels-idx1-ubyte.gz", 29_497,
        "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
      File(
        "t10k-images-idx3-ubyte.gz", 3_041_136,
        "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
      File(
        "t10k-labels-idx1-ubyte.gz", 5_120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"
      ),
    ],
    mirrors: [
      "https://codh.rois.ac.jp/kmnist/dataset/kmnist", "http://codh.rois.ac.jp/kmnist/dataset/kmnist",
    ],
    labels: ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"])

  /// EMNIST, which comes as one archive of 562 MB.
  private static let letters: [PublicSet] =
    ([
      ("letters", "145,600 letters in 26 classes"),
      ("balanced", "131,600 digits and letters in 47 classes"),
      ("digits", "280,000 digits"),
      ("mnist", "70,000 digits"),
      ("byclass", "814,255 digits and letters in 62 classes"),
      ("bymerge", "814,255 digits and letters in 47 classes"),
    ] as [(String, String)]).map { part, summary in
      PublicSet(
        name: "emnist-\(part)", summary: "\(summary), 28 x 28 (Cohen et al. 2017)",
        files: [
          File("gzip.zip", 561_753_746, "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e")
        ],
        mirrors: [
          "https://biometrics.nist.gov/cs_links/EMNIST", "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST",
        ],
        part: part)
    }
}

extension PublicSet {
  /// In bytes, as far as it is known.
  public var size: Int { files.reduce(0) { $0 + ($1.size ?? 0) } }

  /// A set on any server: a folder of IDX files with a list of their checksums, as `sha256sum * > SHA256SUMS` makes it.
  static let listName = "SHA256SUMS"

  /// - Parameters:
  ///   - list: the content of that file.
  ///   - url: the folder's address.
  /// - Throws: `DownloadError` where it is no such list.
  init(list: String, at url: String) throws {
    var files: [File] = []
    for line in list.split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
      let name = parts.count == 2 ? String(parts[1].drop { $0 == " " || $0 == "*" }) : ""
      guard let digest = parts.first?.lowercased(), digest.count == 64, digest.allSatisfy(\.isHexDigit),
        !name.isEmpty, !name.hasPrefix("."), !name.contains("/"), !files.contains(where: { $0.name == name })
      else {
        throw DownloadError(
          .badData,
          "\(url)/\(PublicSet.listName): is no list of checksums with plain names of files; make it by "
            + "sha256sum * > \(PublicSet.listName)")
      }
      files.append(File(name, nil, digest))
    }
    guard !files.isEmpty else {
      throw DownloadError(.badData, "\(url)/\(PublicSet.listName): names no files")
    }
    self.init(name: PublicSet.name(of: url), summary: "", files: files, mirrors: [url])
  }

  /// The last part of an address, as the name of a folder.
  public static func name(of url: String) -> String {
    let path = url.prefix { $0 != "?" && $0 != "#" }.split(separator: "/").dropFirst(2)
    return path.last.map(String.init) ?? "set"
  }
}
