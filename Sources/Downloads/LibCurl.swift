import CCurl
import Files

/// libcurl, loaded when it is first asked for.
enum LibCurl {
  private static let loaded: (functions: selva_curl_functions, missing: String?) = {
    var functions = selva_curl_functions()
    if let missing = selva_curl_load(&functions) { return (functions, String(cString: missing)) }
    let isReady = functions.global(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    return (functions, isReady ? nil : "libcurl's TLS")
  }()

  /// - Throws: `DownloadError` where the library is not there.
  static func functions() throws -> selva_curl_functions {
    if let missing = loaded.missing {
      throw DownloadError(
        .missingInput,
        "downloads need libcurl, of which \(missing) cannot be loaded; install libcurl4 (apt-get install libcurl4)"
      )
    }
    return loaded.functions
  }

  /// The SHA-256 of a file, in 64 hexadecimal digits.
  ///
  /// - Throws: `DownloadError` where the library is not there, `FileError` where the file cannot be read.
  static func sha256(of path: String) throws -> String {
    let functions = try functions()
    return try MappedFile.withBytes(of: path) { bytes in
      var digest = [UInt8](repeating: 0, count: 32)
      _ = functions.sha256(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, &digest)
      return digest.map { byte in
        let text = String(byte, radix: 16)
        return byte < 16 ? "0\(text)" : text
      }.joined()
    }
  }
}

/// What a download cannot get over: the network's fault, or a server's.
public struct DownloadError: Fault, Equatable {
  public let category: FaultCategory
  public let description: String

  init(_ category: FaultCategory, _ description: String) {
    self.category = category
    self.description = description
  }
}

/// A download was asked to stop. What had come is kept, and the next one goes on from there.
public struct DownloadStopped: Error, Equatable {
  public init() {}
}
