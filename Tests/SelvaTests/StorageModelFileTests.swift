import Files
import Foundation
import Testing

@testable import Networks
@testable import Selva

@Suite struct StorageModelFileTests {
  /// What is refused of a file in which one thing was changed.
  private func refusal(
    of kind: StorageChecksumTests.Kind = .model, _ change: (_ path: String) throws -> Void
  ) throws -> String {
    try withScratchFolder { folder in
      let path = "\(folder)/file.safetensors"
      try kind.write(to: path)
      try change(path)
      let text = try message { _ = try kind.content(of: path) }
      #expect(text.hasPrefix("\(path): "))
      return text
    }
  }

  /// A setting of the model, its value, and what the message says.
  static let settings: [(member: String, json: String, says: String)] = [
    ("height", "9223372036854775807", "describes images of 9223372036854775807 x 1 pixels"),
    ("width", "9223372036854775807", "describes images of 2 x 9223372036854775807 pixels"),
    ("height", "9223372036854775808", "the model's settings cannot be read"),
    ("height", "0", "describes images of 0 x 1"),
    ("width", "-1", "describes images of 2 x -1"),
    ("height", "16777216", "tensor 'encoder.layers.0.weight' has shape [2, 2], expected [2, 16777216]"),
    (
      "hidden", "[1048576,1048576]",
      "tensor 'encoder.layers.0.weight' has shape [2, 2], expected [1048576, 2]"
    ),
    ("hidden", "[2,1048576]", "has no tensor 'encoder.layers.1.weight'"),
    ("hidden", "[9223372036854775807]", "describes a hidden layer of 9223372036854775807 units"),
    ("hidden", "[0]", "describes a hidden layer of 0 units"),
    ("decoder_hidden", "[4]", "has no tensor 'decoder.layers.0.weight'"),
    ("latent", "65536", "tensor 'encoder.mean.weight' has shape [1, 2], expected [65536, 2]"),
    ("latent", "9223372036854775807", "describes 9223372036854775807 latent components"),
    ("sigma", "1e999", "the model's settings cannot be read"),
    ("sigma", "\"NaN\"", "describes a sigma of nan"),
    ("sigma", "-0", "describes a sigma of -0"),
    ("activation", "\"cube\"", "'activation' has a value Selva does not know"),
    ("format", "\(ModelSettings.formatVersion + 1)", "'format' has a value Selva does not know"),
    ("format", "\(ModelSettings.formatVersion)", "'prior' is missing"),
    ("height", "1.5", "the model's settings cannot be read"),
  ]

  @Test(arguments: settings.indices) func refusesSettingsBeforeItMakesRoomForThem(index: Int) throws {
    let (member, json, says) = Self.settings[index]
    let text = try refusal { try ModelFixture.change($0, "selva", member, to: json) }
    #expect(text.contains(says), "\(text)")
  }

  @Test func refusesSettingsWithoutEnd() throws {
    let layers = try refusal {
      try ModelFixture.change($0, "selva", "hidden", to: "[\(String(repeating: "1,", count: 100_000))1]")
    }
    #expect(layers.contains("describes 100001 hidden layers"), "\(layers)")
    let long = try refusal {
      try ModelFixture.change($0, "selva", "more", to: "\"\(String(repeating: "x", count: 1 << 20))\"")
    }
    #expect(long.contains("bytes long, 1048576 at most"), "\(long)")
    let deep = try refusal {
      try ModelFixture.change($0, "selva", "more", to: String(repeating: "[", count: 1 << 19))
    }
    #expect(deep.contains("the model's settings cannot be read"), "\(deep)")
  }

  @Test(arguments: StorageChecksumTests.Kind.allCases)
  func refusesTrainingSettingsThatNoRunHas(_ kind: StorageChecksumTests.Kind) throws {
    for (member, json, says) in [
      ("importance_samples", "0", "--importance-samples must be"),
      ("batch_size", "0", "--batch-size must be"),
      ("epochs", "-1", "--epochs must be"), ("learning_rate", "\"NaN\"", "--learning-rate must be"),
      ("threads", "1025", "--threads must be"), ("batch_size", "1e99", "cannot be read"),
    ] {
      let text = try refusal(of: kind) { try ModelFixture.change($0, "selva.training", member, to: json) }
      #expect(text.contains(says), "\(text)")
      #expect(text.contains("training settings"), "\(text)")
    }
  }

