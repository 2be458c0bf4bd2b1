import Selva

/// What `inspect` tells of a model file.
struct ModelInspection: Encodable {
  struct Parameter: Encodable {
    let name: String
    let shape: [Int]
    let count: Int
  }

  let path: String
  let model: ModelSettings
  let prior: PriorInspection
  /// Nil where the model is in no run.
  let run: RunSummary?
  /// Nil where the file does not say.
  let training: TrainingSettings?
  let parameters: [Parameter]
  let parameterCount: Int

  private enum CodingKeys: String, CodingKey {
    case path, model, prior, run, training, parameters
    case parameterCount = "parameter_count"
  }

  init(_ path: String, _ vae: VAE) throws {
    self.path = path
    model = vae.settings
    prior = PriorInspection(vae)
    run = ModelOrigin.run(of: path).map(RunSummary.init)
    training = try VAE.trainingSettings(contentsOf: path)
    parameters = vae.parameters.map { Parameter(name: $0.name, shape: $0.shape, count: $0.values.count) }
    parameterCount = parameters.reduce(0) { $0 + $1.count }
  }

  var lines: [String] {
    var lines = ["\(path): a model of \(model.shape) images", "", "Model"]
    lines += ModelInspection.rows(SettingText.properties(of: model))
    lines += prior.lines
    if let run { lines += ["", "Run"] + run.lines }
    lines += ["", "Training"]
    lines += training.map { ModelInspection.rows(SettingText.properties(of: $0)) } ?? ["  not recorded"]
    lines += ["", "Parameters"]
    let width = (parameters.map(\.name.count).max() ?? 0) + 2
    lines += parameters.map { parameter in
      let shape = parameter.shape.map(String.init).joined(separator: " x ")
      return
        "  \(parameter.name.padded(width))\(shape.padded(14))\(Format.grouped(parameter.count).leftPadded(12))"
    }
    let total = Format.grouped(parameterCount).leftPadded(12)
    return lines + ["  \("in all".padded(width + 14))\(total)"]
  }

  private static func rows(_ properties: [(name: String, text: String)]) -> [String] {
    properties.map { "  \($0.name.padded(22))\($0.text)" }
  }
}

extension String {
  /// Spaces before it, up to `width`.
  func leftPadded(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
