import ArgumentParser
import IDX
import Networks
import Selva

/// What to train.
struct ModelOptions: ParsableArguments {
  @OptionGroup var network: NetworkOptions

  @Option(
    help: ModelSettings.widths.help(
      "Widths of the encoder's hidden dense layers, or 'none'.",
      default: NetworkOptions.hiddenHelp, "widths"),
    transform: Widths.parse)
  var hidden: Widths?

  @Option(
    help: ModelSettings.widths.help(
      "Widths of the decoder's hidden layers, or 'none'.", default: "the encoder's in reverse", "widths"),
    transform: Widths.parse)
  var decoderHidden: Widths?

  @Option(
    name: [.customShort("z"), .long], help: SettingOption.help("Components of the latent vector.", \.latent),
    transform: SettingOption.number(\.latent))
  var latent: Int?

  @Option(help: SettingOption.help("The function between layers.", SettingOption.standardModel.activation))
  var activation: Activation?

  @Option(
    help: SettingOption.help("What the decoder's output means.", SettingOption.standardModel.likelihood))
  var likelihood: Likelihood?

  @Option(
    help: SettingOption.help(
      "Standard deviation of a Gaussian or logistic likelihood; where it is learned, its beginning.", \.sigma),
    transform: SettingOption.number(\.sigma))
  var sigma: Double?

  @Option(help: PriorOption.help, completion: Offer.prior, transform: PriorOption.parse)
  var prior: Prior?

  @Option(help: PriorOption.hiddenHelp, transform: Widths.parse)
  var priorHidden: Widths?

  @Option(help: PriorOption.activationHelp)
  var priorActivation: Activation?

  @Option(help: Condition.help)
  var condition: Condition?

  /// The options that were given.
  var names: [String] { network.names + changes.map(\.option) }

  var changes: [Change<ModelSettings>] {
    [
      Change("--hidden", hidden?.values, \.hidden),
      Change("--decoder-hidden", decoderHidden?.values, \.decoderHidden),
      Change("--latent", latent, \.latent), Change("--activation", activation, \.activation),
      Change("--likelihood", likelihood, \.likelihood), Change("--sigma", sigma, \.sigma),
      Change("--prior", prior, \.prior), Change("--prior-hidden", priorHidden?.values, \.priorHidden),
      Change("--prior-activation", priorActivation, \.priorActivation),
      // Which labels these are, the images say.
      Change("--condition", condition.map { _ in [] }, \.labels),
    ].compactMap { $0 }
  }
}

/// Parts of a model as they are typed: encoder,decoder.
enum FrozenParts {
  @Sendable static func parse(_ text: String) throws -> [ModelPart] {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map {
      ModelPart(rawValue: String($0))
    }
    let known = Set(parts.compactMap { $0 })
    guard !parts.contains(nil), known.count == parts.count else {
      throw ValidationError(
        "must name parts of \(ModelPart.allCases.map(\.rawValue)), each once, as encoder,decoder")
    }
    return ModelPart.allCases.filter(known.contains)
  }
}

enum Optimizer: String, ExpressibleByArgument, CaseIterable {
  case adam, adamw

  /// Loshchilov & Hutter's order of magnitude, and PyTorch's default.
  static let decay = 0.01

  /// A decay that there is already stays.
  fileprivate var change: Change<TrainingSettings> {
    Change("--optimizer") { settings in
      if self == .adam { settings.weightDecay = 0 }
      if self == .adamw && settings.weightDecay == 0 { settings.weightDecay = Optimizer.decay }
    }
  }
}

/// How the weights move.
struct OptimizationOptions: ParsableArguments {
  @Option(
    name: [.customShort("e"), .long], help: SettingOption.help("Passes over the training images.", \.epochs),
    transform: SettingOption.number(\.epochs))
  var epochs: Int?

  @Option(
    name: [.customShort("b"), .long], help: SettingOption.help("Images a step.", \.batchSize),
    transform: SettingOption.number(\.batchSize))
  var batchSize: Int?

  @Option(
    name: [.long, .customLong("lr")],
    help: SettingOption.help("The learning rate after its warm-up.", \.learningRate),
    transform: SettingOption.number(\.learningRate))
  var learningRate: Double?

  @Option(
    help: SettingOption.help(
      "How the learning rate moves: constant, half a cosine down to 0, or the eight stages of Burda et al.",
      SettingOption.standard.learningRateShape))
  var schedule: LearningRateShape?

  @Option(
    help: SettingOption.help("Epochs over which the learning rate rises from 0.", \.warmupEpochs),
    transform: SettingOption.number(\.warmupEpochs))
  var warmupEpochs: Double?

  @Option(help: SettingOption.help("The optimizer; adamw decays weights by themselves.", Optimizer.adam))
  var optimizer: Optimizer?

  @Option(
    help: TrainingSettings.range(of: \.weightDecay).help(
      "Decay of weights, for adamw.", default: "\(Optimizer.decay) with adamw, else 0"),
    transform: SettingOption.number(\.weightDecay))
  var weightDecay: Double?

  @Option(
    help: SettingOption.help("Adam's decay of the first moment.", \.beta1),
    transform: SettingOption.number(\.beta1))
  var beta1: Double?

  @Option(
    help: SettingOption.help("Adam's decay of the second moment.", \.beta2),
    transform: SettingOption.number(\.beta2))
  var beta2: Double?

  @Option(help: SettingOption.help("Adam's epsilon.", \.epsilon), transform: SettingOption.number(\.epsilon))
  var epsilon: Double?