  @Test func refusesNumbersThatAreNotFinite() throws {
    for (name, index, value, place) in [
      ("encoder.layers.0.weight", 3, Float.nan, "nan at [1, 1]"),
      ("decoder.output.bias", 1, .infinity, "inf at [1]"),
      ("decoder.log_variance", 0, -.infinity, "-inf at [0]"), ("input.mean", 1, .nan, "nan at [1]"),
      ("input.standard_deviation", 0, .infinity, "inf at [0]"),
    ] {
      let text = try refusal { try ModelFixture.change($0, name, at: index, to: value) }
      #expect(text.contains("tensor '\(name)' holds \(place)"), "\(text)")
    }
    for (name, index, value, says) in [
      ("encoder.mean.weight", 0, Float.nan, "holds nan at [0, 0]"),
      ("adam.first.encoder.layers.0.weight", 2, .infinity, "holds inf at [1, 0]"),
      ("adam.second.decoder.output.bias", 0, .nan, "holds nan at [0]"),
      ("adam.second.encoder.layers.0.bias", 1, -1e-30, "holds -1e-30"),
      ("average.encoder.mean.bias", 0, .nan, "holds nan at [0]"),
    ] {
      let text = try refusal(of: .checkpoint) { try ModelFixture.change($0, name, at: index, to: value) }
      #expect(text.contains("tensor '\(name)' \(says)"), "\(text)")
    }
  }

  @Test func refusesADeviationThatDividesByNothing() throws {
    for value in [0, -0.5] as [Float] {
      let text = try refusal { try ModelFixture.change($0, "input.standard_deviation", at: 1, to: value) }
      #expect(text.contains("input.standard_deviation[1] is \(value); it must be above 0"))
    }
  }

  @Test(arguments: [
    "encoder.log_variance.bias", "adam.first.decoder.output.weight", "average.encoder.mean.bias",
  ])
  func namesATensorThatIsMissing(_ name: String) throws {
    let kind: StorageChecksumTests.Kind = name.hasPrefix("encoder") ? .model : .checkpoint
    let text = try refusal(of: kind) { path in
      try ModelFixture.change(path) { $0.tensors.removeAll { $0.name == name } }
    }
    #expect(text.contains("has no tensor '\(name)'"))
  }

  /// A member of the training state, its value, and what the message says.
  static let states: [(member: String, json: String, says: String)] = [
    ("epoch", "-1", "-1 epochs done"), ("epoch", "9223372036854775807", "9223372036854775807 epochs done"),
    ("position", "-128", "-128 of 400 images"), ("position", "401", "401 of 400 images"),
    ("position", "127", "sums of 128 images where 127 were seen"), ("step_count", "-1", "-1 steps"),
    ("step_count", "9223372036854775807", "9223372036854775807 steps"), ("step_count", "0", "no step taken"),
    ("seconds", "-1", "-1.0 seconds"), ("seconds", "\"NaN\"", "nan seconds"),
    ("best_loss", "\"NaN\"", "best loss of nan"),
    ("kl", "\"Infinity\"", "losses that are not finite"),
    ("objective", "\"NaN\"", "losses that are not finite"),
    ("epochs_without_improvement", "3", "3 of 2 epochs without"),
    ("epochs_without_improvement", "-1", "-1 of 2 epochs without"),
    ("training_images", "2147483648", "2147483648 images learned from"),
    ("validation_images", "-1", "-1 held out"), ("epoch", "1e999", "the training state cannot be read"),
  ]

  @Test(arguments: states.indices) func refusesAStateThatNoRunComesTo(index: Int) throws {
    let (member, json, says) = Self.states[index]
    let text = try refusal(of: .checkpoint) { try ModelFixture.change($0, "selva.state", member, to: json) }
    #expect(text.contains(says) && text.contains("training state"), "\(text)")
  }

  @Test func keepsWhatItReads() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/checkpoint.safetensors"
      try ModelFixture.writeCheckpoint(to: path)
      let content = try Checkpoint.read(path)
      #expect(content.state == ModelFixture.state && content.training == ModelFixture.training)
      let (written, back) = (ModelFixture.store(), ModelFixture.store())
      for storage in [back.weights, back.firstMoment, back.secondMoment] {
        ParameterStore.floats(storage).update(repeating: 0)
      }
      try content.restore(back)
      for view in back.layout.views {
        for (a, b) in [
          (written.weights, back.weights), (written.firstMoment, back.firstMoment),
          (written.secondMoment, back.secondMoment),
        ] {
          #expect(
            ParameterStore.floats(a)[view.range].elementsEqual(ParameterStore.floats(b)[view.range]),
            "\(view.name)")
        }
      }
      #expect(content.model.inputMean == [0.5, 0.25])
    }
  }
}
