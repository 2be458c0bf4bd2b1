import IDX

/// What the encoder and the decoder are made of.
public enum NetworkShape: Sendable, Equatable {
  /// Dense layers alone.
  case dense
  /// Convolutions between the image and the dense layers.
  case convolution(Convolution)
  /// Recurrent layers between the image, whose rows are the steps, and the dense layers.
  case recurrent(Recurrent)
}

/// Recurrent layers h_t = f(W_x·x_t + W_h·h_{t−1} + b), mirrored in the decoder. The encoder reads an image row by row and
/// hands on its last state; the decoder reads the same at every step and writes a row from each state.
public struct Recurrent: Codable, Sendable, Equatable {
  /// Units of each layer, from the image on: 1 to 16 layers of 1 to 2²⁰.
  public var layers: [Int]

  package static let mostLayers = 16
  /// The gradient's largest norm where nothing is said about it. Back-propagation through time multiplies, so that now and
  /// then a step has a gradient many times as long as the others. On 4,500 digits of 28 steps the usual length is 100 to 200
  /// with SELU and 100 to 350 with ReLU, and single ones reach 470 and 2,500: this cuts the long ones. After twelve epochs
  /// it was better than no bound and than 100, by 1 to 2 nats with SELU and 7 to 17 with ReLU.
  public static let standardClipNorm = 300.0

  /// Layers of these widths.
  ///
  /// - Parameter layers: units of each layer, from the image on.
  public init(layers: [Int] = [128]) { self.layers = layers }

  /// What is wrong, in words for a person; nil when nothing is.
  var fault: String? {
    if layers.isEmpty || layers.count > Recurrent.mostLayers {
      return "\(layers.count) recurrent layers (1 to \(Recurrent.mostLayers))"
    }
    return layers.first { !ModelSettings.widths.contains($0) }.map {
      "a recurrent layer of \($0) units (\(ModelSettings.widths.text))"
    }
  }
}

/// Stages of convolutions of stride 2 from the image on, mirrored in the decoder.
public struct Convolution: Codable, Sendable, Equatable {
  /// Of the maps after each stage, from the image on: 1 to 16 stages of 1 to 4096 channels.
  public var channels: [Int]
  /// Side of the stages' kernels in pixels, 2 to 16.
  public var kernel: Int
  /// x + W₂ ∗ f(W₁ ∗ x) with kernels of 3 (He et al. 2016), so many after each stage: 0 to 8.
  public var residualBlocks: Int

  package static let channelCounts = NumberRange(1...4096)
  /// From the stages' stride on, since a smaller one would leave pixels out.
  package static let kernels = NumberRange(2...16)
  package static let residualBlockCounts = NumberRange(0...8)
  package static let mostStages = 16

  /// Stages of these channels.
  ///
  /// - Parameters:
  ///   - channels: of the maps after each stage, from the image on.
  ///   - kernel: side of the stages' kernels, in pixels.
  ///   - residualBlocks: after each stage.
  public init(channels: [Int], kernel: Int = 4, residualBlocks: Int = 0) {
    self.channels = channels
    self.kernel = kernel
    self.residualBlocks = residualBlocks
  }

  /// What is taken for images of this size where nothing is said: stages until no side is longer than 8, each with twice
  /// the channels of the one before, up to 128. Large images begin with fewer, since the first maps are what fills memory.
  public static func standard(for image: ImageShape) -> Convolution {
    let side = max(image.height, image.width)
    var (channels, rest) = ([side <= 128 ? 32 : side <= 256 ? 16 : 8], (side + 1) / 2)
    while rest > 8 {
      channels.append(min(128, 2 * channels[channels.count - 1]))
      rest = (rest + 1) / 2
    }
    return Convolution(channels: channels)
  }

  /// What is wrong, in words for a person; nil when nothing is.
  var fault: String? {
    if channels.isEmpty || channels.count > Convolution.mostStages {
      return "\(channels.count) stages of convolutions (1 to \(Convolution.mostStages))"
    }
    if let count = channels.first(where: { !Convolution.channelCounts.contains($0) }) {
      return "a convolution of \(count) channels (\(Convolution.channelCounts.text))"
    }
    if !Convolution.kernels.contains(kernel) {
      return "a kernel of \(kernel) pixels (\(Convolution.kernels.text))"
    }
    if !Convolution.residualBlockCounts.contains(residualBlocks) {
      return "\(residualBlocks) residual blocks a stage (\(Convolution.residualBlockCounts.text))"
    }
    return nil
  }
}

extension NetworkShape: CustomStringConvertible {
  /// `dense`, `convolution 32,64, kernel 4, 1 residual block a stage`, or `recurrent 128,128`.
  public var description: String {
    switch self {
    case .dense: "dense"
    case .convolution(let convolution): NetworkShape.text(convolution)
    case .recurrent(let recurrent):
      "recurrent " + recurrent.layers.map(String.init).joined(separator: ",")
    }
  }

  private static func text(_ convolution: Convolution) -> String {
    let channels = convolution.channels.map(String.init).joined(separator: ",")
    let blocks = convolution.residualBlocks
    return "convolution \(channels), kernel \(convolution.kernel)"
      + (blocks == 0 ? "" : ", \(blocks) residual \(blocks == 1 ? "block" : "blocks") a stage")
  }
}

extension NetworkShape: Codable {
  private enum CodingKeys: String, CodingKey { case convolution, recurrent }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self =
      try container.decodeIfPresent(Convolution.self, forKey: .convolution).map { .convolution($0) }
      ?? container.decodeIfPresent(Recurrent.self, forKey: .recurrent).map { .recurrent($0) } ?? .dense
  }

  /// `{}` for dense.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .dense: break
    case .convolution(let convolution): try container.encode(convolution, forKey: .convolution)
    case .recurrent(let recurrent): try container.encode(recurrent, forKey: .recurrent)
    }
  }
}
