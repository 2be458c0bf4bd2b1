import Files
import IDX

/// Where a run's images lie. Keys are the names in snake case, which `SettingsJSON` sees to both ways: keys of its own
/// it would write and not find again.
package struct DataPaths: Codable, Equatable {
  /// A folder of IDX files or a file of images.
  package var data: String
  package var labels: String?
  package var testData: String?
  package var testLabels: String?
  /// Of all these images, where it was said.
  package var layout: ImageLayout?

  package init(
    data: String, labels: String? = nil, testData: String? = nil, testLabels: String? = nil,
    layout: ImageLayout? = nil
  ) {
    (self.data, self.labels, self.testData) = (data, labels, testData)
    (self.testLabels, self.layout) = (testLabels, layout)
  }

  /// Those of the files that sets were read from.
  init(_ sets: TrainingData) {
    let test = sets.validation === sets.training ? nil : sets.validation
    self.init(
      data: DataPaths.place(sets.training.path), labels: sets.training.labelsPath.map(FilePath.absolute),
      testData: (test?.path).map(DataPaths.place), testLabels: test?.labelsPath.map(FilePath.absolute),
      layout: sets.training.layout)
  }

  /// Absolute, but for what is in no file.
  private static func place(_ path: String) -> String {
    path == ImageSet.memory ? path : FilePath.absolute(path)
  }

  /// - Returns: training images, and the test set where one is named or lies in the folder.
  package func load() throws -> (training: ImageSet, validation: ImageSet?) {
    for path in [data, testData] where path == ImageSet.memory {
      throw FileError(
        .missingInput, path: ImageSet.memory,
        reason: "is where the run's images were, in no file; name such images with --data")
    }
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
package struct RunConfiguration: Codable {
  /// The command that began the run, and those that resumed it.
  package var command: String
  package var resumed: [String]?
  /// Absolute, so that a run can be resumed from anywhere.
  package var data: DataPaths
  package var model: ModelSettings
  package var training: TrainingSettings
  /// The model that it began with, absolute; nil where it began anew.
  package var startFrom: String?
  /// Name of the recorder that is told of the run; nil: none is.
  package var recorder: String?

  package init(
    command: String, data: DataPaths, startFrom: String? = nil, model: ModelSettings,
    training: TrainingSettings, recorder: String? = nil
  ) {
    self.command = command
    self.data = data
    self.startFrom = startFrom
    self.model = model
    self.training = training
    self.recorder = recorder
  }

  /// - Throws: `FileError` when it is missing or of another kind, `ModelFileError` when it is not as it was written.
  package init(contentsOf path: String) throws {
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

  package func write(to path: String) throws {
    try AtomicFile.write(Array((SettingsJSON.encode(self, pretty: true) + "\n").utf8), to: path)
  }
}

extension TrainingRun {
  /// Of a run that begins.
  func writeConfiguration() throws {
    try RunConfiguration(
      command: command, data: paths, startFrom: startPath, model: model, training: training,
      recorder: recorder?.name
    ).write(to: directory.configuration)
  }
}
