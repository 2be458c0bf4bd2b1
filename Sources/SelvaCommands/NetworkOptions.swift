import ArgumentParser
import IDX
import Selva

/// Kinds of networks as they are named on the command line.
enum NetworkKind: String, ExpressibleByArgument, CaseIterable {
  /// Dense where that is cheap, else convolutions.
  case auto
  case dense, convolution, recurrent
}

/// What the encoder and the decoder are made of.
struct NetworkOptions: ParsableArguments {
  @Option(
    help: """
      Layers: dense, convolution (then dense), recurrent (an image's rows are steps), or auto: dense for grey images of \
      up to 32 x 32 pixels, else convolution. (default: auto)
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

  @Option(
    help: ModelSettings.widths.help(
      "Units of each recurrent layer over an image's rows, as many layers as numbers; the decoder has them in reverse.",
      default: SettingText.of(Recurrent().layers), "units"),
    transform: Widths.parseRecurrent)
  var recurrent: Widths?

  private static let standardKernel = Convolution(channels: []).kernel
  private static let standardResidual = Convolution(channels: []).residualBlocks
  /// The largest side of images that dense layers are taken for.
  private static let largestDenseSide = 32
  /// Of the dense layers that follow convolutions where nothing is said.
  private static let hiddenAfterConvolution = [256]

  static let hiddenHelp =
    "\(SettingText.of(SettingOption.standardModel.hidden)), or \(SettingText.of(hiddenAfterConvolution)) after convolutions, "
    + "or none after recurrent layers"

  static func standardHidden(_ shape: NetworkShape) -> [Int] {
    switch shape {
    case .dense: SettingOption.standardModel.hidden
    case .convolution: hiddenAfterConvolution
    case .recurrent: []
    }
  }

  /// Those that were given.
  var names: [String] {
    (network == nil ? [] : ["--network"]) + convolutionNames + recurrentNames
  }

  private var convolutionNames: [String] {
    [
      channels.map { _ in "--channels" }, kernel.map { _ in "--kernel" }, residual.map { _ in "--residual" },
    ].compactMap { $0 }
  }

  private var recurrentNames: [String] { recurrent == nil ? [] : ["--recurrent"] }

  /// For images of this size.
  func shape(for image: ImageShape) -> NetworkShape {
    let isSmall = max(image.height, image.width) <= NetworkOptions.largestDenseSide && image.channels == 1
    let kind = network ?? .auto
    if kind == .recurrent || recurrent != nil {
      return .recurrent(recurrent.map { Recurrent(layers: $0.values) } ?? Recurrent())
    }
    let isConvolution =
      kind == .convolution || kind == .auto && (!isSmall || !convolutionNames.isEmpty)
    guard isConvolution else { return .dense }
    var convolution = Convolution.standard(for: image)
    if let channels { convolution.channels = channels.values }
    if let kernel { convolution.kernel = kernel }
    if let residual { convolution.residualBlocks = residual }
    return .convolution(convolution)
  }

  func validate() throws {
    let kind = network ?? .auto
    if kind == .dense || kind == .recurrent || recurrent != nil, let option = convolutionNames.first {
      throw ValidationError("\(option) goes with --network convolution.")
    }
    if kind == .dense || kind == .convolution, let option = recurrentNames.first {
      throw ValidationError("\(option) goes with --network recurrent.")
    }
  }
}
