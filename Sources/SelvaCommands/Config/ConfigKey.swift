import ArgumentParser
import IDX
import Selva

/// A key of config.json: the option that it stands for, and how its value is taken.
struct ConfigKey: Sendable {
  /// As `training.epochs`.
  let name: String
  /// Nil where the images say it, or where it tells people how the file came to be.
  let option: String?
  let take: @Sendable (JSONValue, inout TrainDefaults) throws -> Void

  /// A value that the key does not take.
  struct Refusal: Error {
    /// "must be a whole number (1 to 1000000)".
    let rule: String
  }

  static let sections: Set<String> = [
    "data", "model", "training", "model.network", "model.network.convolution", "model.network.recurrent",
  ]

  static let all: [ConfigKey] =
    data + model + network + training + [
      ConfigKey(name: "start_from", option: "--start-from") { $1.startFrom = try ConfigValue.text($0) },
      ConfigKey(name: "recorder", option: "--tensorboard") {
        let name = try ConfigValue.text($0)
        if let rule = RecordOptions.refusal(of: name) { throw Refusal(rule: rule) }
        $1.recorder = name
      },
      ConfigKey(name: "command", option: nil) { value, _ in _ = try ConfigValue.text(value) },
      ConfigKey(name: "resumed", option: nil) { value, _ in _ = try ConfigValue.texts(value) },
    ]

  /// A network is named by a word, as by the option, or by the object of its settings.
  static func isText(_ value: JSONValue) -> Bool {
    if case .string = value { true } else { false }
  }

  /// A network that is an object is dense unless it says otherwise.
  static func open(section: String, in defaults: inout TrainDefaults) {
    switch section {
    case "model.network": defaults.model.network = .dense
    case "model.network.convolution": defaults.model.network = .convolution
    case "model.network.recurrent": defaults.model.network = .recurrent
    default: break
    }
  }

  /// What to say of a key that is not known: which may have been meant.
  static func advice(for name: String) -> String {
    let parts = name.split(separator: ".").map(String.init)
    let last = parts.last ?? name
    let place = parts.dropLast().joined(separator: ".")
    let names = all.map(\.name) + sections
    let siblings = names.filter { $0.split(separator: ".").dropLast().joined(separator: ".") == place }
    let nearest =
      Suggestion.nearest(to: name, in: siblings) ?? named(last)
      ?? Suggestion.nearest(to: last, in: names.map(leaf))
      .flatMap { found in names.first { leaf($0) == found } }
    return nearest.map { "is no setting; did you mean '\($0)'?" }
      ?? "is no setting; keys are those of a run's config.json"
  }

  /// By the end of its name, or by the name of its option.
  private static func named(_ word: String) -> String? {
    let option = "--" + word.map { $0 == "_" ? "-" : "\($0)" }.joined()
    return all.first { leaf($0.name) == word || $0.option == option }?.name
  }

  private static func leaf(_ name: String) -> String {
    name.split(separator: ".").last.map(String.init) ?? name
  }
}

// MARK: Keys

extension ConfigKey {
  private static let data: [ConfigKey] = [
    ConfigKey(name: "data.data", option: "--data") { $1.data = try ConfigValue.text($0) },
    ConfigKey(name: "data.labels", option: "--labels") { $1.labels = try ConfigValue.text($0) },
    ConfigKey(name: "data.test_data", option: "--test-data") { $1.testData = try ConfigValue.text($0) },
    ConfigKey(name: "data.test_labels", option: "--test-labels") { $1.testLabels = try ConfigValue.text($0) },
    ConfigKey(name: "data.layout", option: "--layout") { $1.layout = try ConfigValue.choice($0) },
  ]

  private static let model: [ConfigKey] =
    [
      ConfigKey(name: "model.hidden", option: "--hidden") {
        $1.model.hidden = try ConfigValue.numbers($0, Widths.parse)
      },
      ConfigKey(name: "model.decoder_hidden", option: "--decoder-hidden") {
        $1.model.decoderHidden = try ConfigValue.numbers($0, Widths.parse)
      },
      number("latent", "--latent", \.latent), number("sigma", "--sigma", \.sigma),
      model("activation", "--activation", \.activation) { try ConfigValue.choice($0) },
      model("likelihood", "--likelihood", \.likelihood) { try ConfigValue.choice($0) },
      model("prior", "--prior", \.prior) { try ConfigValue.parsed(ConfigValue.text($0), PriorOption.parse) },
      model("prior_hidden", "--prior-hidden", \.priorHidden) { try ConfigValue.numbers($0, Widths.parse) },
      model("prior_activation", "--prior-activation", \.priorActivation) { try ConfigValue.choice($0) },
      ConfigKey(name: "model.labels", option: "--condition") {
        let labels = try ConfigValue.numbers($0) {
          $0 == "none" ? Widths([]) : Widths(try NumberList.parse($0).values)
        }
        $1.model.condition = labels.isEmpty ? Condition.none : .labels
      },
    ]
    // Of the images, not of the wish.
    + ["height", "width", "channels"].map { name in
      ConfigKey(name: "model.\(name)", option: nil) { value, _ in
        _ = try ConfigValue.number(value, Numbers.index)
      }
    }
    + [
      ConfigKey(name: "model.format", option: nil) {
        let format = try ConfigValue.number($0, Numbers.index)
        // Formats that know no networks have dense ones, whatever would be taken for such images today.
        if $1.model.network == nil { $1.model.network = .dense }
        if format < 4 {
          $1.model.changes += [
            Change("--prior-activation") { if case .flow = $0.prior { $0.priorActivation = $0.activation } }
          ]
        }
      }
    ]

