import Charts
import IDX
import Networks
import Selva

/// What `inspect --activations` tells: a model's hidden layers before and after training.
struct ActivationInspection: Encodable {
  let path: String
  let images: String
  let activation: Activation
  /// Of the weights before the first step.
  let seed: UInt64
  let initialization: ActivationStatistics
  let trained: ActivationStatistics

  private enum CodingKeys: String, CodingKey {
    case path, images, activation, seed, initialization, trained
  }

  /// - Throws: `TrainingError.sizesDiffer`, `LabelError`, and what reading the model throws.
  init(_ path: String, images: ImageSet, limit: Int, seed: UInt64?) throws {
    let model = try VAE(contentsOf: path)
    let training = try VAE.trainingSettings(contentsOf: path)
    let settings = model.settings
    try settings.checkSize(of: images)
    self.path = path
    self.images = images.path
    activation = settings.activation
    self.seed = seed ?? training?.seed ?? 0
    let indices = [Int32](0..<Int32(min(limit, images.count)))
    try settings.checkLabels(
      of: images, indices.map { Int($0) }, fix: "name a folder that holds them with --data")
    let binarization = training?.binarization ?? .none
    initialization = ActivationStatistics(
      model.atInitialization(images, seed: self.seed), images: images, indices: indices,
      binarization: binarization, seed: self.seed)
    trained = ActivationStatistics(
      model, images: images, indices: indices, binarization: binarization, seed: self.seed)
  }

  var lines: [String] {
    let width = (trained.layers.map(\.name.count).max() ?? 0) + 2
    let title =
      "\(path), \(activation.rawValue), on \(Format.grouped(trained.count)) images of \(images):"
    guard !trained.layers.isEmpty else { return [title, "", "The model has no hidden layer."] }
    let above = "".padded(width + 8) + "before training".leftPadded(20) + "after training".leftPadded(20)
    let names = "layer".padded(width) + "units".leftPadded(8)
    let columns = ["mean", "variance", "mean", "variance"].map { $0.leftPadded(10) }.joined()
    return [title, "", above, names + columns]
      + zip(initialization.layers, trained.layers).map { before, after in
        before.name.padded(width) + "\(before.units)".leftPadded(8)
          + [before.mean, before.variance, after.mean, after.variance]
          .map { Format.fixed($0, 3).leftPadded(10) }.joined()
      }
  }

  var hasSteps: Bool { trained.layers.contains { $0.steps != nil } }

  /// The layers that have steps, each with what it has at them before and after training.
  private var steps: [(name: String, before: [ActivationStatistics.Step], after: [ActivationStatistics.Step])]
  {
    zip(initialization.layers, trained.layers).compactMap { before, after in
      before.steps.flatMap { steps in after.steps.map { (before.name, steps, $0) } }
    }
  }

  /// A line a layer and step.
  var stepLines: [String] {
    let width = (steps.map(\.name.count).max() ?? 0) + 2
    let names = "layer".padded(width) + "step".leftPadded(8)
    let columns = ["mean", "variance", "mean", "variance"].map { $0.leftPadded(10) }.joined()
    return [names + columns]
      + steps.flatMap { name, before, after in
        zip(before, after).enumerated().map { index, pair in
          name.padded(width) + "\(index + 1)".leftPadded(8)
            + [pair.0.mean, pair.0.variance, pair.1.mean, pair.1.variance]
            .map { Format.fixed($0, 3).leftPadded(10) }.joined()
        }
      }
  }

  /// The variance at every step, a layer's line before training dashed in the color that it has after.
  var stepChart: LineChart {
    let series = steps.enumerated().flatMap { index, layer in
      [("before", layer.before, true), ("after", layer.after, false)].map { when, steps, dashed in
        LineChart.Series(
          "\(layer.name), \(when) training",
          points: steps.enumerated().map { (x: Double($0 + 1), y: $1.variance) },
          color: index, dashed: dashed)
      }
    }
    return LineChart(
      title: "Recurrent states of \(activation.rawValue)", xLabel: "step",
      yLabel: "variance over units and images", series: series, rules: [.init(.y, at: 1)])
  }

  /// Layers are numbered through encoder and decoder. Before training is paler than after.
  var chart: LineChart {
    LineChart(
      title: "Hidden layers of \(activation.rawValue)", xLabel: "hidden layer, encoder then decoder",
      series: [
        series("mean before training", initialization, \.mean, 5, dashed: true),
        series("variance before training", initialization, \.variance, 4, dashed: true),
        series("mean after training", trained, \.mean, 0, dashed: false),
        series("variance after training", trained, \.variance, 1, dashed: false),
      ], rules: [.init(.y, at: 0), .init(.y, at: 1)])
  }

  private func series(
    _ name: String, _ statistics: ActivationStatistics, _ value: KeyPath<ActivationStatistics.Layer, Double>,
    _ color: Int, dashed: Bool
  ) -> LineChart.Series {
    let points = statistics.layers.enumerated().map { (x: Double($0 + 1), y: $1[keyPath: value]) }
    return LineChart.Series(
      name, points: points, color: color, markers: true, dashed: dashed)
  }
}
