import Files
import Selva

/// Where a model comes from, as people know it, told by the path of its file.
enum ModelOrigin {
  /// The folder of the run whose model it is; nil for any other file.
  static func run(of model: String) -> RunDirectory? {
    let folder = FilePath.folder(model)
    let run = RunDirectory(folder)
    return FilePath.name(model) == FilePath.name(run.model) && FileKind.isFile(run.configuration) ? run : nil
  }

  /// `runs/plane (best epoch 48)`; of a model that is in no run its path.
  static func text(_ model: String) -> String {
    guard let run = run(of: model) else { return model }
    guard let rows = try? MetricsLog(contentsOf: run.metrics).rows, let last = rows.last else {
      return run.path
    }
    let epoch = rows.best.map { "best epoch \($0.epoch)" } ?? "epoch \(last.epoch)"
    return "\(run.path) (\(epoch))"
  }

  /// The images that the run of a model has learned from, for a command without `--data`.
  ///
  /// - Throws: `FileError` where the model is in no run, or where its config.json cannot be read; `ModelFileError` where
  ///   it is not as it was written.
  static func data(of model: String) throws -> DataPaths {
    guard let run = run(of: model) else {
      throw FileError(
        .missingInput, path: model,
        reason: "is in no folder of a run, which would say its images; name some with --data")
    }
    return try RunConfiguration(contentsOf: run.configuration).data
  }
}
