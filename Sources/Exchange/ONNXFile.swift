import Compute
import Files
import Messages
import Networks
import Selva
import SwiftProtobuf

/// A part of a model that can be exported by itself.
package enum ExportedPart: String, CaseIterable, Sendable {
  /// Images to mean and log variance.
  case encoder
  /// Latent vectors to images.
  case decoder
  /// Noise to latent vectors of the prior.
  case prior
}

/// Models in ONNX (Open Neural Network Exchange), as graphs of standard operators on float32.
///
/// Values are called `images` (`[batch, height, width]`, in colour `[batch, height, width, channels]`, from 0 to 1),
/// `mean`, `log_variance`, `z` and `noise` (`[batch, latent]`), `uniform` (`[batch]`), and `labels` (int64 `[batch]`, of
/// models with labels, as the set has them). The batch may have any size. What a model was made of is among the file's
/// metadata, under the names that model files have.
package enum ONNXFile {
  /// The first with GELU.
  static let operatorSet = 20
  /// The file format that goes with it.
  private static let formatVersion = 9
  /// A protocol buffer's size, with room for all but the weights.
  private static let mostBytes = 0x7ff0_0000

  /// The bytes of a file.
  ///
  /// - Parameter path: where it will go, for the fault.
  /// - Throws: `FileError` where the part has more weights than a file of this format can hold.
  package static func bytes(_ part: ExportedPart, of model: VAE, for path: String) throws -> [UInt8] {
    let graph =
      switch part {
      case .encoder: encoder(model)
      case .decoder: decoder(model)
      case .prior: prior(model)
      }
    try checkSize(graph.initializer.reduce(0) { $0 + $1.rawData.count }, part, path: path)
    return try file(part, of: model, graph).serializedBytes()
  }

  static func checkSize(_ bytes: Int, _ part: ExportedPart, path: String) throws {
    guard bytes < mostBytes else {
      throw FileError(
        .cannotWrite, path: path,
        reason: "an ONNX file holds 2 GB at most, and the \(part.rawValue) has more"
      )
    }
  }

  static func file(_ part: ExportedPart, of model: VAE, _ graph: ONNXGraphProto) -> ONNXModelProto {
    var file = ONNXModelProto()
    file.irVersion = Int64(formatVersion)
    file.producerName = "Selva"
    file.producerVersion = Version.current
    var operators = ONNXOperatorSetIdProto()
    operators.domain = ""
    operators.version = Int64(operatorSet)
    file.opsetImport = [operators]
    file.graph = graph
    file.metadataProps = metadata(part, of: model).map { key, value in
      var entry = ONNXStringStringEntryProto()
      (entry.key, entry.value) = (key, value)
      return entry
    }
    return file
  }

  private static func metadata(_ part: ExportedPart, of model: VAE) -> [(String, String)] {
    let settings = model.settings
    return [
      ("selva", SettingsJSON.encode(settings)), ("selva.version", Version.current),
      ("selva.part", part.rawValue),
      ("selva.likelihood", settings.likelihood.rawValue), ("selva.prior", settings.prior.text),
    ] + (model.spread.map { [("selva.\($0.name)", list($0.values))] } ?? [])
      + (settings.labels.isEmpty ? [] : [("selva.labels", list(settings.labels))])
  }

  private static func list(_ values: [some CustomStringConvertible]) -> String {
    values.map(\.description).joined(separator: ",")
  }
}

// MARK: Graphs

extension ONNXFile {
  private static func encoder(_ model: VAE) -> ONNXGraphProto {
    let (builder, image, latent) = (GraphBuilder("encoder"), model.map, model.settings.latent)
    let images = builder.input("images", model.imageShape, .float, "pixels from 0 to 1")
    let network = NetworkGraph(builder, model, labels: labels(builder, model))
    let sides = Array(model.imageShape.dropFirst().compactMap { $0 })
    let centred = builder.node(
      "Sub", [images, builder.constant(model.inputMean, sides, "input.mean")], at: "input")
    let standardized = builder.node(
      "Div",
      [centred, builder.constant(model.inputStandardDeviation, sides, "input.standard_deviation")],
      at: "input")
    let heads = network(model.layout.encoder, (standardized, .image(image))).name
    builder.node(
      "Split", [heads], at: "encoder", outputs: ["mean", "encoder.log_variance"],
      ["axis": .int(1), "num_outputs": .int(2)])
    // As `VAE.encode`.
    let bound = builder.constant(
      [Reparameterization.largestLogVariance], [], "encoder.largest_log_variance")
    builder.node("Min", ["encoder.log_variance", bound], at: "encoder", outputs: ["log_variance"])
    builder.output("mean", [nil, latent], "of q(z | x)")
    builder.output("log_variance", [nil, latent], "of q(z | x)")
    return builder.graph
  }

