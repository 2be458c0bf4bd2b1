import CArchive
import Files

/// libarchive, loaded when it is first asked for.
enum LibArchive {
  private static let loaded: (functions: selva_archive_functions, missing: String?) = {
    var functions = selva_archive_functions()
    let missing = selva_archive_load(&functions)
    return (functions, missing.map { String(cString: $0) })
  }()

  /// `AE_IFREG`, which Swift does not see.
  static let regularFile: mode_t = 0o100000

  /// - Throws: `FileError` in the name of the archive at `path` where the library is not there.
  static func functions(for path: String) throws -> selva_archive_functions {
    if let missing = loaded.missing {
      throw FileError(
        .missingInput, path: path,
        reason: "needs libarchive, of which \(missing) cannot be loaded; install libarchive13")
    }
    return loaded.functions
  }

  /// The library's own words for what went wrong, on one line.
  static func reason(_ archive: OpaquePointer, _ functions: selva_archive_functions) -> String {
    guard let text = functions.archive_error_string(archive) else { return "no reason given" }
    return shown(String(cString: text))
  }
}
