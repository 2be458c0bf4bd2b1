import Files

@testable import Compute
@testable import IDX
@testable import ImageGrid
@testable import Networks
@testable import Selva
@testable import SelvaCommands

/// What the fuzzer begins from: small files by the project's own writers, one folder a reader.
enum Seeds {
  private static let settings = ModelSettings(height: 2, width: 2, hidden: [3], latent: 2)

  /// The same with every prior, with labels, with convolutions and with recurrent layers.
  private static let others: [(name: String, settings: ModelSettings)] =
    [
      ("mixture", .mixture(components: 2)), ("vamp", .vamp(components: 2)), ("flow", .flow(couplings: 2)),
    ].map { name, prior in
      (
        name,
        ModelSettings(
          height: 2, width: 2, hidden: [3], latent: 2, prior: prior, priorHidden: [3],
          labels: prior == .flow(couplings: 2) ? [1, 4] : [])
      )
    } + [
      (
        "convolution",
        ModelSettings(
          height: 2, width: 2, network: .convolution(Convolution(channels: [2], residualBlocks: 1)),
          hidden: [3], latent: 2)
      ),
      (
        "recurrent",
        ModelSettings(
          height: 2, width: 2, network: .recurrent(Recurrent(layers: [3, 2])), hidden: [], latent: 2)
      ),
    ]

  /// Ten images of 2 x 2 pixels.
  static let images = ImageSet(
    values: (0..<40).map { Float($0 % 7) / 6 }, height: 2, width: 2, labels: [1, 4, 1, 4, 1, 4, 1, 4, 1, 4])

  /// A checkpoint's content before the first step.
  static let checkpointFile: Safetensors = {
    do {
      return try Safetensors(contentsOf: checkpoint(in: InputFile.folder, name: "seed.safetensors"))
    } catch {
      fatalError("no checkpoint to begin from: \(error)")
    }
  }()

  /// - Throws: `FileError` where a file cannot be written.
  static func write(to folder: String) throws {
    for reader in Reader.allCases { try Folder.make("\(folder)/\(reader.rawValue)") }
    try writeImages(to: folder)
    try writeModels(to: folder)
    try writeTables(to: folder)
    try writeTexts(to: folder)
  }

  private static func writeImages(to folder: String) throws {
    let bytes = (0..<24).map { UInt8($0 * 10) }
    for name in ["idx", "gzip"] {
      let isCompressed = name == "gzip"
      let path = "\(folder)/\(name)"
      // For gzip a first byte says that what follows is read as it is.
      func write<Element: IDXElement>(_ file: String, _ elements: [Element], _ sizes: [Int]) throws {
        try IDXWriter.write(elements, sizes: sizes, to: "\(path)/\(file)", compressed: isCompressed)
        guard isCompressed else { return }
        let content = try MappedFile.withBytes(of: "\(path)/\(file)") { Array($0) }
        try AtomicFile.write([0] + content, to: "\(path)/\(file)")
        try AtomicFile.write([0] + content + content, to: "\(path)/\(file)-twice")
      }
      try write("uint8", bytes, [6, 2, 2])
      try write("float32", bytes.map { Float($0) / 255 }, [6, 2, 2])
      try write("float64", bytes.map { Double($0) / 255 }, [6, 2, 2])
      try write("int16", bytes.map { Int16($0) }, [24])
      try write("none", [UInt8](), [0, 28, 28])
    }
    let plain = try MappedFile.withBytes(of: "\(folder)/idx/uint8") { Array($0) }
    try AtomicFile.write([1] + plain, to: "\(folder)/gzip/packed")
    try IDXWriter.write(bytes, sizes: [24], to: "\(folder)/labels/uint8")
    try IDXWriter.write(bytes.map { Int32($0) }, sizes: [24], to: "\(folder)/labels/int32")
    for (name, channels) in [("grey", 1), ("colour", 3)] {
      let raster = Raster(width: 4, height: 6 / channels, channels: channels, bytes: bytes)
      let text = [("Software", "Selva"), ("Selva model", "modèle −")]
      try PNG.write(raster, to: "\(folder)/png/\(name)", text: name == "grey" ? text : [])
    }
  }

  private static func writeModels(to folder: String) throws {
    let path = try checkpoint(in: "\(folder)/checkpoint", name: "begun")
    try VAE(contentsOf: path).write(to: "\(folder)/model/selu", training: TrainingSettings())
    for (name, settings) in others {
      let path = try checkpoint(in: "\(folder)/checkpoint", name: name, settings)
      try VAE(contentsOf: path).write(to: "\(folder)/model/\(name)", training: TrainingSettings())
    }
    let tensors = [
      Tensor(name: "a", shape: [2, 2], values: [1, 2, 3, 4]), Tensor(name: "b", shape: [], values: [0.5]),
      Tensor(name: "none", shape: [0], values: []),
    ]
    try Safetensors(tensors: tensors, metadata: ["key": "\"\\ value é"]).write(
      to: "\(folder)/safetensors/three")
    let metadata = try Safetensors(contentsOf: path).metadata
    let lines = ["selva", "selva.training", "selva.state"].map { metadata[$0] ?? "" }
    try AtomicFile.write(lines.joined(separator: "\n").utf8, to: "\(folder)/settings/begun")
    let configuration = RunConfiguration(
      command: "selva train --data data", data: DataPaths(data: "/data"), model: settings,
      training: TrainingSettings())
    try configuration.write(to: "\(folder)/configuration/run")
    let part = """
      {"model": {"network": {"convolution": {"channels": [3], "kernel": 3}}, "prior": "flow:2"}, "training": {"beta": 2}}
      """
    try AtomicFile.write(part.utf8, to: "\(folder)/configuration/part")
  }

