import Foundation
import Testing

@testable import Selva

/// `selva train` with priors beside N(0, I), as a person runs it.
@Suite struct PriorCommandTests {
  private static let train =
    ["train", "--data", "data", "--schedule", "constant", "--sample-every", "0"] + TrainCommandTests.small

  static let priors = [
    ["--prior", "mixture:5"], ["--prior", "vamp:5"], ["--prior", "flow:2", "--prior-hidden", "7,6"],
    ["--prior", "flow:2", "--prior-hidden", "7,6", "--prior-activation", "tanh"],
  ]

  private func prepared() throws -> String {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 60, test: 20)
    return folder
  }

  private func run(_ arguments: [String], in folder: String) throws -> String {
    let result = try Program.run(arguments, in: folder)
    #expect(result.status == 0, "\(result.errors)")
    return result.errors
  }

  @Test(arguments: priors) func aResumedRunEndsInTheSameBytes(_ prior: [String]) throws {
    let folder = try prepared()
    let whole = try run(Self.train + prior + ["-e", "4", "-o", "whole"], in: folder)
    #expect(whole.contains(", prior \(prior[1]), "))
    _ = try run(Self.train + prior + ["-e", "2", "-o", "parts", "-q"], in: folder)
    _ = try run(["train", "--resume", "parts", "--epochs", "4", "-q"], in: folder)
    #expect(
      bytes("\(folder)/whole/model.safetensors") == bytes("\(folder)/parts/model.safetensors"))
    let model = try VAE(contentsOf: "\(folder)/whole/model.safetensors").settings
    #expect(model.prior.text == prior[1])
    #expect(model.priorHidden == (prior.count > 2 ? [7, 6] : [256, 256]))
    #expect(model.priorActivation == (prior.count > 4 ? .tanh : .silu))
    #expect(exists("\(folder)/whole/samples.png"))
  }

  /// A prior for a model that is there already: its networks keep their values, and the gain is told.
  @Test func aPriorIsFittedAfterTheFact() throws {
    let folder = try prepared()
    _ = try run(Self.train + ["-e", "3", "-o", "first", "-q"], in: folder)
    let told = try run(
      ["train", "--data", "data", "--start-from", "first", "--prior", "flow:2", "--prior-hidden", "8"]
        + ["--freeze", "encoder,decoder", "-e", "30", "-b", "20", "--threads", "1", "-o", "second"],
      in: folder)
    #expect(told.contains("the model that it began with has "))
    #expect(told.contains(" nats gained"))
    let first = try VAE(contentsOf: "\(folder)/first/model.safetensors")
    let second = try VAE(contentsOf: "\(folder)/second/model.safetensors")
    #expect(second.settings.prior == .flow(couplings: 2) && second.settings.priorHidden == [8])
    #expect(second.settings.hidden == first.settings.hidden)
    let kept = Dictionary(uniqueKeysWithValues: second.parameters.map { ($0.name, $0.values) })
    for parameter in first.parameters {
      #expect(kept[parameter.name] == parameter.values, "\(parameter.name)")
    }
    #expect(second.inputMean == first.inputMean)
    #expect(
      try VAE.trainingSettings(contentsOf: "\(folder)/second/model.safetensors")?.frozen == [
        .encoder, .decoder,
      ])
  }

  @Test(arguments: [
    Misuse("train --data data --prior gauss", 64, "must be normal, mixture[:K], vamp[:K] (K: 1 to 65536)"),
    Misuse(
      "train --data data --prior mixture:4 --prior-hidden 8", 64, "--prior-hidden goes with --prior flow"),
    Misuse(
      "train --data data --prior vamp:4 --prior-activation silu", 64,
      "--prior-activation goes with --prior flow"),
    Misuse(
      "train --data data --prior vamp:4 --free-bits 0.1", 64, "--free-bits counts components one by one"),
    Misuse("train --data data --prior flow --latent 1", 64, "a flow over 1 latent component (2 at least)"),
    Misuse(
      "train --data data --freeze encoder", 64, "--freeze keeps parts of the model that --start-from names"),
    Misuse("train --data data --start-from m --freeze encoder,body", 64, "must name parts of"),
    Misuse("train --data data --start-from m --freeze encoder,encoder", 64, "must name parts of"),
    Misuse(
      "train --data data --start-from m --freeze encoder,decoder,prior", 64,
      "--freeze leaves nothing to train"),
    Misuse("train --data data --start-from m --prior flow --hidden 8", 64, "--hidden is that of the model"),
    Misuse("train --resume m --prior flow", 64, "--prior cannot change"),
  ]) func whatCannotBeIsRefused(_ misuse: Misuse) throws {
    let folder = try prepared()
    let result = try Program.run(misuse.arguments, in: folder)
    #expect(result.status == misuse.status)
    #expect(result.errors.contains(misuse.text), "\(result.errors)")
    #expect(!exists("\(folder)/runs"))
  }

  /// Known only when the model is: N(0, I) has nothing to learn.
  @Test func aPriorWithoutParametersCannotBeAllThatLearns() throws {
    let folder = try prepared()
    _ = try run(Self.train + ["-e", "1", "-o", "first", "-q"], in: folder)
    let result = try Program.run(
      ["train", "--data", "data", "--start-from", "first", "--freeze", "encoder,decoder", "-o", "second"],
      in: folder)
    #expect(
      result.status == 64 && result.errors.contains("--prior normal has no parameters"), "\(result.errors)")
    #expect(!exists("\(folder)/second"))
  }
}
