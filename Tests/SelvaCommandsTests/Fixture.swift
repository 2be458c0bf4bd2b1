import Foundation
import IDX
import Networks

@testable import Selva

/// Small files for commands to work on. IDX files are written here byte by byte, independent of `IDXWriter`.
enum Fixture {
  /// Writes a model of 3 latent components with random weights, those too that training begins at 0: no two labels
  /// say the same, and no prior is N(0, I) but the one that is called so.
  ///
  /// - Returns: its path.
  @discardableResult
  static func model(
    in folder: String, name: String = "model.safetensors", height: Int = 8, width: Int = 6,
    channels: Int = 1, hidden: [Int] = [16], latent: Int = 3, seed: UInt64 = 1, labels: [Int] = [],
    prior: Prior = .normal, likelihood: Likelihood = .bernoulli, network: NetworkShape = .dense
  ) throws -> String {
    let settings = ModelSettings(
      height: height, width: width, channels: channels, network: network, hidden: hidden, latent: latent,
      likelihood: likelihood,
      prior: prior, priorHidden: [5], labels: labels)
    let data =
      channels == 1
      ? try images(in: folder, count: 20, height: height, width: width, name: "\(name).idx")
      : try colours(
        in: folder, count: 20, height: height, width: width, layout: .channelsLast, name: "\(name).idx")
    let layout: ImageLayout? = channels == 1 ? nil : .channelsLast
    let statistics = DataStatistics(try ImageSet(imagesPath: data, layout: layout))
    try FileManager.default.removeItem(atPath: data)
    let store = ParameterStore(ModelLayout(settings).parameters, elementType: .float32, keepsAverage: false)
    store.initialize(settings, statistics: statistics, seed: seed)
    let all = ParameterStore.floats(store.weights)
    for (index, view) in store.layout.views.enumerated()
    where view.name.hasSuffix("label_bias")
      || view.name.hasPrefix("prior.") && view.name != "prior.log_variances"
    {
      let noise = Latents.normal(count: 1, latent: view.count, seed: UInt64(100 + index))
      // So that some components of a mixture hardly weigh anything.
      let size: Float = view.name == "prior.logits" ? 2 : 1
      for i in 0..<view.count { all[view.offset + i] = size * noise[i] }
    }
    let model = VAE(
      settings: settings, inputMean: statistics.inputMean,
      inputStandardDeviation: statistics.inputStandardDeviation,
      values: UnsafeBufferPointer(ParameterStore.floats(store.weights)))
    let path = "\(folder)/\(name)"
    try model.write(to: path, training: TrainingSettings())
    return path
  }

  /// Writes an IDX file of `[count, height, width]`: a soft spot on black whose place goes round with the
  /// image's number, ten places in all.
  ///
  /// - Parameter floats: as float32 in [0, 1] rather than bytes.
  /// - Returns: its path.
  @discardableResult
  static func images(
    in folder: String, count: Int, height: Int, width: Int, name: String = "images.idx", floats: Bool = false
  ) throws -> String {
    var bytes: [UInt8] = [0, 0, floats ? 0x0D : 0x08, 3]
    for size in [count, height, width] { bytes += bigEndian(UInt32(size)) }
    for index in 0..<count {
      for value in spot(index, height: height, width: width) {
        if floats { bytes += bigEndian(value.bitPattern) } else { bytes.append(UInt8(value * 255)) }
      }
    }
    return try write(bytes, to: "\(folder)/\(name)")
  }

  /// Writes an IDX file of bytes in colour: the spots of three images that follow one another as red, green and blue.
  ///
  /// - Returns: its path.
  @discardableResult
  static func colours(
    in folder: String, count: Int, height: Int, width: Int, layout: ImageLayout, name: String
  ) throws -> String {
    let sizes = layout == .channelsFirst ? [count, 3, height, width] : [count, height, width, 3]
    var bytes: [UInt8] = [0, 0, 0x08, 4] + sizes.flatMap { bigEndian(UInt32($0)) }
    for index in 0..<count {
      let spots = (0..<3).map { spot(index + $0, height: height, width: width).map { UInt8($0 * 255) } }
      bytes +=
        layout == .channelsFirst
        ? Array(spots.joined()) : (0..<height * width).flatMap { pixel in spots.map { $0[pixel] } }
    }
    return try write(bytes, to: "\(folder)/\(name)")
  }

  /// Writes an IDX file of `[count]` labels: each image's place, 0 to 9.
  ///
  /// - Returns: its path.
  @discardableResult
  static func labels(in folder: String, count: Int, name: String = "labels.idx") throws -> String {
    try labels(in: folder, (0..<count).map { UInt8($0 % 10) }, name: name)
  }

  /// The same of any labels.
  @discardableResult
  static func labels(in folder: String, _ values: [UInt8], name: String = "labels.idx") throws -> String {
    try write([0, 0, 0x08, 1] + bigEndian(UInt32(values.count)) + values, to: "\(folder)/\(name)")
  }

  /// Writes a folder `data` of training and test images (no test set where `test` is 0) with labels.
  ///
  /// - Returns: its path.
  @discardableResult
  static func folder(in folder: String, train: Int, test: Int, height: Int = 8, width: Int = 6) throws
    -> String
  {
    let data = "\(folder)/data"
    try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
    for (part, count) in [("train", train), ("test", test)] where count > 0 {
      try images(in: data, count: count, height: height, width: width, name: "\(part)-images-idx3-ubyte")
      try labels(in: data, count: count, name: "\(part)-labels-idx1-ubyte")
    }
    return data
  }

  /// Pixels of image `index`, `[height, width]` in [0, 1].
  private static func spot(_ index: Int, height: Int, width: Int) -> [Float] {
    let angle = Double(index % 10) / 10 * 2 * .pi
    let (y0, x0) = (0.5 + 0.25 * sin(angle), 0.5 + 0.25 * cos(angle))
    let size = 0.02 + 0.002 * Double(index % 7)
    return (0..<height * width).map { place in
      let y = (Double(place / width) + 0.5) / Double(height) - y0
      let x = (Double(place % width) + 0.5) / Double(width) - x0
      return Float(exp(-(x * x + y * y) / size))
    }
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
  }

  private static func write(_ bytes: [UInt8], to path: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }
}
