import ArgumentParser
import Files
import IDX
import Selva

extension Activation: ExpressibleByArgument {}
extension BetaShape: ExpressibleByArgument {}
extension Binarization: ExpressibleByArgument {}
extension LearningRateShape: ExpressibleByArgument {}
extension Likelihood: ExpressibleByArgument {}
extension Objective: ExpressibleByArgument {}

/// A setting that was given on the command line.
struct Change<Settings> {
  let option: String
  let apply: (inout Settings) -> Void

  /// Nil where the option was not given.
  init?<Value>(_ option: String, _ value: Value?, _ property: WritableKeyPath<Settings, Value>) {
    guard let value else { return nil }
    self.option = option
    apply = { $0[keyPath: property] = value }
  }
}

/// Help of an option that is nil where it was not given: a resumed run has to tell a default from a wish. The
/// default is read from the settings, so the help cannot drift from them.
private func help<Value>(_ text: String, _ standard: Value, _ valueName: String? = nil) -> ArgumentHelp {
  ArgumentHelp("\(text) (default: \(SettingText.of(standard)))", valueName: valueName)
}

private let standardModel = ModelSettings(height: 1, width: 1)
private let standard = TrainingSettings()

/// The same for a number, with its range.
private func help<Value: RangedValue>(_ text: String, _ path: KeyPath<TrainingSettings, Value>)
  -> ArgumentHelp
{
  TrainingSettings.range(of: path).help(text, default: SettingText.of(standard[keyPath: path]))
}

private func help<Value: RangedValue>(_ text: String, _ path: KeyPath<ModelSettings, Value>) -> ArgumentHelp {
  ModelSettings.range(of: path).help(text, default: SettingText.of(standardModel[keyPath: path]))
}

/// Reads the number of a setting.
private func number<Value: RangedValue>(
  _ path: KeyPath<TrainingSettings, Value>
) -> @Sendable (String) throws -> Value { TrainingSettings.range(of: path).parse }

private func number<Value: RangedValue>(
  _ path: KeyPath<ModelSettings, Value>
) -> @Sendable (String) throws -> Value { ModelSettings.range(of: path).parse }

/// What to train on.
struct TrainDataOptions: ParsableArguments {
  @Option(
    name: [.customShort("d"), .long],
    help: ArgumentHelp(
      "A folder of IDX files, or one IDX file of images (plain or gzip).", valueName: "folder|file"))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "An IDX file of labels of --data; checked against the images, not trained on.", valueName: "file"))
  var labels: String?

  @Option(
    help: ArgumentHelp(
      "An IDX file of images to validate on; left out, the folder's test set, or else a part of --data.",
      valueName: "file"))
  var testData: String?

  @Option(
    help: ArgumentHelp("An IDX file of labels of --test-data or of the folder's test set.", valueName: "file")
  )
  var testLabels: String?

  @Option(
    help: help("Part of the images to hold out where there is no test set.", \.validationFraction),
    transform: number(\.validationFraction))
  var validationFraction: Double?

  @Option(
    help: help(
      "Pixels as grey values, drawn afresh as 0 or 1 at every use, or cut at one half.", standard.binarization
    ))
  var binarize: Binarization?

  /// Options that would be passed over in silence are refused.
  func validate() throws {
    guard let data else { return }
    let hasTestSet = testData != nil || (try? ImageFolder(data))?.testImages != nil
    if testLabels != nil && !hasTestSet {
      throw ValidationError("--test-labels goes with --test-data, or with a folder that holds a test set.")
    }
    if validationFraction != nil && hasTestSet {
      throw ValidationError(
        "--validation-fraction goes with data that has no test set; leave it out, or name a file with --data."
      )
    }
  }

  /// Nil where `--data` was not given.
  var paths: DataPaths? {
    data.map {
      DataPaths(
        data: FilePath.absolute($0), labels: labels.map(FilePath.absolute),
        testData: testData.map(FilePath.absolute), testLabels: testLabels.map(FilePath.absolute))
    }
  }

  var changes: [Change<TrainingSettings>] {
    [
      Change("--validation-fraction", validationFraction, \.validationFraction),
      Change("--binarize", binarize, \.binarization),
    ].compactMap { $0 }
  }
}

