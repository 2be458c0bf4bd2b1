import Files

@testable import Compute
@testable import IDX
@testable import Networks
@testable import Selva
@testable import SelvaCommands

/// Safetensors, models, checkpoints and what a run keeps beside them.
enum ModelReaders {
  static func safetensors(_ input: UnsafeRawBufferPointer) throws {
    let content = try Safetensors(contentsOf: InputFile.write(input, name: "tensors.safetensors"))
    let again = "\(InputFile.folder)/again.safetensors"
    try content.write(to: again)
    let copy = try Safetensors(contentsOf: again)
    require(copy.metadata == content.metadata, "metadata that change when they are written")
    require(
      copy.tensors.map(\.name) == content.tensors.map(\.name)
        && copy.tensors.map(\.shape) == content.tensors.map(\.shape),
      "tensors that change when they are written")
  }

  /// As the commands do: an image in, a vector out, and what `inspect` says.
  static func model(_ input: UnsafeRawBufferPointer) throws {
    let path = InputFile.write(input, name: "model.safetensors")
    let model = try VAE(contentsOf: path)
    let settings = model.settings
    for line in try ModelInspection(path, model).lines {
      check(message: line.isEmpty ? " " : line)
    }
    guard model.layout.parameters.count <= 1 << 16 else { return }
    let labels = settings.labels.isEmpty ? nil : [settings.labels[0]]
    let mean = model.encode([Float](repeating: 0.5, count: settings.pixelCount), labels: labels).mean
    let pixels = model.decode([Float](repeating: 0.5, count: settings.latent), labels: labels)
    let prior = model.makePrior()
    require(prior.logDensity(prior.sample(count: 2, seed: 1)).count == 2, "draws lost")
    require(mean.count == settings.latent && pixels.count == settings.pixelCount, "values lost")
    try model.write(to: path, training: nil)
    require(try VAE(contentsOf: path).settings == settings, "settings that change when they are written")
  }

  /// Resumes the run whose checkpoint the input is, for one step.
  static func checkpoint(_ input: UnsafeRawBufferPointer) throws {
    let directory = RunDirectory("\(InputFile.folder)/run")
    try Folder.make(directory.path)
    for path in [directory.metrics, directory.model] { unlink(path) }
    _ = InputFile.write(input, name: "run/checkpoint.safetensors")
    try resume(directory)
  }

  /// The settings of a model, of its training and the training's state as a checkpoint has them, one a line, over
  /// sound tensors of a small model: what the checkpoint's own mutations seldom come to.
  static func settings(_ input: UnsafeRawBufferPointer) throws {
    let texts = input.split(separator: UInt8(ascii: "\n"), maxSplits: 2, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    let directory = RunDirectory("\(InputFile.folder)/run")
    try Folder.make(directory.path)
    for path in [directory.metrics, directory.model] { unlink(path) }
    var file = Seeds.checkpointFile
    for (key, text) in zip(["selva", "selva.training", "selva.state"], texts) { file.metadata[key] = text }
    try file.write(to: directory.checkpoint)
    try resume(directory)
  }

  static func configuration(_ input: UnsafeRawBufferPointer) throws {
    let path = InputFile.write(input, name: "config.json")
    // As `train --config` takes it, parts too.
    do {
      let defaults = try TrainDefaults(contentsOf: path)
      var training = TrainingSettings()
      for change in defaults.training { change.apply(&training) }
      check(message: defaults.summary(given: []))
    } catch let fault as any Fault {
      check(message: fault.description)
    }
    let configuration = try RunConfiguration(contentsOf: path)
    try configuration.write(to: path)
    let again = try RunConfiguration(contentsOf: path)
    require(
      again.data == configuration.data && again.model == configuration.model
        && again.resumed == configuration.resumed, "settings that change when they are written")
  }

  private static func resume(_ directory: RunDirectory) throws {
    let run = try TrainingRun.resume(directory, threads: 1) { settings in
      try TrainingData(
        training: Seeds.images, for: settings)
    }
    _ = try run.run(shouldStop: { true })
    require(run.metrics.allSatisfy { $0.trainLoss.isFinite }, "a loss that is not finite")
  }
}

/// A safetensors file as the fuzzer changes it.
enum SafetensorsFrame {
  /// Sets the length of the header to where its object ends, and hides the checksum, which no change survives.
  ///
  /// - Returns: the number of bytes.
  static func mend(_ bytes: UnsafeMutableRawBufferPointer) -> Int {
    guard bytes.count > 8, let end = objectEnd(bytes) else { return bytes.count }
    bytes.storeBytes(of: UInt64(end - 8).littleEndian, as: UInt64.self)
    // Its key, and what its value begins with: under another key, it would be known by that.
    for text in ["selva.checksum", "selva:crc32:"].map({ Array($0.utf8) }) {
      guard let last = text.last, let first = text.first else { continue }
      for place in 8..<end where bytes[place] == first && place + text.count <= end {
        if bytes[place..<place + text.count].elementsEqual(text) { bytes[place + text.count - 1] = last - 1 }
      }
    }
    return bytes.count
  }

  /// Behind the object's last brace and the blanks after it.
  private static func objectEnd(_ bytes: UnsafeMutableRawBufferPointer) -> Int? {
    var depth = 0
    var isText = false
    var place = 8
    while place < bytes.count {
      switch bytes[place] {
      case UInt8(ascii: "\\") where isText: place += 1
      case UInt8(ascii: "\""): isText.toggle()
      case UInt8(ascii: "{") where !isText: depth += 1
      case UInt8(ascii: "}") where !isText: depth -= 1
      default: break
      }
      place += 1
      guard depth <= 0 else { continue }
      while place < bytes.count, bytes[place] == 0x20 { place += 1 }
      return place
    }
    return nil
  }
}
