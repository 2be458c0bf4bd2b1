import Files

/// Everything that reads what a person or a stranger wrote.
enum Reader: String, CaseIterable {
  case idx, gzip, labels, safetensors, model, checkpoint, settings, configuration, metrics, csv, npy, npz,
    png, jpeg, pictures
  case arguments, numbers

  static let chosen: Reader = {
    let name = getenv("SELVA_READER").map { String(cString: $0) } ?? ""
    guard let reader = Reader(rawValue: name) else {
      fatalError("SELVA_READER is '\(name)'; it may be \(allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return reader
  }()

  var isSafetensors: Bool { self == .safetensors || self == .model || self == .checkpoint }

  /// Reads `input` as the program would, and goes on with what was accepted.
  func read(_ input: UnsafeRawBufferPointer) throws {
    switch self {
    case .idx: try ImageReaders.idx(input)
    case .gzip: try ImageReaders.gzip(input)
    case .labels: try ImageReaders.labels(input)
    case .png: try ImageReaders.png(input)
    case .jpeg: try PictureReaders.jpeg(input)
    case .pictures: try PictureReaders.pictures(input)
    case .npz: try PictureReaders.npz(input)
    case .safetensors: try ModelReaders.safetensors(input)
    case .model: try ModelReaders.model(input)
    case .checkpoint: try ModelReaders.checkpoint(input)
    case .settings: try ModelReaders.settings(input)
    case .configuration: try ModelReaders.configuration(input)
    case .metrics: try TableReaders.metrics(input)
    case .csv: try TableReaders.csv(input)
    case .npy: try TableReaders.npy(input)
    case .arguments: try CommandLineReaders.arguments(input)
    case .numbers: CommandLineReaders.numbers(input)
    }
  }
}
