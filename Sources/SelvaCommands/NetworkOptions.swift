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
  ///
  /// - Parameter defaults: of which that holds which is not given, and goes with what is.
  func shape(for image: ImageShape, _ defaults: ModelDefaults = ModelDefaults()) -> NetworkShape {
    let isSmall = max(image.height, image.width) <= NetworkOptions.largestDenseSide && image.channels == 1
    switch kind ?? defaults.network ?? .auto {
    case .recurrent:
      let layers = recurrent?.values ?? defaults.recurrent
      return .recurrent(layers.map { Recurrent(layers: $0) } ?? Recurrent())
    case .dense: return .dense
    case .auto where isSmall: return .dense
    case .auto, .convolution:
      var convolution = Convolution.standard(for: image)
      if let channels = channels?.values ?? defaults.channels { convolution.channels = channels }
      if let kernel = kernel ?? defaults.kernel { convolution.kernel = kernel }
      if let residual = residual ?? defaults.residual { convolution.residualBlocks = residual }
      return .convolution(convolution)
    }
  }

  /// That which the options say or need; nil where none does.
  private var kind: NetworkKind? {
    if recurrent != nil { return .recurrent }
    return convolutionNames.isEmpty ? network : .convolution
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
