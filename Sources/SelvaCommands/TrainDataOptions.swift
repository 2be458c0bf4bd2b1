import ArgumentParser
import Files
import IDX
import Selva

/// What to train on.
struct TrainDataOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "What to train on: a folder of IDX files, or one IDX file of images (plain or gzip).", valueName: "data"
    ), completion: Offer.data)
  var positional: String?

  @Option(
    name: [.customShort("d"), .long],
    help: ArgumentHelp(
      "The same, named.", valueName: "folder|file"), completion: Offer.data)
  var data: String?

  @Option(
    help: ArgumentHelp(
      "An IDX file of labels of --data, which --condition labels learns from; left out, the folder's.",
      valueName: "file"), completion: Offer.data)
  var labels: String?

  @Option(
    help: ArgumentHelp(
      "An IDX file of images to validate on; left out, the folder's test set, or else a part of --data.",
      valueName: "file"), completion: Offer.data)
  var testData: String?

  @Option(
    help: ArgumentHelp(
      "An IDX file of labels of --test-data or of the folder's test set.", valueName: "file"),
    completion: Offer.data)
  var testLabels: String?

  @Option(help: ImageLayout.help)
  var layout: ImageLayout?

  @Option(
    help: SettingOption.help(
      "Part of the images to hold out where there is no test set.", \.validationFraction),
    transform: SettingOption.number(\.validationFraction))
  var validationFraction: Double?

  @Option(
    help: SettingOption.help(
      "Pixels as grey values, drawn afresh as 0 or 1 at every use, or cut at one half.",
      SettingOption.standard.binarization
    ))
  var binarize: Binarization?

  /// However it was said.
  var path: String? { data ?? positional }

  /// Options that would be passed over in silence are refused.
  func validate() throws {
    if let data, let positional {
      throw ValidationError("Both \(positional) and --data \(data) say what to train on; leave one out.")
    }
  }

  /// The same for options that go with other data than there is.
  func check(_ paths: DataPaths?) throws {
    guard let paths else { return }
    let hasTestSet = paths.testData != nil || (try? ImageFolder(paths.data))?.testImages != nil
    if testLabels != nil && !hasTestSet {
      throw ValidationError("--test-labels goes with --test-data, or with a folder that holds a test set.")
    }
    if validationFraction != nil && hasTestSet {
      throw ValidationError(
        "--validation-fraction goes with data that has no test set; leave it out, or name a file with --data."
      )
    }
  }

  /// Nil where nobody said what to train on.
  ///
  /// - Parameter defaults: whose other files stand aside with its data where other data is given.
  func paths(_ defaults: TrainDefaults = TrainDefaults()) -> DataPaths? {
    let rest = path != nil && defaults.data != nil ? TrainDefaults() : defaults
    return (path ?? defaults.data).map {
      DataPaths(
        // A run made from Swift may have had its images in no file.
        data: path == nil && $0 == ImageSet.memory ? $0 : FilePath.absolute($0),
        labels: (labels ?? rest.labels).map(FilePath.absolute),
        testData: (testData ?? rest.testData).map(FilePath.absolute),
        testLabels: (testLabels ?? (testData == nil ? rest.testLabels : nil)).map(FilePath.absolute),
        layout: layout ?? rest.layout)
    }
  }

  /// Those that were given.
  var names: [String] {
    [
      path.map { _ in "--data" }, labels.map { _ in "--labels" }, testData.map { _ in "--test-data" },
      testLabels.map { _ in "--test-labels" }, layout.map { _ in "--layout" },
    ].compactMap { $0 }
  }

  var changes: [Change<TrainingSettings>] {
    [
      Change("--validation-fraction", validationFraction, \.validationFraction),
      Change("--binarize", binarize, \.binarization),
    ].compactMap { $0 }
  }
}
