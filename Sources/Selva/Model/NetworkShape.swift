import IDX

/// What the encoder and the decoder are made of.
public enum NetworkShape: Sendable, Equatable {
  /// Dense layers alone.
  case dense
  /// Convolutions between the image and the dense layers.
  case convolution(Convolution)
}

/// Stages of convolutions of stride 2 from the image on, mirrored in the decoder.
public struct Convolution: Codable, Sendable, Equatable {
  /// Of the maps after each stage, from the image on.
  public var channels: [Int]
  /// Side of the stages' kernels.
  public var kernel: Int
  /// x + W₂ ∗ f(W₁ ∗ x) with kernels of 3 (He et al. 2016), so many after each stage.
  public var residualBlocks: Int

  public static let channelCounts = NumberRange(1...4096)
  /// From the stages' stride on, since a smaller one would leave pixels out.
  public static let kernels = NumberRange(2...16)
  public static let residualBlockCounts = NumberRange(0...8)
  public static let mostStages = 16

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
  /// `dense`, or `convolution 32,64, kernel 4, 1 residual block a stage`.
  public var description: String {
    guard case .convolution(let convolution) = self else { return "dense" }
    let channels = convolution.channels.map(String.init).joined(separator: ",")
    let blocks = convolution.residualBlocks
    return "convolution \(channels), kernel \(convolution.kernel)"
      + (blocks == 0 ? "" : ", \(blocks) residual \(blocks == 1 ? "block" : "blocks") a stage")
  }
}

extension NetworkShape: Codable {
  private enum CodingKeys: String, CodingKey { case convolution }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self =
      try container.decodeIfPresent(Convolution.self, forKey: .convolution).map { .convolution($0) } ?? .dense
  }

  /// `{}` for dense.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    if case .convolution(let convolution) = self { try container.encode(convolution, forKey: .convolution) }
  }
}
