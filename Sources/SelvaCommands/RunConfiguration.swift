import Files
import IDX
import Selva

/// Where a run's images lie. Keys are the names in snake case, which `SettingsJSON` sees to both ways: keys of its own
/// it would write and not find again.
struct DataPaths: Codable, Equatable {
  /// A folder of IDX files or a file of images.
  var data: String
  var labels: String?
  var testData: String?
  var testLabels: String?
  /// Of all these images, where it was said.
  var layout: ImageLayout?

  /// - Returns: training images, and the test set where one is named or lies in the folder.
  func load() throws -> (training: ImageSet, validation: ImageSet?) {
    let folder = FileKind.isFolder(data) ? try ImageFolder(data) : nil
    let training = try ImageSet(
      imagesPath: folder?.trainImages ?? data, labelsPath: labels ?? folder?.trainLabels,
      layout: layout)
    if let testData {
      return (training, try ImageSet(imagesPath: testData, labelsPath: testLabels, layout: layout))
    }
    guard let images = folder?.testImages else { return (training, nil) }
    return (
      training,
      try ImageSet(imagesPath: images, labelsPath: testLabels ?? folder?.testLabels, layout: layout)
    )
  }
}

/// What `config.json` of a run directory holds: every setting in force.
struct RunConfiguration: Codable {
  /// The command that began the run, and those that resumed it.
  var command: String
  var resumed: [String]?
  /// Absolute, so that a run can be resumed from anywhere.
  var data: DataPaths
  var model: ModelSettings
  var training: TrainingSettings

  init(command: String, data: DataPaths, model: ModelSettings, training: TrainingSettings) {
    self.command = command
    self.data = data
    self.model = model
    self.training = training
  }

  /// - Throws: `FileError` when it is missing or of another kind, `ModelFileError` when it is not as it was written.
  init(contentsOf path: String) throws {
    let text = try MappedFile.withBytes(of: path) { bytes in
      try FileSignature.check(
        bytes, isOneOf: [.json, .csv, .text, .unknown], path: path,
        fix: "put back the config.json that the run wrote")
      return String(decoding: bytes, as: UTF8.self)
    }
    self = try SettingsJSON.decode(RunConfiguration.self, from: text, path: path, part: "the run's settings")
    if let fault = model.fault ?? training.fault {
      throw FileError(.badData, path: path, reason: "has settings that no run can have: \(fault)")
    }
  }

  func write(to path: String) throws {
    try AtomicFile.write(Array((SettingsJSON.encode(self, pretty: true) + "\n").utf8), to: path)
  }
}