  @Option(
    help: TrainingSettings.range(of: \.clipNorm).help(
      "The gradient's largest norm; 0: as large as it likes.",
      default:
        "\(SettingText.of(SettingOption.standard.clipNorm)), or \(SettingText.of(Recurrent.standardClipNorm)) for recurrent networks"
    ),
    transform: SettingOption.number(\.clipNorm))
  var clipNorm: Double?

  @Option(
    help: SettingOption.help(
      "Rate of dropout of hidden units; alpha dropout for selu. Not in recurrent networks.", \.dropout),
    transform: SettingOption.number(\.dropout))
  var dropout: Double?

  @Option(
    help: SettingOption.help(
      "Decay of a running average of the weights, which then is the model; 0: none.", \.averageDecay),
    transform: SettingOption.number(\.averageDecay))
  var averageDecay: Double?

  @Option(
    help: SettingOption.help(
      "Stop after so many epochs without a better validation loss; 0: never.", \.patience),
    transform: SettingOption.number(\.patience))
  var patience: Int?

  @Option(
    help: ArgumentHelp(
      "Parts that stay as they are in --start-from: encoder, decoder, prior, or two of them.",
      valueName: "parts"), completion: Offer.parts,
    transform: FrozenParts.parse)
  var freeze: [ModelPart]?

  var changes: [Change<TrainingSettings>] {
    [
      Change("--epochs", epochs, \.epochs), Change("--batch-size", batchSize, \.batchSize),
      Change("--learning-rate", learningRate, \.learningRate),
      Change("--schedule", schedule, \.learningRateShape),
      Change("--warmup-epochs", warmupEpochs, \.warmupEpochs),
      optimizer?.change, Change("--weight-decay", weightDecay, \.weightDecay),
      Change("--beta1", beta1, \.beta1), Change("--beta2", beta2, \.beta2),
      Change("--epsilon", epsilon, \.epsilon), Change("--clip-norm", clipNorm, \.clipNorm),
      Change("--dropout", dropout, \.dropout), Change("--average-decay", averageDecay, \.averageDecay),
      Change("--patience", patience, \.patience),
      freeze.flatMap { Change("--freeze", Optional($0), \.frozen) },
    ].compactMap { $0 }
  }

  func validate() throws {
    if optimizer == .adam, let weightDecay, weightDecay != 0 {
      throw ValidationError("--weight-decay belongs to --optimizer adamw.")
    }
  }
}

/// What training minimizes.
struct ObjectiveOptions: ParsableArguments {
  @Option(
    help: SettingOption.help(
      "What to minimize: the ELBO, or an importance-weighted bound.", SettingOption.standard.objective))
  var objective: Objective?

  @Option(
    help: SettingOption.help("Samples of z for an image.", \.importanceSamples),
    transform: SettingOption.number(\.importanceSamples))
  var importanceSamples: Int?

  @Option(
    help: SettingOption.help("Weight of the KL divergence.", \.beta), transform: SettingOption.number(\.beta))
  var beta: Double?

  @Option(
    help: SettingOption.help(
      "How that weight moves: constant, up once, or up again and again.", SettingOption.standard.betaShape))
  var betaSchedule: BetaShape?

  @Option(
    help: SettingOption.help("Epochs of one rise (linear) or one cycle (cyclical).", \.betaEpochs),
    transform: SettingOption.number(\.betaEpochs))
  var betaEpochs: Double?

  @Option(
    help: SettingOption.help("KL divergence of a component that costs nothing, in nats.", \.freeBits),
    transform: SettingOption.number(\.freeBits))
  var freeBits: Double?

  var changes: [Change<TrainingSettings>] {
    [
      Change("--objective", objective, \.objective),
      Change("--importance-samples", importanceSamples, \.importanceSamples),
      Change("--beta", beta, \.beta), Change("--beta-schedule", betaSchedule, \.betaShape),
      Change("--beta-epochs", betaEpochs, \.betaEpochs), Change("--free-bits", freeBits, \.freeBits),
    ].compactMap { $0 }
  }

  /// - Parameter settings: those in force.
  /// - Throws: `ValidationError` where an option would be passed over.
  func check(_ settings: TrainingSettings) throws {
    if betaEpochs != nil && settings.betaShape == .constant {
      throw ValidationError("--beta-epochs goes with --beta-schedule linear or cyclical.")
    }
  }
}

/// How a run is computed, and what it leaves.
struct ExecutionOptions: ParsableArguments {
  @Option(
    help: SettingOption.help(
      "What products are computed in; bfloat16 where the processor has it.", SettingOption.standard.precision)
  )
  var precision: Precision?

  @Option(
    help: SettingOption.help("Seed of everything that is left to chance.", \.seed),
    transform: SettingOption.number(\.seed))
  var seed: UInt64?

  @Option(
    help: SettingOption.help("Worker threads; 0: one for each processor.", \.threads),
    transform: SettingOption.number(\.threads))
  var threads: Int?

  @Option(
    help: SettingOption.help("Epochs between pictures of samples; 0: none before the end.", \.sampleEvery),
    transform: SettingOption.number(\.sampleEvery))
  var sampleEvery: Int?

  var changes: [Change<TrainingSettings>] {
    [
      Change("--precision", precision, \.precision), Change("--seed", seed, \.seed),
      Change("--threads", threads, \.threads), Change("--sample-every", sampleEvery, \.sampleEvery),
    ].compactMap { $0 }
  }
}