/// What to train.
struct ModelOptions: ParsableArguments {
  @Option(
    help: ModelSettings.widths.help(
      "Widths of the encoder's hidden layers, or 'none'.", default: SettingText.of(standardModel.hidden),
      "widths"),
    transform: Widths.parse)
  var hidden: Widths?

  @Option(
    help: ModelSettings.widths.help(
      "Widths of the decoder's hidden layers, or 'none'.", default: "the encoder's in reverse", "widths"),
    transform: Widths.parse)
  var decoderHidden: Widths?

  @Option(
    name: [.customShort("z"), .long], help: help("Components of the latent vector.", \.latent),
    transform: number(\.latent))
  var latent: Int?

  @Option(help: help("The function between layers.", standardModel.activation))
  var activation: Activation?

  @Option(help: help("What the decoder's output means.", standardModel.likelihood))
  var likelihood: Likelihood?

  @Option(
    help: help(
      "Standard deviation of a Gaussian likelihood; where it is learned, its beginning.", \.sigma),
    transform: number(\.sigma))
  var sigma: Double?

  var changes: [Change<ModelSettings>] {
    [
      Change("--hidden", hidden?.values, \.hidden),
      Change("--decoder-hidden", decoderHidden?.values, \.decoderHidden),
      Change("--latent", latent, \.latent), Change("--activation", activation, \.activation),
      Change("--likelihood", likelihood, \.likelihood), Change("--sigma", sigma, \.sigma),
    ].compactMap { $0 }
  }

  func settings(height: Int, width: Int) -> ModelSettings {
    var settings = ModelSettings(
      height: height, width: width, hidden: hidden?.values ?? standardModel.hidden)
    for change in changes { change.apply(&settings) }
    return settings
  }

  func validate() throws {
    if sigma != nil && likelihood != .gaussian && likelihood != .gaussianLearned {
      throw ValidationError("--sigma goes with --likelihood gaussian or gaussian-learned.")
    }
    if let fault = settings(height: 1, width: 1).fault {
      throw ValidationError("There is no model with \(fault).")
    }
  }
}

enum Optimizer: String, ExpressibleByArgument, CaseIterable {
  case adam, adamw

  /// Loshchilov & Hutter's order of magnitude, and PyTorch's default.
  static let decay = 0.01
}

/// How the weights move.
struct OptimizationOptions: ParsableArguments {
  @Option(
    name: [.customShort("e"), .long], help: help("Passes over the training images.", \.epochs),
    transform: number(\.epochs))
  var epochs: Int?

  @Option(
    name: [.customShort("b"), .long], help: help("Images a step.", \.batchSize),
    transform: number(\.batchSize))
  var batchSize: Int?

  @Option(
    help: help("The learning rate after its warm-up.", \.learningRate), transform: number(\.learningRate))
  var learningRate: Double?

  @Option(
    help: help(
      "How the learning rate moves: constant, half a cosine down to 0, or the eight stages of Burda et al.",
      standard.learningRateShape))
  var schedule: LearningRateShape?

  @Option(
    help: help("Epochs over which the learning rate rises from 0.", \.warmupEpochs),
    transform: number(\.warmupEpochs))
  var warmupEpochs: Double?

  @Option(help: help("The optimizer; adamw decays weights by themselves.", Optimizer.adam))
  var optimizer: Optimizer?

  @Option(
    help: TrainingSettings.range(of: \.weightDecay).help(
      "Decay of weights, for adamw.", default: "\(Optimizer.decay) with adamw, else 0"),
    transform: number(\.weightDecay))
  var weightDecay: Double?

  @Option(help: help("Adam's decay of the first moment.", \.beta1), transform: number(\.beta1))
  var beta1: Double?

  @Option(help: help("Adam's decay of the second moment.", \.beta2), transform: number(\.beta2))
  var beta2: Double?

  @Option(help: help("Adam's epsilon.", \.epsilon), transform: number(\.epsilon))
  var epsilon: Double?

