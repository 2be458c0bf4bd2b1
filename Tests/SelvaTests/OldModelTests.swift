import Files
import Foundation
import Testing

@testable import Selva

/// Files that Selva 1.0 wrote (Fixtures/version-1, by
/// `selva train --data images.idx --hidden 5,4 --latent 2 --epochs 2 -b 8 --likelihood … --average-decay 0.9 --seed 3`),
/// with what it made of them: they stay readable.
@Suite struct OldModelTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// The first four pixels of z = (0.5, −1), and the mean of the first image's posterior.
    let pixels: [Float]
    let mean: [Float]
  }

  static let cases = [
    Case(
      testDescription: "bernoulli", pixels: [0.383756, 0.376907, 0.425463, 0.596344],
      mean: [0.22962302, -0.08563318]),
    Case(
      testDescription: "continuous-bernoulli", pixels: [0.383673, 0.376551, 0.425159, 0.596545],
      mean: [0.22972159, -0.08530844]),
    Case(
      testDescription: "gaussian", pixels: [0.379804, 0.413154, 0.371973, 0.568577],
      mean: [0.23411603, -0.099567644]),
    Case(
      testDescription: "gaussian-learned", pixels: [0.379805, 0.413154, 0.371972, 0.568575],
      mean: [0.23411623, -0.099567555]),
  ]

  private func path(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/version-1/\(name)").path
  }

  @Test(arguments: cases) func modelsOpenAndMeanTheSame(_ test: Case) throws {
    let model = try VAE(contentsOf: path("\(test.testDescription).safetensors"))
    #expect(model.settings.prior == .normal && model.settings.labels.isEmpty)
    for (found, expected) in zip(model.decode([0.5, -1]), test.pixels) {
      #expect(abs(found - expected) < 2e-6)
    }
    let pixels = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path("images.idx"))))[16..<28]
    let (mean, _) = model.encode(pixels.map { Float($0) / 255 })
    for (found, expected) in zip(mean, test.mean) { #expect(abs(found - expected) < 1e-6) }
  }

  /// What version 1 can say is written as it was, so that older programs read it. Only which Selva wrote it is new, and
  /// with it the checksum.
  @Test(arguments: cases) func writingThemAgainGivesTheSame(_ test: Case) throws {
    let old = path("\(test.testDescription).safetensors")
    let new = "\(try temporaryFolder())/model.safetensors"
    try VAE(contentsOf: old).write(to: new, training: VAE.trainingSettings(contentsOf: old))
    var files = try [old, new].map { try Safetensors(contentsOf: $0) }
    #expect(files[1].metadata["selva.version"] == Version.current)
    files[1].metadata["selva.version"] = nil
    for index in files.indices { files[index].metadata[SafetensorsChecksum.key] = nil }
    #expect(files[0].metadata == files[1].metadata)
    #expect(files[0].tensors.map(\.name) == files[1].tensors.map(\.name))
    #expect(files[0].tensors.map(\.shape) == files[1].tensors.map(\.shape))
    for (a, b) in zip(files[0].tensors, files[1].tensors) {
      let isSame = a.values == b.values
      #expect(isSame, "\(a.name)")
    }
  }

  @Test func checkpointsOpen() throws {
    let checkpoint = try Checkpoint.read(path("checkpoint.safetensors"))
    #expect(checkpoint.state.epoch == 2 && checkpoint.training.averageDecay == 0.9)
  }

  /// The number that makes older programs refuse it.
  @Test(
    arguments: [
      ("flow", Prior.flow(couplings: 2), []), ("labels", Prior.normal, [3, 5]),
    ] as [(String, Prior, [Int])])
  func whatIsNewHasANewFormat(_ name: String, prior: Prior, labels: [Int]) throws {
    var settings = ModelSettings(height: 2, width: 3, latent: 2)
    #expect(SettingsJSON.encode(settings).contains(#""format":1"#))
    (settings.prior, settings.labels, settings.priorHidden) = (prior, labels, [7])
    settings.priorActivation = .selu
    let text = SettingsJSON.encode(settings)
    #expect(text.contains(#""format":2"#))
    settings.priorActivation = prior == .normal ? .silu : .selu
    #expect(try SettingsJSON.decode(ModelSettings.self, from: text, path: "x", part: "x") == settings)
  }

  /// What an older program would take for the networks' activation, it must not open.
  @Test func couplingsWithTheirOwnActivationHaveANewerFormat() throws {
    var settings = ModelSettings(height: 2, width: 3, latent: 2, prior: .flow(couplings: 2))
    for activation in [Activation.silu, .tanh] {
      settings.priorActivation = activation
      let text = SettingsJSON.encode(settings)
      #expect(
        text.contains(#""format":4"#) && text.contains(#""prior_activation":"\#(activation.rawValue)""#))
      #expect(try SettingsJSON.decode(ModelSettings.self, from: text, path: "x", part: "x") == settings)
    }
  }
}
