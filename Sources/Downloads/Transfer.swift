import CCurl
import Files

/// One file from one address, by libcurl. What is there of it already is asked for no more.
struct Transfer {
  /// How a transfer ended that did not bring all there is.
  enum Failure: Error, Equatable {
    /// Nothing can be had there: the reason.
    case refused(String)
    /// It broke off in the middle: the reason.
    case broken(String)
    /// The server sends more than the file may have.
    case tooLong
  }

  /// How long a server may say nothing.
  struct Patience: Sendable {
    var connecting = 20
    /// Seconds with less than a hundred bytes each.
    var stalled = 30
  }

  let url: String
  /// The file that takes it.
  let path: String
  /// Bytes that it may have at most.
  let most: Int
  var patience = Patience()

  /// - Parameter goesOn: is asked some times a second, with the bytes that are there.
  /// - Throws: `Failure`; `DownloadStopped` when `goesOn` says so; `FileError` where the file does not take what comes.
  func run(_ goesOn: @escaping (Int) -> Bool) throws {
    do {
      try attempt(goesOn)
    } catch Attempt.cannotResume {
      // What is there may be the beginning of anything.
      guard truncate(path, 0) == 0 else { throw FileError.unwritable(path) }
      try attempt(goesOn)
    }
  }

  private enum Attempt: Error { case cannotResume }

  private func attempt(_ goesOn: @escaping (Int) -> Bool) throws {
    let functions = try LibCurl.functions()
    guard let handle = functions.`init`() else { preconditionFailure("libcurl does not start") }
    defer { functions.cleanup(handle) }
    let sink = try Sink(path, most: most, goesOn)
    let start = sink.count
    let code = perform(functions, handle, sink)
    if code == CURLE_OK { return try sink.sync() }
    if let fault = sink.fault { throw fault }
    if sink.isTooLong { throw Failure.tooLong }
    switch code {
    case CURLE_ABORTED_BY_CALLBACK: throw DownloadStopped()
    case CURLE_RANGE_ERROR where start > 0: throw Attempt.cannotResume
    case CURLE_HTTP_RETURNED_ERROR: throw Failure.refused(Transfer.text(selva_curl_status(functions, handle)))
    case CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_OPERATION_TIMEDOUT, CURLE_SEND_ERROR:
      throw Failure.broken(reason(functions, code))
    default: throw Failure.refused(reason(functions, code))
    }
  }

  private func perform(_ functions: selva_curl_functions, _ handle: UnsafeMutableRawPointer, _ sink: Sink)
    -> CURLcode
  {
    let context = Unmanaged.passUnretained(sink).toOpaque()
    // libcurl copies texts.
    selva_curl_set_text(functions, handle, CURLOPT_URL, url)
    selva_curl_set_text(functions, handle, CURLOPT_USERAGENT, "selva")
    let web = Int(CURLPROTO_HTTP) | Int(CURLPROTO_HTTPS)
    for (option, value) in [
      (CURLOPT_FOLLOWLOCATION, 1), (CURLOPT_MAXREDIRS, 10), (CURLOPT_FAILONERROR, 1), (CURLOPT_NOSIGNAL, 1),
      (CURLOPT_CONNECTTIMEOUT, patience.connecting), (CURLOPT_LOW_SPEED_LIMIT, 100),
      (CURLOPT_LOW_SPEED_TIME, patience.stalled), (CURLOPT_PROTOCOLS, web), (CURLOPT_REDIR_PROTOCOLS, web),
    ] { selva_curl_set_number(functions, handle, option, value) }
    if sink.count > 0 {
      selva_curl_set_offset(functions, handle, CURLOPT_RESUME_FROM_LARGE, curl_off_t(sink.count))
    }
    selva_curl_set_write(
      functions, handle,
      { bytes, size, count, context in
        guard let bytes, let context else { return 0 }
        let sink = Unmanaged<Sink>.fromOpaque(context).takeUnretainedValue()
        return sink.take(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
      }, context)
    selva_curl_set_progress(
      functions, handle,
      { context, _, _, _, _ in
        guard let context else { return 0 }
        return Unmanaged<Sink>.fromOpaque(context).takeUnretainedValue().goesOn() ? 0 : 1
      }, context)
    return withExtendedLifetime(sink) { functions.perform(handle) }
  }

  private func reason(_ functions: selva_curl_functions, _ code: CURLcode) -> String {
    switch code {
    case CURLE_OPERATION_TIMEDOUT: "the server says nothing any more"
    case CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_GOT_NOTHING: "the connection broke off"
    case CURLE_COULDNT_RESOLVE_HOST: "no such host, or no network"
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT:
      "is or leads to no address that begins with https:// or http://"
    default: functions.text(code).map { shown(String(cString: $0)).lowercasedFirst } ?? "unknown fault"
    }
  }

  private static func text(_ status: Int) -> String {
    switch status {
    case 401, 403: "the server does not give it out (\(status))"
    case 404, 410: "there is no such file (\(status))"
    case 429: "the server has had too many requests (429)"
    case 500...: "the server fails (\(status))"
    default: "the server answers \(status)"
    }
  }
}

/// Where the bytes of a transfer go.
private final class Sink {
  private let path: String
  private let most: Int
  private let isWanted: (Int) -> Bool
  private let descriptor: Int32
  private(set) var count: Int
  private(set) var fault: (any Error)?
  private(set) var isTooLong = false

  init(_ path: String, most: Int, _ isWanted: @escaping (Int) -> Bool) throws {
    (self.path, self.most, self.isWanted) = (path, most, isWanted)
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError.unwritable(path) }
    count = Int(lseek(descriptor, 0, SEEK_END))
  }

  deinit { close(descriptor) }

  func goesOn() -> Bool { isWanted(count) }

  func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count <= most - count else {
      isTooLong = true
      return false
    }
    do {
      try writeAll(bytes, to: descriptor, path: path)
      count += bytes.count
      return true
    } catch {
      fault = error
      return false
    }
  }

  func sync() throws {
    guard DiskSync.content(descriptor) else { throw FileError.unwritable(path) }
  }
}

extension String {
  fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
