import Foundation
import IDX
import ImageGrid
import Messages
import Selva
import Testing

@testable import Exchange

/// What `train --tensorboard` leaves. Tests/Interoperability reads it with TensorBoard itself.
@Suite struct TensorBoardTests {
  private let line = [
    "train", "data", "-o", "run", "--hidden", "4", "-z", "2", "--sample-every", "1", "-b", "4",
    "--tensorboard",
  ]

  private func done(_ place: CommandFolder, _ arguments: [String]) throws {
    let (status, _, errors) = try Program.run(arguments, in: place.folder)
    #expect(status == 0, "\(errors)")
  }

  /// Events that have a step, of every file in the order of their names.
  private func events(_ place: CommandFolder) throws -> [[TensorBoardEvent]] {
    let folder = place.path("run/tensorboard")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    return try names.filter { $0.hasPrefix(EventFile.prefix) }.sorted().map { name in
      var (events, rest) = ([TensorBoardEvent](), try place.bytes("run/tensorboard/\(name)")[...])
      while !rest.isEmpty {
        let length = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        events.append(try TensorBoardEvent(serializedBytes: Array(rest.dropFirst(12).prefix(length))))
        rest = rest.dropFirst(16 + length)
      }
      return events
    }
  }

  private func scalars(_ events: [TensorBoardEvent], _ tag: String) -> [Int64: Float] {
    let found = events.flatMap { event in
      event.summary.value.filter { $0.tag == tag }.map { (event.step, $0.simpleValue) }
    }
    return Dictionary(uniqueKeysWithValues: found)
  }

  @Test func holdsWhatTheRunHolds() throws {
    let place = try CommandFolder(test: 9)
    let (status, _, errors) = try Program.run(
      line + ["-e", "3", "--beta-schedule", "linear", "--beta-epochs", "4"], in: place.folder)
    #expect(status == 0 && errors.contains("see it with: tensorboard --logdir run\n"), "\(errors)")
    let events = try events(place)
    #expect(events.count == 1)
    let rows = try MetricsLog(contentsOf: place.path("run/metrics.csv")).rows
    let losses = scalars(events[0], "loss/validation")
    let expected = rows.map { row in (Int64(row.epoch), Float(row.validationLoss ?? 0)) }
    #expect(losses == Dictionary(uniqueKeysWithValues: expected))
    #expect(scalars(events[0], "kl/train")[3] == Float(rows[2].trainKL))
    #expect(scalars(events[0], "schedule/beta") == [1: 0.25, 2: 0.5, 3: 0.75])
    let pictures = events[0].filter { $0.summary.value.contains { $0.tag == "samples/epoch" } }
    #expect(pictures.map(\.step) == [1, 2, 3])
    let samples = try #require(pictures.last?.summary.value.first?.image.encodedImageString)
    #expect(try PNG.decode([UInt8](samples)).raster == place.picture("run/samples/epoch-003.png").raster)
    let best = try #require(events[0].last { $0.summary.value.contains { $0.tag == "reconstructions/best" } })
    let rebuilt = try #require(best.summary.value.last?.image.encodedImageString)
    #expect(try PNG.decode([UInt8](rebuilt)).raster == place.picture("run/reconstructions.png").raster)
  }

  @Test func showsWhereTheValidationImagesLie() throws {
    let place = try CommandFolder(test: 9)
    try done(place, line + ["-e", "1"])
    let model = try VAE(contentsOf: place.path("run/model.safetensors"))
    let images = try place.images()
    let means = model.encode((0..<9).flatMap { images.image($0) }).mean
    let lines = try place.text("run/tensorboard/tensors.tsv").split(separator: "\n")
    let found: [[Float]] = lines.map { line in line.split(separator: "\t").compactMap { Float($0) } }
    let expected: [[Float]] = (0..<9).map { Array(means[2 * $0..<2 * $0 + 2]) }
    #expect(found == expected)
    let names = try place.text("run/tensorboard/metadata.tsv").split(separator: "\n")
    #expect(names == ["label\timage"] + (0..<9).map { "\($0)\t\($0)" })
    let sprite = try place.picture("run/tensorboard/sprite.png").raster
    #expect((sprite.width, sprite.height) == (18, 24))
    let configuration = try place.text("run/tensorboard/projector_config.pbtxt")
    #expect(configuration.contains("tensor_shape: 9\n  tensor_shape: 2\n"))
    #expect(configuration.contains("single_image_dim: 6\n    single_image_dim: 8\n"))
  }

  @Test func aRunThatGoesOnGoesOnThereToo() throws {
    let place = try CommandFolder(test: 9)
    try done(place, line + ["-e", "2"])
    try done(place, ["train", "--resume", "run", "-e", "4"])
    let events = try events(place)
    #expect(events.count == 2)
    #expect(events.map { scalars($0, "loss/train").keys.sorted() } == [[1, 2], [3, 4]])
    #expect(events[1].first { $0.sessionLog.status == .start }?.step == 3)
  }

  @Test func isThereOnlyWhereItIsAskedFor() throws {
    let place = try CommandFolder(test: 9)
    try done(place, line.dropLast() + ["-e", "1"])
    #expect(!exists(place.path("run/tensorboard")))
    try done(place, ["train", "--resume", "run", "-e", "2"])
    #expect(!exists(place.path("run/tensorboard")))
    try done(place, ["train", "--resume", "run", "-e", "3", "--tensorboard"])
    #expect(try scalars(events(place)[0], "loss/train").keys.sorted() == [3])
    try done(place, ["train", "--resume", "run", "-e", "4"])
    #expect(try events(place).count == 2)
  }

  /// As a picture that cannot be written: one line, and the checkpoint that stands can be gone on from.
  @Test func whatCannotBeWrittenEndsTheRunInOneLine() throws {
    let place = try CommandFolder(test: 9)
    try done(place, line.dropLast() + ["-e", "1"])
    try place.write("in the way", "run/tensorboard")
    let (status, _, errors) = try Program.run(
      ["train", "--resume", "run", "-e", "2", "--tensorboard", "-q"], in: place.folder)
    #expect(
      status == 73 && errors == "selva: run/tensorboard: is no folder; name another place\n", "\(errors)")
    try FileManager.default.removeItem(atPath: place.path("run/tensorboard"))
    try done(place, ["train", "--resume", "run", "-e", "2"])
    #expect(try scalars(events(place)[0], "loss/train").keys.sorted() == [2])
  }
}
