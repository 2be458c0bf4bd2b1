import Compute
import Files
import Messages
import Networks
import Testing

@testable import Exchange
@testable import Selva

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What is written is read back and evaluated by `GraphInterpreter`, which knows ONNX and nothing of Selva.
@Suite struct ONNXTests {
  private func graph(_ part: ExportedPart, of model: VAE) throws -> ONNXGraphProto {
    try ONNXModelProto(serializedBytes: ONNXFile.bytes(part, of: model, for: "a.onnx")).graph
  }

  private func difference(_ found: [String: Values], _ name: String, _ expected: [Float], _ shape: [Int])
    throws
    -> Double
  {
    let values = try #require(found[name])
    #expect(values.shape == shape)
    return zip(values.numbers, expected).map { abs($0 - Double($1)) }.max() ?? .infinity
  }

  private func inputs(_ name: String, _ values: [Float], _ shape: [Int], _ labels: [Int]?) -> [String: Values]
  {
    [name: Values(shape, floats: values)].merging(
      labels.map { ["labels": Values([$0.count], $0.map(Double.init))] } ?? [:]
    ) { $1 }
  }

  @Test(arguments: ModelCase.all, [1, 3]) func encodesAsTheModel(test: ModelCase, count: Int) throws {
    let (model, images) = (test.model(), test.images(count))
    let shape = [count, test.settings.height, test.settings.width]
    let graph = try graph(.encoder, of: model)
    let found = GraphInterpreter(graph: graph)(
      inputs("images", images, shape + (test.settings.channels == 1 ? [] : [3]), test.labels(count)))
    let (mean, logVariance) = model.encode(images, labels: test.labels(count))
    #expect(try difference(found, "mean", mean, [count, ModelCase.latent]) < 2e-5)
    #expect(try difference(found, "log_variance", logVariance, [count, ModelCase.latent]) < 2e-5)
    #expect(graph.output.map(\.name) == ["mean", "log_variance"])
  }

  @Test(arguments: ModelCase.all, [1, 3]) func decodesAsTheModel(test: ModelCase, count: Int) throws {
    let model = test.model()
    let z = Latents.normal(count: count, latent: ModelCase.latent, seed: 2)
    let graph = try graph(.decoder, of: model)
    let found = GraphInterpreter(graph: graph)(inputs("z", z, [count, ModelCase.latent], test.labels(count)))
    let shape =
      [count, test.settings.height, test.settings.width] + (test.settings.channels == 1 ? [] : [3])
    let pixels = model.decode(z, labels: test.labels(count))
    #expect(try difference(found, "images", pixels, shape) < 2e-5)
    #expect(pixels.contains { $0 > 0 && $0 < 1 })
    // The likelihood's own output leads to the same.
    let (name, isLogit) =
      test.settings.likelihood == .bernoulli ? ("logits", true) : ("location", false)
    #expect(graph.output.map(\.name) == ["images", name])
    let output = try #require(found[name])
    let again = isLogit ? output.map { 1 / (1 + exp(-$0)) } : output.map { min(1, max(0, $0)) }
    #expect(try difference(["images": again], "images", pixels, shape) < 2e-5)
    #expect(output != found["images"])
  }

  @Test func aLabelThatTheModelDoesNotKnowIsNone() throws {
    let test = try #require(ModelCase.all.first { $0.testDescription == "labels" })
    let (model, images) = (test.model(), test.images(2))
    let found = GraphInterpreter(graph: try graph(.encoder, of: model))(
      inputs("images", images, [2, 4, 3], [0, -1]))
    let mean = ImageEncoder(model).encodeWithoutLabels(images).mean
    #expect(try difference(found, "mean", mean, [2, ModelCase.latent]) < 1e-5)
  }

  @Test func logVariancesAreBounded() throws {
    let test = ModelCase.all[0]
    let model = test.model(size: 30)
    let found = GraphInterpreter(graph: try graph(.encoder, of: model))(
      inputs("images", test.images(1), [1, 4, 3], nil))
    #expect(found["log_variance"]?.numbers.max() == 40)
    #expect(model.encode(test.images(1)).logVariance.max() == 40)
  }

  @Test func aFlowLeadsFromNoiseToThePrior() throws {
    let model = ModelCase.flow.model()
    let noise = Latents.normal(count: 3, latent: ModelCase.latent, seed: 6)
    let found = GraphInterpreter(graph: try graph(.prior, of: model))(
      inputs("noise", noise, [3, ModelCase.latent], nil))
    let z = model.makePrior().fromBase(noise)
    #expect(try difference(found, "z", z, [3, ModelCase.latent]) < 1e-5)
    #expect(zip(z, noise).contains { abs($0 - $1) > 0.1 })
  }

