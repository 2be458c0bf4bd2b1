import Files
import ImageGrid
import Messages
import Selva
import SwiftProtobuf

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file of events as TensorBoard reads them: records of a length, its checksum, a protocol buffer and its checksum.
final class EventFile {
  private let file: GrowingFile
  static let prefix = "events.out.tfevents."

  /// A new file in `folder`, after those that are there. Of these, TensorBoard forgets everything from `step` on: that is
  /// what a run that goes on from there makes anew.
  ///
  /// - Throws: `FileError`.
  init(in folder: String, from step: Int) throws {
    let present = try FileKind.names(in: folder).filter { $0.hasPrefix(EventFile.prefix) }
    file = try GrowingFile("\(folder)/\(EventFile.name(after: present, seconds: Int(EventFile.now)))")
    try append { $0.fileVersion = "brain.Event:2" }
    guard !present.isEmpty else { return }
    try append {
      $0.step = Int64(step)
      $0.sessionLog.status = .start
    }
  }

  /// Files are read in the order of their names, which begin with the time; no clock that was set back changes it.
  static func name(after present: [String], seconds: Int) -> String {
    let times = present.compactMap { Int($0.dropFirst(prefix.count).prefix { $0.isNumber }) }
    let time = String(max(seconds, times.max() ?? 0))
    let number = String(present.count)
    return prefix + String(repeating: "0", count: max(0, 10 - time.count)) + time + ".selva."
      + String(repeating: "0", count: max(0, 6 - number.count)) + number
  }

  func append(_ fill: (inout TensorBoardEvent) -> Void) throws {
    var event = TensorBoardEvent()
    event.wallTime = EventFile.now
    fill(&event)
    try file.append(EventFile.record(event))
  }

  /// A scalar or a picture of some step.
  func append(step: Int, _ values: [TensorBoardSummary.Value]) throws {
    try append {
      $0.step = Int64(step)
      $0.summary.value = values
    }
  }

  static func record(_ event: TensorBoardEvent) throws -> [UInt8] {
    let content: [UInt8] = try event.serializedBytes()
    let length = littleEndian(UInt64(content.count), bytes: 8)
    return length + littleEndian(UInt64(CRC32C.masked(length)), bytes: 4) + content
      + littleEndian(UInt64(CRC32C.masked(content)), bytes: 4)
  }

  private static func littleEndian(_ value: UInt64, bytes: Int) -> [UInt8] {
    (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }

  /// Seconds since 1970.
  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

extension TensorBoardSummary.Value {
  /// - Parameter text: what TensorBoard says of the tag.
  init(_ tag: String, _ value: Double, _ text: String) {
    self.init()
    self.tag = tag
    simpleValue = Float(value)
    metadata.pluginData.pluginName = "scalars"
    metadata.summaryDescription = text
  }

  /// - Throws: `PNGError`.
  init(_ tag: String, _ picture: Raster, _ text: String) throws {
    self.init()
    self.tag = tag
    image.width = Int32(picture.width)
    image.height = Int32(picture.height)
    image.colorspace = Int32(picture.channels)
    image.encodedImageString = Data(try PNG.encode(picture, name: tag))
    metadata.pluginData.pluginName = "images"
    metadata.summaryDescription = text
  }
}
