import Foundation
import Selva
import Testing

@testable import SelvaCommands

/// A setting: its key in config.json with a value, and an option with another one.
private struct ConfigCase: CustomTestStringConvertible, Sendable {
  let key: String
  let value: String
  let option: String
  /// The option's value as JSON.
  let wins: String
  /// What either needs beside it in the file.
  let beside: String

  init(_ key: String, _ value: String, _ option: String, _ wins: String, beside: String = "") {
    (self.key, self.value, self.option, self.wins, self.beside) = (key, value, option, wins, beside)
  }

  var testDescription: String { key }
  var arguments: [String] { [option, wins.filter { !"[]\" ".contains($0) }] }

  /// The file.
  var json: String {
    let (section, name) = (key.prefix { $0 != "." }, key.drop { $0 != "." }.dropFirst())
    return "{\"\(section)\": {\(beside)\"\(name)\": \(value)}}"
  }
}

private let training = [
  ConfigCase("training.epochs", "3", "--epochs", "4"),
  ConfigCase("training.batch_size", "7", "--batch-size", "8"),
  ConfigCase("training.learning_rate", "0.002", "--lr", "0.25"),
  ConfigCase("training.learning_rate_shape", "\"burda\"", "--schedule", "\"constant\""),
  ConfigCase("training.warmup_epochs", "0.5", "--warmup-epochs", "0.25"),
  ConfigCase("training.beta1", "0.75", "--beta1", "0.5"),
  ConfigCase("training.beta2", "0.75", "--beta2", "0.5"),
  ConfigCase("training.epsilon", "0.125", "--epsilon", "0.25"),
  ConfigCase("training.weight_decay", "0.5", "--weight-decay", "0.25"),
  ConfigCase("training.clip_norm", "11", "--clip-norm", "12"),
  ConfigCase("training.beta", "2.5", "--beta", "3"),
  ConfigCase("training.beta_shape", "\"linear\"", "--beta-schedule", "\"cyclical\""),
  ConfigCase("training.beta_epochs", "3", "--beta-epochs", "4", beside: "\"beta_shape\": \"linear\", "),
  ConfigCase("training.free_bits", "0.25", "--free-bits", "0.5"),
  ConfigCase("training.objective", "\"iwae\"", "--objective", "\"dreg\""),
  ConfigCase("training.importance_samples", "2", "--importance-samples", "3"),
  ConfigCase("training.binarization", "\"threshold\"", "--binarize", "\"stochastic\""),
  ConfigCase("training.dropout", "0.25", "--dropout", "0.5"),
  ConfigCase("training.average_decay", "0.25", "--average-decay", "0.5"),
  ConfigCase("training.precision", "\"float32\"", "--precision", "\"bfloat16\""),
  ConfigCase("training.seed", "18446744073709551615", "--seed", "5"),
  ConfigCase("training.threads", "2", "--threads", "1"),
  ConfigCase("training.validation_fraction", "0.25", "--validation-fraction", "0.5"),
  ConfigCase("training.patience", "2", "--patience", "3"),
  ConfigCase("training.sample_every", "2", "--sample-every", "3"),
]
private let model = [
  ConfigCase("model.hidden", "[9,8]", "--hidden", "[7]"),
  ConfigCase("model.decoder_hidden", "[9,8]", "--decoder-hidden", "[7]"),
  ConfigCase("model.latent", "3", "--latent", "4"),
  ConfigCase("model.activation", "\"silu\"", "--activation", "\"relu\""),
  ConfigCase("model.likelihood", "\"gaussian\"", "--likelihood", "\"gaussian-learned\""),
  ConfigCase("model.sigma", "0.5", "--sigma", "0.25", beside: "\"likelihood\": \"gaussian\", "),
  ConfigCase("model.prior", "\"mixture:3\"", "--prior", "\"flow:2\""),
  ConfigCase("model.prior_hidden", "[9,8]", "--prior-hidden", "[7]", beside: "\"prior\": \"flow:2\", "),
  ConfigCase(
    "model.prior_activation", "\"tanh\"", "--prior-activation", "\"relu\"", beside: "\"prior\": \"flow:2\", "),
]

