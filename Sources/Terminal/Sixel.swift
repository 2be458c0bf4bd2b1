import CSixel
import Files
import ImageGrid

/// What keeps a picture from being shown as sixels.
public enum SixelError: Fault, Equatable {
  /// The library that makes them is not on this machine.
  case noLibrary(reason: String)
  case cannotEncode(reason: String)

  public var category: FaultCategory { .cannotWrite }

  public var description: String {
    switch self {
    case .noLibrary(let reason):
      "\(Sixel.file): sixels cannot be made (\(reason)); install libsixel, on Debian and Ubuntu the package libsixel1, "
        + "or choose --show=blocks"
    case .cannotEncode(let reason):
      "the terminal: the picture cannot be shown as sixels: \(reason); choose --show=blocks"
    }
  }
}

/// Sixels through libsixel, which is loaded when it is first asked for: see the shim.
enum Sixel {
  #if canImport(Darwin)
    static let file = "libsixel.1.dylib"
  #else
    static let file = "libsixel.so.1"
  #endif

  private struct Loaded: @unchecked Sendable {
    // Written once, before anyone else sees it.
    let result: Result<selva_sixel, SixelError>
  }

  private static let loaded: Loaded = {
    var functions = selva_sixel()
    if let reason = selva_sixel_load(file, &functions) {
      return Loaded(result: .failure(.noLibrary(reason: String(cString: reason))))
    }
    return Loaded(result: .success(functions))
  }()

  static var isAvailable: Bool { (try? loaded.result.get()) != nil }

  /// xterm cuts off what is larger where it is not told otherwise.
  private static let longestSide = 1000
  private static let colors: Int32 = 256

  /// What the library hands over, piece by piece.
  private final class Sink {
    var bytes: [UInt8] = []
  }

  /// - Throws: `SixelError`.
  static func bytes(_ raster: Raster, _ screen: TerminalScreen) throws -> [UInt8] {
    let functions = try loaded.result.get()
    let width = min(screen.width, longestSide, max(1, raster.width * longestSide / max(raster.height, 1)))
    let small = raster.fitted(width: width)
    let sink = Sink()
    try withExtendedLifetime(sink) { try encode(small, functions, sink) }
    return sink.bytes + [UInt8(ascii: "\n")]
  }

  private static func encode(_ raster: Raster, _ functions: selva_sixel, _ sink: Sink) throws {
    func check(_ status: SIXELSTATUS) throws {
      guard selva_sixel_failed(status) != 0 else { return }
      let reason = functions.helper_format_error(status).map { String(cString: $0) }
      throw SixelError.cannotEncode(reason: reason ?? "status \(status)")
    }
    var output: OpaquePointer?
    let take: sixel_write_function = { data, size, sink in
      guard let data, let sink else { return 0 }
      let bytes = UnsafeRawBufferPointer(start: data, count: Int(size))
      Unmanaged<Sink>.fromOpaque(sink).takeUnretainedValue().bytes.append(contentsOf: bytes)
      return size
    }
    try check(functions.output_new(&output, take, Unmanaged.passUnretained(sink).toOpaque(), nil))
    defer { functions.output_unref(output) }
    var dither: OpaquePointer?
    try check(functions.dither_new(&dither, colors, nil))
    defer { functions.dither_unref(dither) }
    var pixels =
      raster.channels == 3 ? raster.pixels : raster.pixels.flatMap { [$0, $0, $0] }
    let (width, height) = (Int32(raster.width), Int32(raster.height))
    try pixels.withUnsafeMutableBufferPointer { pixels in
      try check(
        functions.dither_initialize(
          dither, pixels.baseAddress, width, height, Int32(SIXEL_PIXELFORMAT_RGB888), Int32(SIXEL_LARGE_AUTO),
          Int32(SIXEL_REP_AVERAGE_PIXELS), Int32(SIXEL_QUALITY_HIGH)))
      stretch(functions, dither)
      try check(functions.encode(pixels.baseAddress, width, height, 3, dither, output))
    }
  }

  /// The library counts colours by the upper five bits of each value, so that its white is 248: up to 255 again.
  private static func stretch(_ functions: selva_sixel, _ dither: OpaquePointer?) {
    guard let palette = functions.dither_get_palette(dither) else { return }
    for index in 0..<3 * Int(functions.dither_get_num_of_palette_colors(dither)) {
      palette[index] = UInt8(min(255, (Int(palette[index]) * 255 + 124) / 248))
    }
  }
}
