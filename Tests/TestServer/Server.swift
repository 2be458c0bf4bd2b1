import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A web server of one folder on this machine, which misbehaves as it is told.
public final class Server: Sendable {
  public struct Request: Sendable {
    public let path: String
    /// The first byte that is asked for.
    public let start: Int
  }

  public struct Answer: Sendable {
    public var status = "200 OK"
    public var body: [UInt8] = []
    /// What the header says; nil: the truth.
    public var length: Int?
    /// After so many bytes of the body the connection ends.
    public var cut: Int?
    public var location: String?
    /// The first byte, where it is not the file's.
    public var start: Int?
    /// After the bytes nothing more comes, and the connection stays.
    public var stalls = false

    public init(
      status: String = "200 OK", body: [UInt8] = [], length: Int? = nil, cut: Int? = nil,
      location: String? = nil,
      start: Int? = nil
    ) {
      (self.status, self.body, self.length) = (status, body, length)
      (self.cut, self.location, self.start) = (cut, location, start)
    }
  }

  private let port: UInt16
  private let descriptor: Int32
  private let requests = Mutex<[Request]>([])

  /// - Parameter answer: is given each request with its number, from 0.
  public init(_ answer: @escaping @Sendable (Request, Int) -> Answer) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    port = try withUnsafeMutablePointer(to: &address) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        guard bind(descriptor, address, length) == 0, listen(descriptor, 8) == 0,
          getsockname(descriptor, address, &length) == 0
        else { throw POSIXError(.EADDRNOTAVAIL) }
      }
      return UInt16(bigEndian: pointer.pointee.sin_port)
    }
    // Detached: it ends when the socket is shut.
    Thread.detachNewThread { [self] in
      while case let client = accept(descriptor, nil, nil), client >= 0 { serve(client, answer) }
    }
  }

  public func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  public var url: String { "http://127.0.0.1:\(port)" }

  /// What has been asked so far.
  public var asked: [Request] { requests.withLock { $0 } }

  private func serve(_ client: Int32, _ answer: (Request, Int) -> Answer) {
    defer { Glibc.close(client) }
    var text = ""
    var part = [UInt8](repeating: 0, count: 4096)
    while !text.contains("\r\n\r\n") {
      let count = read(client, &part, part.count)
      guard count > 0 else { return }
      text += String(decoding: part[..<count], as: UTF8.self)
    }
    let path = String(text.split(separator: " ")[1])
    let range = text.split(whereSeparator: \.isNewline).first { $0.lowercased().hasPrefix("range:") }
    let start = range.flatMap { Int($0.split(separator: "=")[1].prefix { $0 != "-" }) } ?? 0
    let request = Request(path: path, start: start)
    let number = requests.withLock { requests in
      requests.append(request)
      return requests.count - 1
    }
    send(answer(request, number), to: client)
  }

  private func send(_ answer: Answer, to client: Int32) {
    var header =
      "HTTP/1.1 \(answer.status)\r\nConnection: close\r\nContent-Length: \(answer.length ?? answer.body.count)\r\n"
    if let start = answer.start {
      let count = start + answer.body.count
      header += "Content-Range: bytes \(start)-\(count - 1)/\(count)\r\n"
    }
    if let location = answer.location { header += "Location: \(location)\r\n" }
    let bytes = Array("\(header)\r\n".utf8) + answer.body.prefix(answer.cut ?? .max)
    _ = bytes.withUnsafeBytes { Glibc.send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    // Until the client has had enough.
    var byte: UInt8 = 0
    if answer.stalls { _ = read(client, &byte, 1) }
  }
}

extension Server.Answer {
  public static let missing = Server.Answer(status: "404 Not Found", body: Array("<html>no".utf8))

  /// A file as an honest server gives it, from the byte that is asked for.
  public static func file(_ bytes: [UInt8], _ request: Server.Request) -> Server.Answer {
    if request.start == 0 { return Server.Answer(body: bytes) }
    guard request.start < bytes.count else { return Server.Answer(status: "416 Range Not Satisfiable") }
    return Server.Answer(
      status: "206 Partial Content", body: Array(bytes[request.start...]), start: request.start)
  }
}
