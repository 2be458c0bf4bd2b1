import Files
import Foundation
import ImageGrid
import Messages
import Testing

@testable import Exchange
@testable import Selva

/// Reads event files by their own rules.
enum EventReader {
  static func events(_ bytes: [UInt8]) throws -> [TensorBoardEvent] {
    var (events, rest) = ([TensorBoardEvent](), bytes[...])
    while !rest.isEmpty {
      let length = Int(number(rest.prefix(8)))
      #expect(number(rest.dropFirst(8).prefix(4)) == UInt64(CRC32C.masked(Array(rest.prefix(8)))))
      let content = Array(rest.dropFirst(12).prefix(length))
      #expect(content.count == length)
      #expect(number(rest.dropFirst(12 + length).prefix(4)) == UInt64(CRC32C.masked(content)))
      events.append(try TensorBoardEvent(serializedBytes: content))
      rest = rest.dropFirst(16 + length)
    }
    return events
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Of every file in the order of their names.
  static func files(in folder: String) throws -> [[TensorBoardEvent]] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("events.") }
    return try names.sorted().map {
      try events([UInt8](Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)"))))
    }
  }
}

@Suite struct EventFileTests {
  private let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("selva-\(UUID().uuidString)").path
  }

  private func removed(_ body: () throws -> Void) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body()
  }

  /// RFC 3720, appendix B.4.
  @Test func checksumsAreThoseOfTheStandard() {
    #expect(CRC32C.of([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.of([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.of((0..<32).map { $0 }) == 0x46DD_794E)
    #expect(CRC32C.of(Array("123456789".utf8)) == 0xE306_9283)
    // As TensorFlow's record format has it: rotated right by 15 bits, then 0xa282ead8 added.
    #expect(CRC32C.masked(Array("123456789".utf8)) == 0xC78A_B0E5)
  }

  private func row(_ epoch: Int, validation: Double? = 3) -> EpochMetrics {
    EpochMetrics(
      epoch: epoch, trainLoss: 10 + Double(epoch), trainReconstruction: 7, trainKL: 4,
      validationLoss: validation,
      validationReconstruction: validation.map { $0 - 1 }, validationKL: validation.map { _ in 1 },
      learningRate: 0.25, seconds: 2, imagesPerSecond: 500)
  }

  @Test func figuresAreThoseOfTheEpoch() throws {
    try removed {
      let recorder = TensorBoardRecorder(folder: folder)
      try recorder.record(row(1), beta: 0.5)
      try recorder.record(row(2, validation: nil), beta: 1)
      let files = try EventReader.files(in: folder)
      #expect(files.count == 1 && files[0].count == 3)
      #expect(files[0][0].fileVersion == "brain.Event:2")
      #expect(files[0].dropFirst().map(\.step) == [1, 2])
      #expect(files[0].allSatisfy { abs($0.wallTime - Date().timeIntervalSince1970) < 3600 })
      let values = files[0][1].summary.value
      let found = Dictionary(uniqueKeysWithValues: values.map { ($0.tag, $0.simpleValue) })
      #expect(
        found == [
          "loss/train": 11, "loss/validation": 3, "reconstruction/train": 7, "reconstruction/validation": 2,
          "kl/train": 4, "kl/validation": 1, "schedule/learning_rate": 0.25, "schedule/beta": 0.5,
          "speed/images_per_second": 500,
        ])
      #expect(values.allSatisfy { $0.metadata.pluginData.pluginName == "scalars" })
      #expect(files[0][2].summary.value.contains { $0.tag == "loss/train" })
      #expect(!files[0][2].summary.value.contains { $0.tag.hasSuffix("validation") })
    }
  }

  @Test func picturesAreWhatTheRunDrew() throws {
    try removed {
      let grids = RunGrids(
        samples: Raster(width: 3, height: 2, fill: Color(grey: 40)),
        reconstructions: Raster(width: 4, height: 5, fill: Color(grey: 90)))
      let recorder = TensorBoardRecorder(folder: folder)
      try recorder.record(grids, epoch: 4, isBest: false)
      try recorder.record(grids, epoch: 5, isBest: true)
      let events = try EventReader.files(in: folder)[0].dropFirst()
      #expect(events.map(\.step) == [4, 5])
      #expect(
        events.map { $0.summary.value.map(\.tag) } == [
          ["samples/epoch", "reconstructions/epoch"], ["samples/best", "reconstructions/best"],
        ])
      let image = try #require(events.first?.summary.value[1].image)
      #expect(
        image.width == 4 && image.height == 5 && image.colorspace == Int32(grids.reconstructions.channels))
      #expect(image.encodedImageString == Data(try PNG.encode(grids.reconstructions)))
    }
  }

  /// What an earlier process wrote of the epochs that come again is forgotten.
  @Test func aRunThatGoesOnBeginsAnotherFile() throws {
    try removed {
      let first = TensorBoardRecorder(folder: folder)
      for epoch in 1...3 { try first.record(row(epoch), beta: 1) }
      try TensorBoardRecorder(folder: folder).record(row(2), beta: 1)
      let files = try EventReader.files(in: folder)
      #expect(files.map(\.count) == [4, 3])
      #expect(files[1][1].sessionLog.status == .start && files[1][1].step == 2)
      #expect(files[1][2].step == 2)
    }
  }

  @Test func namesFollowOneAnotherWhateverTheClockSays() {
    let first = EventFile.name(after: [], seconds: 1_700_000_000)
    #expect(first == "events.out.tfevents.1700000000.selva.000000")
    let same = EventFile.name(after: [first], seconds: 1_700_000_000)
    let back = EventFile.name(after: [first, same], seconds: 1_600_000_000)
    let later = EventFile.name(after: [first, same, back], seconds: 1_700_000_009)
    #expect([first, same, back, later] == [later, back, same, first].sorted())
  }

  @Test func aFolderThatCannotBeMadeIsNamed() throws {
    try removed {
      try Data().write(to: URL(fileURLWithPath: folder))
      #expect(throws: FileError.self) { try TensorBoardRecorder(folder: folder).record(row(1), beta: 1) }
    }
  }
}