@Suite struct ConfigTests {
  private func value(_ encoded: String, _ key: String) throws -> String {
    let name = String(key.drop { $0 != "." }.dropFirst())
    let found = try #require(try jsonObject(Array(encoded.utf8))[name])
    return String(
      decoding: try JSONSerialization.data(withJSONObject: found, options: [.fragmentsAllowed]), as: UTF8.self
    )
  }

  private func defaults(_ json: String) throws -> TrainDefaults {
    let path = try Program.temporaryFolder() + "/settings.json"
    try Data(json.utf8).write(to: URL(fileURLWithPath: path))
    return try TrainDefaults(contentsOf: path)
  }

  @Test(arguments: training) private func aSettingHoldsUnlessAnOptionSaysOtherwise(_ test: ConfigCase) throws
  {
    let defaults = try defaults(test.json)
    let (plain, with) = (
      try TrainCommand.parse(["none.idx", "--config", "a"]),
      try TrainCommand.parse(["none.idx", "--config", "a"] + test.arguments)
    )
    try with.check(defaults)
    #expect(try value(SettingsJSON.encode(plain.settings(defaults)), test.key) == test.value)
    #expect(try value(SettingsJSON.encode(with.settings(defaults)), test.key) == test.wins)
    #expect(try value(SettingsJSON.encode(TrainingSettings()), test.key) != test.value)
  }

  @Test(arguments: model) private func soDoesOneOfTheModel(_ test: ConfigCase) throws {
    let defaults = try defaults(test.json)
    let (plain, with) = (
      try TrainCommand.parse(["none.idx", "--config", "a"]),
      try TrainCommand.parse(["none.idx", "--config", "a"] + test.arguments)
    )
    try with.check(defaults)
    func encoded(_ command: TrainCommand) -> String {
      SettingsJSON.encode(command.model.settings(for: .init(height: 8, width: 6), defaults.model))
    }
    #expect(try value(encoded(plain), test.key) == test.value)
    #expect(try value(encoded(with), test.key) == test.wins)
  }