  private static func decoder(_ model: VAE) -> ONNXGraphProto {
    let (builder, likelihood) = (GraphBuilder("decoder"), model.settings.likelihood)
    let z = builder.input("z", [nil, model.settings.latent], .float, "latent vectors")
    let network = NetworkGraph(builder, model, labels: labels(builder, model))
    let output = network.image(network(model.layout.decoder, (z, .rows)), model.map, at: "decoder.image")
      .name
    builder.node("Identity", [output], at: "decoder", outputs: [likelihood.outputName])
    if likelihood.hasLogits {
      builder.node("Sigmoid", [output], at: "decoder", outputs: ["images"])
    } else {
      let bounds = [Float(0), 1].map { builder.constant([$0], [], "decoder.bound") }
      builder.node("Clip", [output] + bounds, at: "decoder", outputs: ["images"])
    }
    builder.output("images", model.imageShape, "the mean pixels, from 0 to 1")
    builder.output(
      likelihood.outputName, model.imageShape, "what the likelihood \(likelihood.rawValue) is made with")
    return builder.graph
  }

  private static func prior(_ model: VAE) -> ONNXGraphProto {
    let (builder, latent) = (GraphBuilder("prior"), model.settings.latent)
    let noise = builder.input("noise", [nil, latent], .float, "draws from N(0, I)")
    if let components = model.makePrior().components {
      mixture(builder, components, noise: noise, latent: latent)
    } else {
      let network = NetworkGraph(builder, model, labels: nil)
      let couplings = model.layout.couplings
      let z = couplings.indices.reversed().reduce(noise) {
        inverse(network, couplings[$1], $0, at: "prior.couplings.\($1)")
      }
      builder.node("Identity", [z], at: "prior", outputs: ["z"])
    }
    builder.output("z", [nil, latent], "draws from the prior")
    return builder.graph
  }

  /// z of the component in whose part of [0, 1) `uniform` lies.
  private static func mixture(
    _ builder: GraphBuilder, _ mixture: (means: [Float], deviations: [Float], cumulativeWeights: [Double]),
    noise: String, latent: Int
  ) {
    let name = "prior"
    let uniform = builder.input("uniform", [nil], .float, "draws from U(0, 1), which choose the components")
    let count = mixture.cumulativeWeights.count
    let column = builder.node("Unsqueeze", [uniform, builder.constant([1], "prior.axis")], at: name)
    // The last component has what rounding leaves.
    let ends = builder.constant(
      mixture.cumulativeWeights.dropLast().map { Float($0) }, [count - 1], "prior.cumulative_weights")
    let isPast = builder.node("GreaterOrEqual", [column, ends], at: name)
    let component = builder.node(
      "ReduceSum",
      [builder.node("Cast", [isPast], at: name, ["to": .int(7)]), builder.constant([1], "prior.axis")],
      at: name, ["keepdims": .int(0)])
    let chosen = [("prior.means", mixture.means), ("prior.standard_deviations", mixture.deviations)].map {
      builder.node("Gather", [builder.constant($1, [count, latent], $0), component], at: name)
    }
    let moved = builder.node("Mul", [noise, chosen[1]], at: name)
    builder.node("Add", [moved, chosen[0]], at: name, outputs: ["z"])
  }

  /// As `Flow.inverse` of one coupling.
  private static func inverse(
    _ network: NetworkGraph, _ coupling: FlowCoupling, _ input: String, at name: String
  ) -> String {
    let builder = network.builder
    func gather(_ value: String, _ indices: [Int], _ what: String) -> String {
      builder.node(
        "Gather", [value, builder.constant(indices, "\(name).\(what)")], at: name, ["axis": .int(1)])
    }
    func number(_ value: Float) -> String { builder.constant([value], [], "\(name).number") }
    let still = gather(input, coupling.still, "still")
    let moved = gather(input, coupling.moved, "moved")
    let heads = network(coupling.network, (still, .rows)).name
    builder.node(
      "Split", [heads], at: name, outputs: ["\(name)/scale", "\(name)/shift"],
      ["axis": .int(1), "num_outputs": .int(2)])
    let largest = FlowCoupling.largestScale
    let bend = builder.node(
      "Tanh", [builder.node("Div", ["\(name)/scale", number(largest)], at: name)], at: name)
    let factor = builder.node(
      "Exp", [builder.node("Mul", [bend, number(-largest)], at: name)], at: name)
    let back = builder.node(
      "Mul", [builder.node("Sub", [moved, "\(name)/shift"], at: name), factor], at: name)
    let both = builder.node("Concat", [still, back], at: name, ["axis": .int(1)])
    let order = coupling.still + coupling.moved
    return gather(both, order.indices.sorted { order[$0] < order[$1] }, "order")
  }

  private static func labels(_ builder: GraphBuilder, _ model: VAE) -> String? {
    guard !model.settings.labels.isEmpty else { return nil }
    return builder.input("labels", [nil], .int64, "of \(list(model.settings.labels)); any other: none")
  }
}

extension VAE {
  fileprivate var map: MapShape {
    MapShape(height: settings.height, width: settings.width, channels: settings.channels)
  }

  /// `[batch, height, width]`, in colour with the channels after them.
  fileprivate var imageShape: [Int?] {
    [nil, settings.height, settings.width] + (settings.channels == 1 ? [] : [settings.channels])
  }
}

extension Likelihood {
  fileprivate var hasLogits: Bool { self == .bernoulli || self == .continuousBernoulli }

  /// What the decoder's output is.
  fileprivate var outputName: String { hasLogits ? "logits" : "location" }
}