  @Option(
    help: help("The gradient's largest norm; 0: as large as it likes.", \.clipNorm),
    transform: number(\.clipNorm))
  var clipNorm: Double?

  @Option(
    help: help("Rate of dropout of hidden units; alpha dropout for selu.", \.dropout),
    transform: number(\.dropout))
  var dropout: Double?

  @Option(
    help: help(
      "Decay of a running average of the weights, which then is the model; 0: none.", \.averageDecay),
    transform: number(\.averageDecay))
  var averageDecay: Double?

  @Option(
    help: help("Stop after so many epochs without a better validation loss; 0: never.", \.patience),
    transform: number(\.patience))
  var patience: Int?

  var changes: [Change<TrainingSettings>] {
    let decay = weightDecay ?? optimizer.map { $0 == .adamw ? Optimizer.decay : 0 }
    return [
      Change("--epochs", epochs, \.epochs), Change("--batch-size", batchSize, \.batchSize),
      Change("--learning-rate", learningRate, \.learningRate),
      Change("--schedule", schedule, \.learningRateShape),
      Change("--warmup-epochs", warmupEpochs, \.warmupEpochs),
      Change(weightDecay == nil ? "--optimizer" : "--weight-decay", decay, \.weightDecay),
      Change("--beta1", beta1, \.beta1), Change("--beta2", beta2, \.beta2),
      Change("--epsilon", epsilon, \.epsilon), Change("--clip-norm", clipNorm, \.clipNorm),
      Change("--dropout", dropout, \.dropout), Change("--average-decay", averageDecay, \.averageDecay),
      Change("--patience", patience, \.patience),
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
  @Option(help: help("What to minimize: the ELBO, or an importance-weighted bound.", standard.objective))
  var objective: Objective?

  @Option(
    help: help("Samples of z for an image.", \.importanceSamples), transform: number(\.importanceSamples))
  var importanceSamples: Int?

  @Option(help: help("Weight of the KL divergence.", \.beta), transform: number(\.beta))
  var beta: Double?

  @Option(
    help: help("How that weight moves: constant, up once, or up again and again.", standard.betaShape))
  var betaSchedule: BetaShape?

  @Option(
    help: help("Epochs of one rise (linear) or one cycle (cyclical).", \.betaEpochs),
    transform: number(\.betaEpochs))
  var betaEpochs: Double?

  @Option(
    help: help("KL divergence of a component that costs nothing, in nats.", \.freeBits),
    transform: number(\.freeBits))
  var freeBits: Double?

  var changes: [Change<TrainingSettings>] {
    [
      Change("--objective", objective, \.objective),
      Change("--importance-samples", importanceSamples, \.importanceSamples),
      Change("--beta", beta, \.beta), Change("--beta-schedule", betaSchedule, \.betaShape),
      Change("--beta-epochs", betaEpochs, \.betaEpochs), Change("--free-bits", freeBits, \.freeBits),
    ].compactMap { $0 }
  }

  func validate() throws {
    if betaEpochs != nil && betaSchedule ?? .constant == .constant {
      throw ValidationError("--beta-epochs goes with --beta-schedule linear or cyclical.")
    }
  }
}

/// How a run is computed, and what it leaves.
struct ExecutionOptions: ParsableArguments {
  @Option(
    help: help("What products are computed in; bfloat16 where the processor has it.", standard.precision))
  var precision: Precision?

  @Option(help: help("Seed of everything that is left to chance.", \.seed), transform: number(\.seed))
  var seed: UInt64?

  @Option(help: help("Worker threads; 0: one for each processor.", \.threads), transform: number(\.threads))
  var threads: Int?

  @Option(
    help: help("Epochs between pictures of samples; 0: none before the end.", \.sampleEvery),
    transform: number(\.sampleEvery))
  var sampleEvery: Int?

  var changes: [Change<TrainingSettings>] {
    [
      Change("--precision", precision, \.precision), Change("--seed", seed, \.seed),
      Change("--threads", threads, \.threads), Change("--sample-every", sampleEvery, \.sampleEvery),
    ].compactMap { $0 }
  }
}