  /// A setting that config.json gains asks for a line above.
  @Test func noSettingIsLeftOut() throws {
    let settings = try jsonObject(Array(SettingsJSON.encode(TrainingSettings()).utf8))
    #expect(Set(settings.keys) == Set(training.map { String($0.key.dropFirst("training.".count)) }))
    let own = ConfigKey.all.filter { $0.option != nil && $0.name.hasPrefix("model.") }.map(\.name)
    #expect(
      Set(own).subtracting(model.map(\.key)).allSatisfy { $0.contains("network") || $0 == "model.labels" })
  }

  @Test(arguments: [
    ("{}", "[8]", "[8]"), (#"{"model": {"hidden": [9, 8]}}"#, "[8]", "[8]"),
    (#"{"model": {"hidden": [9, 8], "decoder_hidden": [8, 9]}}"#, "[8]", "[8]"),
    (#"{"model": {"hidden": [9, 8], "decoder_hidden": [5]}}"#, "[8]", "[5]"),
  ]) func aMirroredDecoderFollowsTheEncoder(json: String, hidden: String, decoder: String) throws {
    let options = try TrainCommand.parse(["none.idx", "--config", "a", "--hidden", "8"]).model
    let settings = options.settings(for: .init(height: 8, width: 6), try defaults(json).model)
    #expect("\(settings.hidden)" == hidden && "\(settings.decoderHidden)" == decoder)
  }

  @Test(arguments: [
    (#"{"network": "convolution"}"#, "--kernel 3", "convolution 32, kernel 3"),
    (#"{"network": {"convolution": {"channels": [5, 6]}}}"#, "", "convolution 5,6, kernel 4"),
    (
      #"{"network": {"convolution": {"channels": [5], "kernel": 3, "residual_blocks": 2}}}"#,
      "--channels 7,8",
      "convolution 7,8, kernel 3, 2 residual blocks a stage"
    ),
    (
      #"{"network": {"convolution": {"channels": [5], "kernel": 3, "residual_blocks": 2}}}"#,
      "--kernel 5 --residual 1", "convolution 5, kernel 5, 1 residual block a stage"
    ),
    (#"{"network": {"convolution": {"kernel": 3}}}"#, "--network dense", "dense"),
    (#"{"network": {"recurrent": {"layers": [4, 5]}}}"#, "", "recurrent 4,5"),
    (#"{"network": {"recurrent": {}}}"#, "", "recurrent 128"),
    (#"{"network": {"recurrent": {"layers": [4, 5]}}}"#, "--recurrent 6", "recurrent 6"),
    (#"{"network": {"recurrent": {"layers": [4, 5]}}}"#, "--network recurrent", "recurrent 4,5"),
    (#"{"network": {}}"#, "", "dense"),
    (#"{"network": {}}"#, "--network auto", "convolution 8,16,32,64,128,128, kernel 4"),
    (#"{"format": 2}"#, "", "dense"), (#"{"network": {"recurrent": {}}, "format": 3}"#, "", "recurrent 128"),
    (#"{"latent": 2}"#, "", "convolution 8,16,32,64,128,128, kernel 4"),
  ]) func networksAreTakenInParts(model: String, options: String, expected: String) throws {
    let line = ["none.idx", "--config", "a"] + options.split(separator: " ").map(String.init)
    let side = expected == "convolution 32, kernel 3" ? 16 : 260
    let settings = try TrainCommand.parse(line).model.settings(
      for: .init(height: side, width: side), defaults(#"{"model": \#(model)}"#).model)
    #expect("\(settings.network)" == expected)
  }

  /// Formats that know no activation of couplings had the networks'.
  @Test(arguments: [
    (#"{"prior": "flow:2", "activation": "tanh", "format": 2}"#, Activation.tanh),
    (#"{"prior": "flow:2", "activation": "tanh", "prior_activation": "gelu", "format": 4}"#, .gelu),
    (#"{"prior": "flow:2", "activation": "tanh"}"#, .silu),
    (#"{"prior": "mixture:2", "activation": "tanh", "format": 2}"#, .silu),
  ]) func couplingsOfOlderRunsKeepTheirActivation(model: String, expected: Activation) throws {
    let settings = try TrainCommand.parse(["none.idx", "--config", "a"]).model.settings(
      for: .init(height: 8, width: 6), defaults(#"{"model": \#(model)}"#).model)
    #expect(settings.priorActivation == expected)
  }

  @Test func adamwKeepsADecayThatThereIs() throws {
    let line = ["none.idx", "--config", "a", "--optimizer"]
    let (some, none) = (
      try defaults(#"{"training": {"weight_decay": 0.5}}"#),
      try defaults(#"{"training": {"weight_decay": 0}}"#)
    )
    #expect(try TrainCommand.parse(line + ["adamw"]).settings(some).weightDecay == 0.5)
    #expect(try TrainCommand.parse(line + ["adam"]).settings(some).weightDecay == 0)
    #expect(try TrainCommand.parse(line + ["adamw"]).settings(none).weightDecay == Optimizer.decay)
  }

  @Test(arguments: [
    (
      #"{"training": {"lerning_rate": 1}}"#,
      "'training.lerning_rate' is no setting; did you mean 'training.learning_rate'?"
    ),
    (
      #"{"training": {"binarize": 1}}"#,
      "'training.binarize' is no setting; did you mean 'training.binarization'?"
    ),
    (#"{"training": {"schedule": 1}}"#, "did you mean 'training.learning_rate_shape'?"),
    (#"{"epochs": 1}"#, "'epochs' is no setting; did you mean 'training.epochs'?"),
    (#"{"model": {"epochs": 1}}"#, "'model.epochs' is no setting; did you mean 'training.epochs'?"),
    (#"{"modle": {}}"#, "did you mean 'model'?"),
    (#"{"colours": 1}"#, "'colours' is no setting; keys are those of a run's config.json"),
    (
      #"{"model": {"network": {"convolution": {"kernels": 3}}}}"#,
      "did you mean 'model.network.convolution.kernel'?"
    ),
    (#"{"training": {"epochs": 1, "epochs": 2}}"#, "'training.epochs' is there twice; leave one out"),
    (#"{"training": {"epochs": 0}}"#, "'training.epochs' is 0, and must be a whole number (1 to 1000000)"),
    (
      #"{"training": {"epochs": "3"}}"#,
      "'training.epochs' is \"3\", and must be a whole number (1 to 1000000)"
    ),
    (#"{"training": {"epochs": 1.5}}"#, "'training.epochs' is 1.5, and must be a whole number"),
    (#"{"training": {"dropout": true}}"#, "'training.dropout' is true, and must be a number (0 to 0.99)"),
    (#"{"training": {"objective": "elbow"}}"#, "must be one of \"elbo\", \"iwae\", \"dreg\""),
    (#"{"recorder": "tensorbord"}"#, "'recorder' is \"tensorbord\", and must be tensorboard, or be left out"),
    (#"{"training": {"objective": 3}}"#, "must be one of \"elbo\", \"iwae\", \"dreg\""),
    (#"{"training": {"frozen": ["nothing"]}}"#, "must name parts of"),
    (#"{"training": 3}"#, "'training' is 3, and must be an object"),
    ("[]", "it is [], and must be an object"),
    (#"{"model": {"hidden": 3}}"#, "'model.hidden' is 3, and must be a list of whole numbers"),
    (#"{"model": {"hidden": [3, 0]}}"#, "'model.hidden' is [3, 0], and must be none, or at most 100"),
    (#"{"model": {"prior": "vamp:0"}}"#, "must be normal, mixture[:K]"),
    (#"{"model": {"network": "dens"}}"#, "must be one of \"auto\", \"dense\""),
    (#"{"data": {"data": ""}}"#, "'data.data' is \"\", and must be text in quotes"),
    (#"{"data": {"data": ["a"]}}"#, "must be text in quotes"),
    ("{\n\"training\": {\n\"epochs\": 1,\n}}", "line 4: "), (" ", "line 1: "), ("{} {}", "line 1: "),
  ]) func saysWhatIsWrong(json: String, text: String) throws {
    let error = #expect(throws: (any Error).self) { try defaults(json) }
    #expect("\(error.map { "\($0)" } ?? "")".contains("settings.json: "))
    #expect("\(error.map { "\($0)" } ?? "")".contains(text), "\(error.map { "\($0)" } ?? "")")
  }

  @Test func whatIsNullIsNotThere() throws {
    let defaults = try defaults(#"{"training": {"epochs": null, "frozen": null}, "model": null}"#)
    #expect(defaults.training.isEmpty && defaults.keys.isEmpty)
  }

  /// Paths come from the file, and may hold anything.
  @Test func summaryIsOneLineWithoutControlCharacters() throws {
    let training = ["epochs", "batch_size", "seed", "threads", "patience", "beta_epochs", "sample_every"]
    let settings = training.map { "\"\($0)\": 1" }.joined(separator: ", ")
    let long = String(repeating: "a", count: 5000)
    let summary = try defaults(
      #"{"training": {\#(settings)}, "data": {"data": "b\u001b[2J\nc"}, "start_from": "d\u0085\#(long)"}"#
    ).summary(given: [])
    let paths = "its data (b\u{FFFD}[2J\u{FFFD}c), its start (d\u{FFFD}\(long.prefix(198))…)"
    #expect(summary.hasSuffix("7 settings of training, its seed, \(paths)"))
  }
}