  private static let network: [ConfigKey] = [
    ConfigKey(name: "model.network", option: "--network") { $1.model.network = try ConfigValue.choice($0) },
    ConfigKey(name: "model.network.convolution.channels", option: "--channels") {
      $1.model.channels = try ConfigValue.numbers($0, Widths.parseChannels)
    },
    ConfigKey(name: "model.network.convolution.kernel", option: "--kernel") {
      $1.model.kernel = try ConfigValue.number($0, Convolution.kernels)
    },
    ConfigKey(name: "model.network.convolution.residual_blocks", option: "--residual") {
      $1.model.residual = try ConfigValue.number($0, Convolution.residualBlockCounts)
    },
    ConfigKey(name: "model.network.recurrent.layers", option: "--recurrent") {
      $1.model.recurrent = try ConfigValue.numbers($0, Widths.parseRecurrent)
    },
  ]

  private static let training: [ConfigKey] = [
    number("epochs", "--epochs", \.epochs), number("batch_size", "--batch-size", \.batchSize),
    number("learning_rate", "--learning-rate", \.learningRate),
    training("learning_rate_shape", "--schedule", \.learningRateShape) { try ConfigValue.choice($0) },
    number("warmup_epochs", "--warmup-epochs", \.warmupEpochs), number("beta1", "--beta1", \.beta1),
    number("beta2", "--beta2", \.beta2), number("epsilon", "--epsilon", \.epsilon),
    number("weight_decay", "--weight-decay", \.weightDecay), number("clip_norm", "--clip-norm", \.clipNorm),
    number("beta", "--beta", \.beta),
    training("beta_shape", "--beta-schedule", \.betaShape) { try ConfigValue.choice($0) },
    number("beta_epochs", "--beta-epochs", \.betaEpochs), number("free_bits", "--free-bits", \.freeBits),
    training("objective", "--objective", \.objective) { try ConfigValue.choice($0) },
    number("importance_samples", "--importance-samples", \.importanceSamples),
    training("binarization", "--binarize", \.binarization) { try ConfigValue.choice($0) },
    number("dropout", "--dropout", \.dropout), number("average_decay", "--average-decay", \.averageDecay),
    training("precision", "--precision", \.precision) { try ConfigValue.choice($0) },
    number("seed", "--seed", \.seed), number("threads", "--threads", \.threads),
    number("validation_fraction", "--validation-fraction", \.validationFraction),
    number("patience", "--patience", \.patience), number("sample_every", "--sample-every", \.sampleEvery),
    training("frozen", "--freeze", \.frozen) {
      try ConfigValue.parsed(ConfigValue.texts($0).joined(separator: ","), FrozenParts.parse)
    },
  ]

  private static func training<Value>(
    _ name: String, _ option: String, _ path: WritableKeyPath<TrainingSettings, Value> & Sendable,
    _ read: @escaping @Sendable (JSONValue) throws -> Value
  ) -> ConfigKey {
    ConfigKey(name: "training.\(name)", option: option) { value, defaults in
      if let change = Change(option, try read(value), path) { defaults.training.append(change) }
    }
  }

  private static func number<Value: RangedValue>(
    _ name: String, _ option: String, _ path: WritableKeyPath<TrainingSettings, Value> & Sendable
  ) -> ConfigKey {
    training(name, option, path) { try ConfigValue.number($0, TrainingSettings.range(of: path)) }
  }

  private static func model<Value>(
    _ name: String, _ option: String, _ path: WritableKeyPath<ModelSettings, Value> & Sendable,
    _ read: @escaping @Sendable (JSONValue) throws -> Value
  ) -> ConfigKey {
    ConfigKey(name: "model.\(name)", option: option) { value, defaults in
      if let change = Change(option, try read(value), path) { defaults.model.changes.append(change) }
    }
  }

  private static func number<Value: RangedValue>(
    _ name: String, _ option: String, _ path: WritableKeyPath<ModelSettings, Value> & Sendable
  ) -> ConfigKey {
    model(name, option, path) { try ConfigValue.number($0, ModelSettings.range(of: path)) }
  }
}
