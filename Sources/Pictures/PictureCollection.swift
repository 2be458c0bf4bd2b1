import Files
import ImageGrid

/// Which of two sets an image belongs to.
public enum SetPart: Int, Sendable, CaseIterable {
  case train, test
}

/// Pictures as they are gathered from wherever they lie: their pixels in a nameless file, the rest in memory.
public final class PictureCollection {
  struct Item {
    /// Where it came from, with `/` between folders; of what is no file of its own, with its number.
    let name: String
    /// By what the source says of it; nil where folders may say it.
    let label: String?
    let part: SetPart?
    let root: FolderRoot
    let offset: Int
    let channels: Int
  }

  /// What folders in an item's name mean.
  enum FolderRoot {
    /// A folder that was named: those in it are labels, though there be one alone.
    case folder
    /// A list of files or an archive: a folder that all are in says nothing.
    case list
    /// No folders are in it.
    case table
  }

  let settings: ImportSettings
  private(set) var items: [Item] = []
  private(set) var sizes: [PictureSize: Int] = [:]
  /// An order of names that a folder came with, and names of labels.
  var order: [String]?
  var labelNames: LabelNames?
  private let spool: Spool
  private let tell: (Event) -> Void

  public enum Event {
    /// So many pictures have been read.
    case read(Int)
    /// A fault that one picture had.
    case skipped(String)
  }

  /// - Parameter tell: is told how far it is, and what was passed over.
  /// - Throws: `FileError` where there is no room under `TMPDIR`.
  public init(_ settings: ImportSettings, tell: @escaping (Event) -> Void) throws {
    self.settings = settings
    self.tell = tell
    spool = try Spool(for: "the pictures")
  }

  public var count: Int { items.count }

  /// Takes the picture that `make` gives; where it throws a fault, passes it over or, being strict, throws on.
  func add(
    _ name: String, label: String? = nil, part: SetPart? = nil, root: FolderRoot, make: () throws -> Raster
  ) throws {
    do {
      let picture = settings.prepared(try make())
      let size = PictureSize(width: picture.width, height: picture.height)
      sizes[size, default: 0] += 1
      // Of pictures that differ in size no set will be made: only which sizes there are is of interest then.
      if sizes.count == 1 {
        let channels = picture.channels
        items.append(
          Item(name: name, label: label, part: part, root: root, offset: spool.count, channels: channels))
        try spool.append(picture.pixels)
      }
    } catch let fault as any Fault {
      // No room is no fault of the picture.
      guard fault.category == .badData || fault.category == .missingInput else { throw fault }
      try skip(fault)
    }
    tell(.read(items.count))
  }

  /// - Throws: `fault`, being strict.
  func skip(_ fault: any Fault) throws {
    if settings.isStrict { throw fault }
    tell(.skipped(fault.description))
  }

  /// The pixels of all items, where their offsets say.
  func pixels() throws -> UnsafeRawBufferPointer { try spool.content() }

  /// The size of all pictures.
  ///
  /// - Parameter source: what the error calls them.
  /// - Throws: `PictureError` where there are none, or they differ.
  func commonSize(_ source: String) throws -> PictureSize {
    guard let first = sizes.first?.key else {
      throw PictureError(
        path: source, problem: "no picture could be read",
        fix: "give PNG or JPEG pictures, folders or archives of them, .npy, .npz or CSV of pixels")
    }
    guard sizes.count > 1 else { return first }
    let sorted = sizes.sorted {
      ($1.value, $0.key.width, $0.key.height) < ($0.value, $1.key.width, $1.key.height)
    }
    let list = sorted.prefix(6).map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
    throw PictureError(
      path: source,
      problem: "its pictures have \(sizes.count) sizes: \(list)\(sizes.count > 6 ? ", …" : "")",
      fix: "say to which one all are scaled, as --size \(sorted[0].key)")
  }
}
