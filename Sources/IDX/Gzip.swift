import CZlib
import Files

/// gzip through zlib, in memory.
enum Gzip {
  static func isCompressed(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b
  }

  /// The content of every member of a gzip file, one after the other. Checksums are checked by zlib.
  ///
  /// - Throws: `IDXError.brokenGzip`.
  static func inflate(_ bytes: UnsafeRawBufferPointer, path: String) throws -> [UInt8] {
    var stream = z_stream()
    // 15 bits of window, and 16 for gzip.
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw IDXError.brokenGzip(path: path, offset: 0, reason: "zlib cannot start")
    }
    defer { inflateEnd(&stream) }
    var output: [UInt8] = []
    // Digits compress about tenfold; growing is rare.
    output.reserveCapacity(min(bytes.count * 8, 1 << 30))
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    var position = 0
    var status = Z_OK
    while status != Z_STREAM_END || position < bytes.count {
      if status == Z_STREAM_END { inflateReset(&stream) }
      let part = min(bytes.count - position, 1 << 30)
      stream.next_in = UnsafeMutablePointer(
        mutating: bytes.baseAddress!.assumingMemoryBound(to: UInt8.self) + position)
      stream.avail_in = UInt32(part)
      let made = chunk.withUnsafeMutableBufferPointer { buffer -> Int in
        stream.next_out = buffer.baseAddress
        stream.avail_out = UInt32(buffer.count)
        status = CZlib.inflate(&stream, Z_NO_FLUSH)
        return buffer.count - Int(stream.avail_out)
      }
      output.append(contentsOf: chunk[..<made])
      let used = part - Int(stream.avail_in)
      position += used
      guard status == Z_OK || status == Z_STREAM_END else {
        let reason = status == Z_BUF_ERROR ? "it ends too early" : stream.msg.map { String(cString: $0) }
        throw IDXError.brokenGzip(path: path, offset: position, reason: reason ?? "damaged")
      }
      guard used > 0 || made > 0 else {
        throw IDXError.brokenGzip(path: path, offset: position, reason: "it ends too early")
      }
    }
    return output
  }
}

/// A gzip file being written piece by piece; the same bytes every time, since no time is recorded.
struct GzipWriter: ~Copyable {
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private var chunk = [UInt8](repeating: 0, count: 1 << 16)

  init() {
    stream.initialize(to: z_stream())
    let status = deflateInit2_(
      stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib cannot start: \(status)")
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  mutating func write(_ bytes: [UInt8], last: Bool, to file: borrowing AtomicFileWriter) throws {
    var input = bytes
    try input.withUnsafeMutableBufferPointer { buffer in
      stream.pointee.next_in = buffer.baseAddress
      stream.pointee.avail_in = UInt32(buffer.count)
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
