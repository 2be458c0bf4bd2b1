import Foundation
import IDX
import ImageGrid
import Selva
import Testing

@testable import SelvaCommands

/// A folder with a small model and data, in which the commands on latent vectors are tried.
struct CommandFolder {
  let folder: String
  let model: VAE

  /// `model.safetensors` (8 x 6 pixels), and `data` with 12 training and `test` test images, with labels.
  init(latent: Int = 3, test: Int = 30, labels: [Int] = [], prior: Prior = .normal) throws {
    folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 12, test: test)
    model = try VAE(contentsOf: Fixture.model(in: folder, latent: latent, labels: labels, prior: prior))
  }

  /// Runs a command that should succeed without a word on standard error but what it wrote.
  @discardableResult
  func run(_ arguments: [String], input: [UInt8]? = nil) throws -> [UInt8] {
    let (status, output, errors) = try Program.run(arguments, in: folder, input: input)
    let isSaid = errors.split(separator: "\n").allSatisfy { $0.hasPrefix("wrote ") }
    #expect(status == 0 && isSaid, "\(arguments): \(status), \(errors)")
    return output
  }

  /// Runs a command that should end with one line of error and without a new file.
  ///
  /// - Returns: the line.
  @discardableResult
  func fail(_ status: Int32, _ arguments: [String], input: [UInt8]? = nil) throws -> String {
    let before = try contents()
    let result = try Program.run(arguments, in: folder, input: input)
    #expect(result.status == status, "\(arguments): \(result)")
    #expect(result.output.isEmpty, "\(arguments)")
    #expect(try contents() == before, "\(arguments)")
    #expect(result.errors.filter(\.isNewline).count == 1, "\(result.errors)")
    return result.errors
  }

  func contents() throws -> [String] { try FileManager.default.subpathsOfDirectory(atPath: folder).sorted() }

  func path(_ name: String) -> String { "\(folder)/\(name)" }

  func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  func write(_ text: String, _ name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path(name)))
  }

  func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

  func picture(_ name: String) throws -> PNGImage { try PNG.read(path(name)) }

  /// The test images.
  func images() throws -> ImageSet {
    try ImageSet(
      imagesPath: path("data/test-images-idx3-ubyte"), labelsPath: path("data/test-labels-idx1-ubyte"))
  }

  /// Posterior mean and log variance of test images, by the library, each with its own label where the model has any.
  func posterior(_ indices: some Sequence<Int>) throws -> (mean: [Float], logVariance: [Float]) {
    let (images, indices) = (try images(), Array(indices))
    return model.encode(
      indices.flatMap { images.image($0) },
      labels: model.settings.labels.isEmpty ? nil : indices.map { $0 % 10 })
  }

  /// What the library makes of latent vectors.
  ///
  /// - Parameter style: nil: that which suits a screen.
  func grid(
    _ latents: [Float], labels: [Int]? = nil, columns: Int, style: GridStyle? = nil,
    captions: GridCaptions = GridCaptions()
  ) -> Raster {
    grid(model.pictures(latents, labels: labels), columns: columns, style: style, captions: captions)
  }

  func grid(
    _ cells: [Raster], columns: Int, groups: Int = 0, style: GridStyle? = nil,
    captions: GridCaptions = GridCaptions()
  ) -> Raster {
    let fitted = GridStyle(groupColumns: groups).fitted(
      cells: cells.count, columns: columns, width: cells[0].width, height: cells[0].height)
    return Raster.grid(cells, columns: columns, style: style ?? fitted, captions: captions)
  }

  /// A folder as a run leaves it: the model, its settings with the place of `data`, metrics, and samples of two epochs.
  func makeRun(_ name: String, epochs: Int = 3) throws {
    let run = RunDirectory(path(name))
    try FileManager.default.createDirectory(atPath: run.samples, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: path("model.safetensors"), toPath: run.model)
    try RunConfiguration(
      command: "selva train", data: DataPaths(data: path("data")), model: model.settings,
      training: TrainingSettings()
    ).write(to: run.configuration)
    var log = MetricsLog(path: run.metrics)
    for epoch in 1...epochs {
      let loss = 100.0 + 10 / Double(epoch)
      try log.append(
        EpochMetrics(
          epoch: epoch, trainLoss: loss - 1, trainReconstruction: loss - 21, trainKL: 20,
          validationLoss: loss,
          validationReconstruction: loss - 20, validationKL: 20, learningRate: 1e-3, seconds: 1,
          imagesPerSecond: 10))
    }
    for epoch in 1...2 {
      try PNG.write(
        Raster(width: 6, height: 4, fill: Color(grey: UInt8(epoch * 60))), to: run.samplePicture(epoch: epoch)
      )
    }
  }

  /// The help of a command must name each of its options, and say defaults.
  func checkHelp(_ command: String, options: [String], defaults: [String] = []) throws {
    let help = String(decoding: try run(["help", command]), as: UTF8.self)
    for option in options {
      #expect(help.contains("  \(option) ") || help.contains(", \(option) "), "\(option)")
    }
    let words = help.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    for text in defaults { #expect(words.contains("default: \(text)"), "\(text)") }
    #expect(help.contains("Examples:"))
  }
}
