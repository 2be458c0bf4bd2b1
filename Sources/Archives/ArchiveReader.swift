import CArchive
import Files

/// The files of a zip, tar or 7z archive, one after the other, however it is compressed; or the one file that gzip, xz,
/// bzip2, zstd or lz4 packed.
///
/// Used by one thread.
public final class ArchiveReader {
  public let path: String
  private let archive: OpaquePointer
  private let functions: selva_archive_functions
  /// Names are in UTF-8 whatever the language of the user, so this thread's locale is while it reads.
  private let locale: locale_t?
  private let localeBefore: locale_t?

  /// - Throws: `FileError` where the file cannot be read or libarchive is not there.
  public convenience init(_ path: String) throws {
    try self.init(path) { functions, archive in functions.archive_read_open_filename(archive, path, 1 << 18) }
  }

  /// An archive in memory.
  ///
  /// - Parameters:
  ///   - bytes: must live as long as the reader.
  ///   - name: what errors call it.
  /// - Throws: as `init(_:)` does.
  public convenience init(_ bytes: UnsafeRawBufferPointer, name: String) throws {
    try self.init(name) { functions, archive in
      functions.archive_read_open_memory(archive, bytes.baseAddress, bytes.count)
    }
  }

  private init(_ path: String, open: (selva_archive_functions, OpaquePointer) -> Int32) throws {
    self.path = path
    functions = try LibArchive.functions(for: path)
    guard let archive = functions.archive_read_new() else { preconditionFailure("libarchive does not start") }
    self.archive = archive
    locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil)
    localeBefore = locale.map { uselocale($0) }
    for support in [
      functions.archive_read_support_filter_gzip, functions.archive_read_support_filter_bzip2,
      functions.archive_read_support_filter_xz, functions.archive_read_support_filter_lzma,
      functions.archive_read_support_filter_zstd, functions.archive_read_support_filter_lz4,
      functions.archive_read_support_format_tar, functions.archive_read_support_format_zip,
      functions.archive_read_support_format_7zip, functions.archive_read_support_format_raw,
    ] { _ = support?(archive) }
    guard open(functions, archive) == ARCHIVE_OK else { throw fault(archive, functions) }
  }

  deinit {
    _ = functions.archive_read_free(archive)
    if let locale {
      uselocale(localeBefore)
      freelocale(locale)
    }
  }

  /// Whether this is no archive but one compressed file. Known after the first `next`.
  public var isSingleFile: Bool {
    functions.archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_RAW
  }

  /// Goes to the next regular file.
  ///
  /// - Returns: its path in the archive; nil at the end.
  /// - Throws: `FileError` where the archive is damaged.
  public func next() throws -> String? {
    while true {
      var entry: OpaquePointer?
      switch functions.archive_read_next_header(archive, &entry) {
      case ARCHIVE_EOF: return nil
      case ARCHIVE_OK, ARCHIVE_WARN: break
      default: throw fault(archive, functions)
      }
      guard let entry else { return nil }
      // One compressed file has the type of a regular one.
      guard functions.archive_entry_filetype(entry) == LibArchive.regularFile else { continue }
      let name = functions.archive_entry_pathname_utf8(entry) ?? functions.archive_entry_pathname(entry)
      return name.map { String(cString: $0) } ?? "?"
    }
  }

  /// Reads on in the file that `next` went to.
  ///
  /// - Returns: how many bytes; 0 at its end.
  /// - Throws: `FileError` where it is damaged.
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = functions.archive_read_data(archive, buffer.baseAddress, buffer.count)
    guard count >= 0 else { throw fault(archive, functions) }
    return count
  }

  /// The whole of the file that `next` went to.
  ///
  /// - Throws: `FileError` where it is damaged or longer than `most` bytes.
  public func content(most: Int) throws -> [UInt8] {
    var content: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try part.withUnsafeMutableBytes { try read(into: $0) }
      if count == 0 { return content }
      guard content.count + count <= most else {
        throw FileError(.badData, path: path, reason: "a file in it is longer than \(most) bytes; unpack it")
      }
      content.append(contentsOf: part[..<count])
    }
  }

  private func fault(_ archive: OpaquePointer, _ functions: selva_archive_functions) -> FileError {
    FileError(
      .badData, path: path,
      reason: "cannot be unpacked: \(LibArchive.reason(archive, functions)); get or make it again")
  }
}
