import CArchive
import Files

/// A zip archive being written, its files stored as they are, so that NumPy can read each array at once. The same bytes
/// every time: no time is recorded.
package final class ZipWriter {
  private let path: String
  private let archive: OpaquePointer
  private let functions: selva_archive_functions
  private let made = Made()

  /// What libarchive has made and nobody has taken yet.
  private final class Made {
    var bytes: [UInt8] = []
  }

  /// - Parameter path: what an error calls the archive.
  /// - Throws: `FileError` where libarchive is not there.
  package init(_ path: String) throws {
    self.path = path
    functions = try LibArchive.functions(for: path)
    guard let archive = functions.archive_write_new() else {
      preconditionFailure("libarchive does not start")
    }
    self.archive = archive
    // Without blocks, so that nothing is filled up at the end.
    let isReady =
      functions.archive_write_set_format_zip(archive) == ARCHIVE_OK
      && functions.archive_write_zip_set_compression_store(archive) == ARCHIVE_OK
      && functions.archive_write_set_bytes_per_block(archive, 0) == ARCHIVE_OK
      && functions.archive_write_open(
        archive, Unmanaged.passUnretained(made).toOpaque(), nil,
        { _, made, bytes, count in
          guard let made, let bytes else { return 0 }
          Unmanaged<Made>.fromOpaque(made).takeUnretainedValue().bytes.append(
            contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
          return count
        }, nil) == ARCHIVE_OK
    precondition(isReady, "libarchive writes no zip")
  }

  deinit { _ = functions.archive_write_free(archive) }

  /// Adds a file that `pieces` gives, piece by piece, `byteCount` bytes in all.
  ///
  /// - Throws: `FileError` where it cannot be written, and what `pieces` throws.
  package func add(
    _ name: String, byteCount: Int, to file: borrowing AtomicFileWriter,
    pieces: (_ write: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    guard let entry = functions.archive_entry_new() else { preconditionFailure("no memory for an entry") }
    defer { functions.archive_entry_free(entry) }
    functions.archive_entry_set_pathname(entry, name)
    functions.archive_entry_set_filetype(entry, LibArchive.regularFile)
    functions.archive_entry_set_perm(entry, 0o644)
    functions.archive_entry_set_size(entry, Int64(byteCount))
    try check(Int(functions.archive_write_header(archive, entry)))
    var written = 0
    try pieces { bytes in
      guard !bytes.isEmpty else { return }
      try check(functions.archive_write_data(archive, bytes.baseAddress, bytes.count))
      written += bytes.count
      try drain(to: file)
    }
    precondition(written == byteCount, "\(written) bytes of \(name), not \(byteCount)")
    try check(Int(functions.archive_write_finish_entry(archive)))
    try drain(to: file)
  }

  /// Writes what stands behind the last file.
  ///
  /// - Throws: as `add`.
  package func finish(to file: borrowing AtomicFileWriter) throws {
    try check(Int(functions.archive_write_close(archive)))
    try drain(to: file)
  }

  private func drain(to file: borrowing AtomicFileWriter) throws {
    try file.write(made.bytes)
    made.bytes.removeAll(keepingCapacity: true)
  }

  private func check(_ status: Int) throws {
    guard status < 0 else { return }
    throw FileError(
      .cannotWrite, path: path, reason: "cannot be written: \(LibArchive.reason(archive, functions))")
  }
}
