import CZlib
import Files

@testable import IDX
@testable import ImageGrid
@testable import Selva
@testable import SelvaCommands

/// IDX and PNG.
enum ImageReaders {
  /// As `inspect` does, then as a set of images.
  static func idx(_ input: UnsafeRawBufferPointer) throws {
    let path = InputFile.write(input, name: "images")
    check(inspection: try DataInspection(path))
    try use(ImageSet(imagesPath: path))
  }

  /// Behind a first byte that is even, a gzip file; behind an odd one, what is packed and then cut by that byte.
  static func gzip(_ input: UnsafeRawBufferPointer) throws {
    guard let first = input.first else { return try idx(input) }
    // What is compressed is mutated in vain, since its checksum is then wrong nearly always.
    if first & 1 == 0 { return try idx(UnsafeRawBufferPointer(rebasing: input.dropFirst())) }
    let packed = compress(Array(input.dropFirst()))
    let kept = first == 1 ? packed.count : packed.count * Int(first) / 256
    try packed.prefix(kept).withUnsafeBytes { try idx($0) }
  }

  static func labels(_ input: UnsafeRawBufferPointer) throws {
    let path = InputFile.write(input, name: "labels")
    _ = try Labels.read(path)
  }

  static func png(_ input: UnsafeRawBufferPointer) throws {
    let image = try PNG.read(InputFile.write(input, name: "picture.png"))
    let again = try PNG.decode(PNG.encode(image.raster))
    require(again.raster == image.raster, "a picture that changes when it is written and read")
  }

  private static func check(inspection: DataInspection) {
    for line in inspection.lines { Fuzzing.check(message: line) }
    _ = SettingsJSON.encode(inspection)
  }

  private static func use(_ images: ImageSet) throws {
    guard images.pixelCount <= 1 << 16 else { return }
    let last = images.image(images.count - 1)
    require(last.allSatisfy { (0...1).contains($0) }, "a pixel outside [0, 1]")
    let statistics = DataStatistics(images)
    require(statistics.inputMean.allSatisfy { $0.isFinite }, "a mean that is not finite")
    let data = try TrainingData(training: images, validation: nil, fraction: 0.1, seed: 1)
    require(
      data.trainingIndices.count + data.validationIndices.count == images.count, "images lost in the split")
  }

  private static func compress(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    let size = Int32(MemoryLayout<z_stream>.size)
    guard deflateInit2_(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK
    else { fatalError("zlib cannot start") }
    defer { deflateEnd(&stream) }
    var bytes = bytes
    let room = Int(deflateBound(&stream, UInt(bytes.count)))
    return bytes.withUnsafeMutableBufferPointer { input in
      [UInt8](unsafeUninitializedCapacity: room) { output, count in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(room)
        require(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib does not end")
        count = room - Int(stream.avail_out)
      }
    }
  }
}
