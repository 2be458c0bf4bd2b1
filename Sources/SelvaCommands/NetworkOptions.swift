import ArgumentParser
import IDX
import Selva

/// Kinds of networks as they are named on the command line.
enum NetworkKind: String, ExpressibleByArgument, CaseIterable {
  /// Dense where that is cheap, else convolutions.
  case auto
  case dense, convolution
}

/// What the encoder and the decoder are made of.
struct NetworkOptions: ParsableArguments {
  @Option(
    help: """
      Layers: dense, convolution (then dense), or auto: dense for grey images of up to 32 x 32 pixels, else convolution. \
      (default: auto)
      """)
  var network: NetworkKind?

  @Option(
    help: Convolution.channelCounts.help(
      "Channels after each stage of convolutions, which halves the sides; as many stages as numbers.",
      default: "stages down to 8 x 8 pixels", "counts"),
    transform: Widths.parseChannels)
  var channels: Widths?

  @Option(
    help: Convolution.kernels.help("Side of a convolution's kernel, in pixels.", default: standardKernel),
    transform: Convolution.kernels.parse)
  var kernel: Int?

  @Option(
    help: Convolution.residualBlockCounts.help(
      "Residual blocks of two convolutions after each stage.", default: standardResidual),
    transform: Convolution.residualBlockCounts.parse)
  var residual: Int?

  private static let standardKernel = Convolution(channels: []).kernel
  private static let standardResidual = Convolution(channels: []).residualBlocks
  /// The largest side of images that dense layers are taken for.
  private static let largestDenseSide = 32
  /// Of the dense layers that follow convolutions where nothing is said.
  private static let hiddenAfterConvolution = [256]

  static let hiddenHelp =
    "\(SettingText.of(SettingOption.standardModel.hidden)), or \(SettingText.of(hiddenAfterConvolution)) after convolutions"

  static func standardHidden(_ shape: NetworkShape) -> [Int] {
    shape == .dense ? SettingOption.standardModel.hidden : hiddenAfterConvolution
  }

  /// Those that were given.
  var names: [String] {
    [
      network.map { _ in "--network" }, channels.map { _ in "--channels" }, kernel.map { _ in "--kernel" },
      residual.map { _ in "--residual" },
    ].compactMap { $0 }
  }

  /// For images of this size.
  func shape(for image: ImageShape) -> NetworkShape {
    let isSmall = max(image.height, image.width) <= NetworkOptions.largestDenseSide && image.channels == 1
    let isConvolution =
      switch network ?? .auto {
      case .dense: false
      case .convolution: true
      case .auto: !isSmall || channels != nil || kernel != nil || residual != nil
      }
    guard isConvolution else { return .dense }
    var convolution = Convolution.standard(for: image)
    if let channels { convolution.channels = channels.values }
    if let kernel { convolution.kernel = kernel }
    if let residual { convolution.residualBlocks = residual }
    return .convolution(convolution)
  }

  func validate() throws {
    guard network == .dense, let option = names.first(where: { $0 != "--network" }) else { return }
    throw ValidationError("\(option) goes with --network convolution.")
  }
}