  private static func writeTables(to folder: String) throws {
    let values: [Float] = [0.5, -1.25, 1e-20, 3e38, 0, -0]
    let table = LatentTable(latent: 2, values: values, labels: ["0", "a \"b\"", "c,d"])
    try AtomicFile.write(table.csv(), to: "\(folder)/csv/labelled")
    try AtomicFile.write(LatentTable(latent: 3, values: values).csv(header: false), to: "\(folder)/csv/plain")
    try NPY.write(values, shape: [2, 3], to: "\(folder)/npy/two")
    try NPY.write(values, shape: [6], to: "\(folder)/npy/one")
    var log = MetricsLog(path: "\(folder)/metrics/epochs")
    for epoch in 1...3 {
      try log.append(
        EpochMetrics(
          epoch: epoch, trainLoss: 100.5, trainReconstruction: 80, trainKL: 20.5,
          validationLoss: epoch == 2 ? nil : 99, validationReconstruction: 78, validationKL: 21,
          learningRate: 1e-3, seconds: 2.5, imagesPerSecond: 20000))
    }
  }

  private static func writeTexts(to folder: String) throws {
    let commands = [
      "train -d data -e 3 --hidden 20,10 --latent 2 --learning-rate 1e-3 --schedule cosine --quiet",
      "train --resume runs/001 --epochs 9",
      "train --data d --objective iwae --importance-samples 5 --beta -1",
      "train -d d --likelihood gaussian --sigma 0.1 --optimizer adamw --weight-decay 0.1 --seed 18446744073709551615",
      "sample -o a.png --count 5 --seed 3", "reconstruct -o a.png -d data --indices 3,5,10-19",
      "interpolate -o a.png --steps 5", "manifold -o a.png --side 10",
      "traverse -o a.png --components 0,4 --range 2",
      "encode -d data --limit 16 -o -", "decode - -o a.png --columns 3", "evaluate -d data --json",
      "inspect data --contact-sheet a.png", "data binarize -d a -o b --threshold",
      "bench --threads 1 --seconds 0.5 --prior flow:2 --prior-hidden 9 --prior-activation tanh",
      "bench --network recurrent --recurrent 64,32 --ranks 8 --latency 2e-6 --bandwidth 12e9",
      "train -d data --prior vamp:20 --condition labels",
      "train -d data --network convolution --channels 32,64 --kernel 3 --residual 1 --layout channels-first",
      "train -d d --start-from m --prior flow --freeze encoder,decoder",
      "sample --label 3,5 -o a.png", "evaluate -d data --classify --worst 3 -o a.png",
      "sample --show -o a.png", "train --config a --bs 3 --latent-dim 2", "completions zsh",
      "help train", "--version",
    ]
    for (index, command) in commands.enumerated() {
      let lines = command.split(separator: " ").joined(separator: "\n")
      try AtomicFile.write(lines.utf8, to: "\(folder)/arguments/\(index)")
    }
    for (index, text) in ["3,5,10-19", "512,256", "none", "0-9", "a 'b'", "flow:6", "encoder,decoder"]
      .enumerated()
    {
      try AtomicFile.write(text.utf8, to: "\(folder)/numbers/\(index)")
    }
  }

  private static func checkpoint(
    in folder: String, name: String, _ settings: ModelSettings = settings
  ) throws -> String {
    var training = TrainingSettings()
    training.batchSize = 4
    training.epochs = 2
    training.threads = 1
    let data = try TrainingData(
      training: images, for: training)
    let statistics = DataStatistics(images)
    let store = ParameterStore(ModelLayout(settings).parameters, elementType: .float32, keepsAverage: false)
    store.initialize(settings, statistics: statistics, seed: 1)
    let model = VAE(
      settings: settings, inputMean: statistics.inputMean,
      inputStandardDeviation: statistics.inputStandardDeviation,
      values: UnsafeBufferPointer(ParameterStore.floats(store.weights)))
    var state = TrainingState()
    state.trainingImages = data.trainingIndices.count
    state.validationImages = data.validationIndices.count
    let path = "\(folder)/\(name)"
    try Checkpoint.write(store, model: model, training: training, state: state, to: path)
    return path
  }
}
