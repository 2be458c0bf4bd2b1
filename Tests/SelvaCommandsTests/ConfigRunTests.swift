import Foundation
import Selva
import Testing

@testable import SelvaCommands

/// Runs begun with `--config`, as a user begins them.
@Suite struct ConfigRunTests {
  private static let model = ["--hidden", "5", "-z", "2", "-e", "2", "-b", "8"]

  private func place() throws -> CommandFolder {
    let place = try CommandFolder(test: 20)
    try Fixture.images(in: place.folder, count: 40, height: 8, width: 6)
    try Fixture.images(in: place.folder, count: 40, height: 40, width: 6, name: "high.idx")
    return place
  }

  @Test(arguments: [
    "data --seed 7", "images.idx --seed 3 --validation-fraction 0.25 --binarize stochastic",
    "data --condition labels", "data --tensorboard",
    "images.idx --threads 2 --prior mixture:3 --schedule burda --optimizer adamw --average-decay 0.5",
    "images.idx --network convolution --channels 3 --kernel 3",
    "images.idx --network recurrent --recurrent 4",
    "high.idx --network dense",
    "images.idx --objective iwae --importance-samples 2 --likelihood gaussian --sigma 0.3",
    "images.idx --test-data data/test-images-idx3-ubyte",
    "images.idx --start-from model.safetensors --freeze encoder",
    "images.idx --network recurrent --recurrent 4 --clip-norm 0",
  ]) func theSameAgainIsTheSameToTheLastByte(line: String) throws {
    let place = try place()
    let words = line.split(separator: " ").map(String.init)
    let size = line.contains("--start-from") ? ["-e", "2", "-b", "8"] : Self.model
    try place.run(["train"] + words + size + ["-q", "-o", "first"])
    try place.run(["train", "--config", "first", "-q", "-o", "second"])
    try place.run(["train", "--config", "second/config.json", "--seed", "99", "-q", "-o", "third"])
    #expect(try place.bytes("first/model.safetensors") == place.bytes("second/model.safetensors"))
    #expect(try place.bytes("first/model.safetensors") != place.bytes("third/model.safetensors"))
    let configurations = try ["first", "second"].map { run in
      try place.text("\(run)/config.json").split(separator: "\n").filter { !$0.contains("\"command\"") }
    }
    #expect(configurations[0] == configurations[1])
  }

  @Test func otherDataTakesTheWholePlaceOfTheFiles() throws {
    let place = try place()
    try place.run(
      ["train", "images.idx", "--test-data", "data/test-images-idx3-ubyte", "-q", "-o", "first"] + Self.model)
    try place.run(["train", "data", "--config", "first", "-q", "-o", "second"])
    let paths = try RunConfiguration(contentsOf: place.path("second/config.json")).data
    #expect(paths == DataPaths(data: place.path("data")))
    try place.run(["train", "--config", "first", "--test-data", "images.idx", "-q", "-o", "third"])
    let others = try RunConfiguration(contentsOf: place.path("third/config.json")).data
    #expect(others == DataPaths(data: place.path("images.idx"), testData: place.path("images.idx")))
  }

  @Test func aPartOfAFileWillDo() throws {
    let place = try place()
    try place.write(
      #"{"model": {"hidden": [6], "latent": 3}, "training": {"epochs": 1, "batch_size": 9}}"#, "part.json")
    let result = try Program.run(
      ["train", "images.idx", "--config", "part.json", "--latent", "2", "-o", "run"], in: place.folder)
    #expect(result.status == 0)
    #expect(
      result.errors.hasPrefix(
        "selva: taken from part.json: hidden, latent, epochs, batch_size; by options: --data, --latent\n"))
    let run = try RunConfiguration(contentsOf: place.path("run/config.json"))
    #expect(run.model.hidden == [6] && run.model.decoderHidden == [6] && run.model.latent == 2)
    #expect(run.training.epochs == 1 && run.training.batchSize == 9 && run.training.learningRate == 1.5e-3)
  }

  @Test func aRunsOwnIsSummedUp() throws {
    let place = try place()
    try place.run(["train", "images.idx", "-q", "-o", "first"] + Self.model)
    let result = try Program.run(["train", "--config", "first", "-o", "second"], in: place.folder)
    #expect(
      result.errors.hasPrefix(
        "selva: taken from first/config.json: 6 settings of model, 25 settings of training, its seed, its data "
          + "(\(place.path("images.idx")))\n"), "\(result.errors)")
  }

  @Test func labelsMayBeLeftOut() throws {
    let place = try place()
    try place.run(["train", "data", "--condition", "labels", "-q", "-o", "first"] + Self.model)
    try place.run(["train", "--config", "first", "--condition", "none", "-q", "-o", "second"])
    #expect(try RunConfiguration(contentsOf: place.path("second/config.json")).model.labels.isEmpty)
  }

  @Test(arguments: [
    Misuse("train --config none.json images.idx", 66, "none.json"),
    Misuse("train --config data images.idx", 66, "data/config.json"),
    Misuse("train --config model.safetensors images.idx", 65, "name a run's config.json or its folder"),
    Misuse("train --config flow.json", 64, "say what to train on"),
    Misuse("train --config flow.json --resume", 64, "--config cannot change in a run that is resumed"),
    Misuse(
      "train --config flow.json images.idx --prior normal --prior-hidden 4", 64, "--prior-hidden goes with"),
    Misuse("train --config flow.json images.idx --sigma 0.3", 64, "--sigma goes with"),
    Misuse("train --config flow.json images.idx --beta-epochs 3", 64, "--beta-epochs goes with"),
    Misuse("train --config flow.json images.idx --test-labels labels.idx", 64, "--test-labels goes with"),
    Misuse("train --config flow.json images.idx --free-bits 1", 64, "--free-bits counts components"),
    Misuse("train --config beta.json images.idx --objective iwae", 64, "belong to --objective elbo"),
    Misuse("train --config frozen.json images.idx", 64, "--freeze keeps parts"),
    Misuse("train --config unknown.json images.idx", 65, "did you mean 'training.epochs'?"),
    Misuse(
      "train --config other.json images.idx --start-from model.safetensors -q", 65,
      "'model.latent' is not that"),
  ]) func refuses(_ misuse: Misuse) throws {
    let place = try place()
    try place.write(#"{"model": {"prior": "flow:2"}}"#, "flow.json")
    try place.write(#"{"model": {"latent": 7}}"#, "other.json")
    try place.write(#"{"training": {"beta": 4}}"#, "beta.json")
    try place.write(#"{"training": {"frozen": ["encoder"]}}"#, "frozen.json")
    try place.write(#"{"training": {"epoch": 4}}"#, "unknown.json")
    let quiet = misuse.status == 64 || misuse.arguments.contains("-q") ? ["-q"] : []
    try Misuse((misuse.arguments + quiet).joined(separator: " "), misuse.status, misuse.text).check(
      in: place.folder)
  }
}
