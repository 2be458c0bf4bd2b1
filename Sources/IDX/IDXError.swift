import Files

/// What is wrong with an IDX file. Each names the file and, where there is one, the byte offset of the fault; in
/// a gzip file that is the offset in what it expands to, but for `brokenGzip`.
public enum IDXError: Fault, Equatable {
  /// The first two bytes are not 0 (nor those of gzip).
  case wrongMagic(path: String, found: [UInt8])
  /// Byte 2 names no element type.
  case unknownType(path: String, code: UInt8)
  /// The file ends at `offset`, before `expected`.
  case truncated(path: String, offset: Int, expected: Int)
  /// Bytes after the data, from `offset` on; in a gzip file, counted as far as `mostCounted`.
  case bytesLeftOver(path: String, offset: Int, count: Int)
  /// The sizes multiply to more than a file can hold, or to far more than this one does.
  case absurdSizes(path: String, sizes: [Int], fileLength: Int)
  /// The gzip stream is damaged near `offset` of the compressed file.
  case brokenGzip(path: String, offset: Int, reason: String)
  /// The wrong number of dimensions for what the file should hold.
  case wrongRank(path: String, found: [Int], wanted: String)
  /// Four sizes, of which the channels could be the second or the last.
  case ambiguousChannels(path: String, sizes: [Int])
  /// Four sizes, none of which can be the channels; or not the one that `layout` says is.
  case noChannels(path: String, sizes: [Int], layout: ImageLayout?)
  /// A layout for a file that has no channels among its sizes.
  case layoutWithoutChannels(path: String, sizes: [Int], layout: ImageLayout)
  /// A label file where images are expected.
  case labelsInsteadOfImages(path: String, count: Int)
  /// An image file where labels are expected.
  case imagesInsteadOfLabels(path: String, sizes: [Int])
  /// Elements of a type that images or labels cannot have.
  case wrongElements(path: String, found: IDXElementType, wanted: String)
  /// No images, or images without pixels.
  case empty(path: String, sizes: [Int])
  /// A pixel outside [0, 1], or not a number; or a label outside 0…255.
  case valueOutOfRange(path: String, index: Int, offset: Int, value: Double, range: String, fix: String)
  /// More images than can be numbered.
  case tooManyImages(path: String, count: Int)
  /// Images and labels that do not belong together.
  case countsDisagree(images: String, imageCount: Int, labels: String, labelCount: Int)
  /// A folder without what was looked for.
  case noImages(folder: String, lookedFor: String)
  /// A folder of pictures where one of IDX files is looked for; `found` says of which kind, as "PNG pictures".
  case otherImages(folder: String, found: String)
  /// Several files that could be meant.
  case ambiguous(folder: String, candidates: [String])

  /// So many bytes after the data are enough to tell that they do not belong there.
  static let mostCounted = 1 << 26

  public var category: FaultCategory {
    switch self {
    case .noImages, .otherImages: .missingInput
    default: .badData
    }
  }

  public var description: String {
    switch self {
    case .wrongMagic(let path, let found):
      let bytes = found.map { String($0, radix: 16) }.joined(separator: " ")
      return "\(path): byte 0: not an IDX file: it begins with \(bytes) where IDX begins with 0 0; "
        + "give an IDX file, as those of MNIST are"
    case .unknownType(let path, let code):
      return "\(path): byte 2: unknown element type 0x\(String(code, radix: 16)); "
        + "IDX has 8, 9, b, c, d and e"
    case .truncated(let path, let offset, let expected):
      return "\(path): byte \(offset): the file ends here but should have \(expected) bytes; get it again"
    case .bytesLeftOver(let path, let offset, let count):
      let number = count < IDXError.mostCounted ? "\(count)" : "\(count) or more"
      return "\(path): byte \(offset): \(number) bytes follow the data; get the file again, or correct the "
        + "sizes in its header"
    case .absurdSizes(let path, let sizes, let length):
      return "\(path): byte 4: \(text(sizes)) cannot be those of a file of \(length) bytes; get it again"
    case .brokenGzip(let path, let offset, let reason):
      return "\(path): byte \(offset): broken gzip: \(reason); get the file again"
    default: return contentDescription
    }
  }

  private var channelDescription: String {
    switch self {
    case .ambiguousChannels(let path, let sizes):
      return "\(path): byte 4: \(text(sizes)) have their channels first or last; say which, with "
        + "--layout channels-first or --layout channels-last"
    case .noChannels(let path, let sizes, let layout):
      let place = layout.map { $0 == .channelsFirst ? "second" : "last" } ?? "second or last"
      return
        "\(path): byte 4: \(text(sizes)) where the \(place) must be 1 or 3, for grey or for red, green and blue; "
        + (layout == nil ? "convert the file" : "give the other --layout, or convert the file")
    case .layoutWithoutChannels(let path, let sizes, let layout):
      return
        "\(path): byte 3: \(text(sizes)) have no channels among them; leave out --layout \(layout.rawValue)"
    default: preconditionFailure("a case without words")
    }
  }

  private var contentDescription: String {
    switch self {
    case .wrongRank(let path, let found, let wanted):
      return "\(path): byte 3: \(text(found)) where \(wanted) are expected; convert the file"
    case .labelsInsteadOfImages(let path, let count):
      return "\(path): byte 3: this is a label file (\(count) labels); give the file of images, rank 3 or 4"
    case .imagesInsteadOfLabels(let path, let sizes):
      return "\(path): byte 3: \(text(sizes)) where labels are expected; give the file of labels, rank 1"
    case .wrongElements(let path, let found, let wanted):
      return "\(path): byte 2: elements are \(found.name) where \(wanted) is expected; convert the file"
    case .empty(let path, let sizes):
      return "\(path): byte 4: \(text(sizes)): there is no image in it; give a file with images"
    case .valueOutOfRange(let path, let index, let offset, let value, let range, let fix):
      return "\(path): byte \(offset): element \(index) is \(value), outside \(range); \(fix)"
    case .tooManyImages(let path, let count):
      return "\(path): byte 4: \(count) images are more than \(Int32.max); split the file"
    case .countsDisagree(let images, let imageCount, let labels, let labelCount):
      return "\(labels): byte 4: \(labelCount) labels for the \(imageCount) images of \(images); "
        + "give the pair that belongs together"
    case .noImages(let folder, let lookedFor):
      return "\(folder): no IDX images here; looked for \(lookedFor)"
    case .otherImages(let folder, let found):
      return "\(folder): no IDX images here, but \(found); make a set of them with "
        + FileSignature.importCommand(folder)
    case .ambiguous(let folder, let candidates):
      return "\(folder): \(candidates.joined(separator: " and ")) could each be meant; name the file itself"
    default: return channelDescription
    }
  }
}

private func text(_ sizes: [Int]) -> String {
  sizes.isEmpty ? "no sizes" : "sizes " + sizes.map(String.init).joined(separator: " x ")
}
