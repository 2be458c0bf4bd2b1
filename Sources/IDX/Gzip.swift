import CZlib
import Files

/// The content of a gzip file, of every member one after the other, read piece by piece from memory. zlib checks
/// the checksums. Zeros after the last member, as tapes and block devices leave them, are passed over.
final class GzipReader {
  private let bytes: UnsafeRawBufferPointer
  private let path: String
  // zlib keeps the address of its stream and refuses one that has moved.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private var position = 0
  private var atEndOfMember = false

  static func isCompressed(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b
  }

  /// - Parameter bytes: the file; must live as long as the reader.
  init(_ bytes: UnsafeRawBufferPointer, path: String) {
    self.bytes = bytes
    self.path = path
    stream.initialize(to: z_stream())
    let size = Int32(MemoryLayout<z_stream>.size)
    // 15 bits of window, and 16 for gzip.
    let status = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, size)
    precondition(status == Z_OK, "zlib cannot start: \(status)")
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Fills `buffer`, with less than it holds only where the content ends.
  ///
  /// - Returns: how many bytes were read.
  /// - Throws: `IDXError.brokenGzip`.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var filled = 0
    while filled < buffer.count {
      if atEndOfMember {
        guard try findMember() else { break }
        inflateReset(stream)
        atEndOfMember = false
      }
      filled += try step(UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
    }
    return filled
  }

  /// Whether another member follows.
  private func findMember() throws -> Bool {
    let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
    guard let first = rest.first(where: { $0 != 0 }) else {
      position = bytes.count
      return false
    }
    guard first == 0x1f, rest[0] == 0x1f, rest.count == 1 || rest[1] == 0x8b else {
      throw IDXError.brokenGzip(
        path: path, offset: position, reason: "\(rest.count) bytes follow its end that are no gzip")
    }
    return true
  }

  private func step(_ room: UnsafeMutableRawBufferPointer) throws -> Int {
    // zlib counts in 32 bits.
    let input = UnsafeRawBufferPointer(rebasing: bytes[position...].prefix(1 << 30))
    let output = min(room.count, 1 << 30)
    stream.pointee.next_in = input.baseAddress.map {
      UnsafeMutablePointer(mutating: $0.assumingMemoryBound(to: UInt8.self))
    }
    stream.pointee.avail_in = UInt32(input.count)
    stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(output)
    let status = inflate(stream, Z_NO_FLUSH)
    position += input.count - Int(stream.pointee.avail_in)
    switch status {
    case Z_OK: break
    case Z_STREAM_END: atEndOfMember = true
    case Z_BUF_ERROR:
      throw IDXError.brokenGzip(path: path, offset: position, reason: "it ends too early")
    default:
      let reason = stream.pointee.msg.map { String(cString: $0) } ?? "damaged"
      throw IDXError.brokenGzip(path: path, offset: position, reason: reason)
    }
    return output - Int(stream.pointee.avail_out)
  }
}

/// A gzip file being written piece by piece; the same bytes every time, since no time is recorded.
final class GzipWriter {
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private var chunk = [UInt8](repeating: 0, count: 1 << 16)

  init() {
    stream.initialize(to: z_stream())
    let size = Int32(MemoryLayout<z_stream>.size)
    let status = deflateInit2_(
      stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
    precondition(status == Z_OK, "zlib cannot start: \(status)")
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// - Parameter last: nothing follows `bytes`, so the end of the file is written as well.
  func write(_ bytes: [UInt8], last: Bool, to file: borrowing AtomicFileWriter) throws {
    try bytes.withUnsafeBufferPointer { input in
      stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      stream.pointee.avail_in = UInt32(input.count)
      while true {
        let made = chunk.withUnsafeMutableBufferPointer { out -> Int in
          stream.pointee.next_out = out.baseAddress
          stream.pointee.avail_out = UInt32(out.count)
          deflate(stream, last ? Z_FINISH : Z_NO_FLUSH)
          return out.count - Int(stream.pointee.avail_out)
        }
        try file.write(chunk[..<made])
        if made < chunk.count { return }
      }
    }
  }
}