  @Test func aNormalPriorIsTheNoise() throws {
    let noise = Latents.normal(count: 2, latent: ModelCase.latent, seed: 6)
    let graph = try graph(.prior, of: ModelCase.all[0].model())
    let found = GraphInterpreter(graph: graph)(inputs("noise", noise, [2, ModelCase.latent], nil))
    #expect(found["z"]?.floats == noise)
    #expect(graph.input.map(\.name) == ["noise"])
  }

  /// The same components for the same draws as `LatentPrior.sample`.
  @Test(arguments: ModelCase.mixtures) func aMixtureDrawsAsThePrior(test: ModelCase) throws {
    let (model, count) = (test.model(size: 1), 40)
    let noise = Latents.normal(count: count, latent: ModelCase.latent, seed: 6)
    let uniform = (0..<count).map {
      Float(Double(RandomStream(seed: 6, .component, image: $0).bits(1)[0]) * 0x1p-32)
    }
    let graph = try graph(.prior, of: model)
    #expect(graph.input.map(\.name) == ["noise", "uniform"])
    let found = GraphInterpreter(graph: graph)([
      "noise": Values([count, ModelCase.latent], floats: noise), "uniform": Values([count], floats: uniform),
    ])
    let z = model.makePrior().sample(count: count, seed: 6)
    #expect(try difference(found, "z", z, [count, ModelCase.latent]) < 1e-4)
    // Even the largest draw has a component.
    let last = GraphInterpreter(graph: graph)([
      "noise": Values([1, ModelCase.latent], floats: Array(noise.prefix(ModelCase.latent))),
      "uniform": Values([1], [1]),
    ])
    #expect(last["z"]?.numbers.allSatisfy(\.isFinite) == true)
  }

  @Test func saysWhatItTakesAndWhatItWasMadeOf() throws {
    let test = try #require(ModelCase.all.first { $0.testDescription == "convolution in colour" })
    let model = test.model()
    let file = try ONNXModelProto(serializedBytes: ONNXFile.bytes(.encoder, of: model, for: "a.onnx"))
    #expect(file.irVersion == 9 && file.producerName == "Selva" && file.producerVersion == Version.current)
    #expect(file.opsetImport.map(\.version) == [20] && file.opsetImport.map(\.domain) == [""])
    let metadata = Dictionary(uniqueKeysWithValues: file.metadataProps.map { ($0.key, $0.value) })
    #expect(metadata["selva"] == SettingsJSON.encode(test.settings))
    #expect(metadata["selva.version"] == Version.current && metadata["selva.part"] == "encoder")
    #expect(metadata["selva.likelihood"] == "discretized-logistic" && metadata["selva.prior"] == "normal")
    #expect(metadata["selva.labels"] == "1,4,9")
    let scales = model.parameters.first { $0.name == "decoder.log_scale" }?.values.map(\.description)
    #expect(metadata["selva.log_scale"] == scales?.joined(separator: ","))
    let (images, labels) = (file.graph.input[0], file.graph.input[1])
    #expect(images.name == "images" && labels.name == "labels")
    #expect(images.type.tensorType.elemType == 1 && labels.type.tensorType.elemType == 7)
    let dimensions = images.type.tensorType.shape.dim
    #expect(dimensions[0].dimParam == "batch")
    #expect(dimensions.dropFirst().map(\.dimValue) == [5, 6, 3])
    #expect(labels.type.tensorType.shape.dim.map(\.dimParam) == ["batch"])
    let mean = try #require(file.graph.output.first)
    #expect(mean.type.tensorType.shape.dim.map(\.dimValue) == [0, 5])
  }

  @Test func namesNothingTwice() throws {
    for test in ModelCase.all + [ModelCase.flow] + ModelCase.mixtures {
      for part in ExportedPart.allCases {
        let graph = try graph(part, of: test.model())
        let names = graph.node.map(\.name)
        #expect(Set(names).count == names.count, "\(test.testDescription)")
        let constants = graph.initializer.map(\.name)
        #expect(Set(constants).count == constants.count, "\(test.testDescription)")
      }
    }
  }

  @Test func aFixedSpreadIsSaidToo() throws {
    let test = try #require(ModelCase.all.first { $0.settings.likelihood == .gaussian })
    let file = try ONNXModelProto(serializedBytes: ONNXFile.bytes(.decoder, of: test.model(), for: "a.onnx"))
    let text = try #require(file.metadataProps.first { $0.key == "selva.log_variance" }?.value)
    #expect(abs((Double(text) ?? 0) - 2 * log(0.1)) < 1e-6)
  }

  @Test func moreThanAFileHoldsIsRefused() throws {
    #expect(throws: FileError.self) { try ONNXFile.checkSize(1 << 31, .decoder, path: "a.onnx") }
    #expect(throws: Never.self) { try ONNXFile.checkSize(1 << 30, .decoder, path: "a.onnx") }
  }
}
