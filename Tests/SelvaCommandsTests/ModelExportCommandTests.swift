import Foundation
import Messages
import Selva
import Testing

@Suite struct ModelExportCommandTests {
  private func onnx(_ place: CommandFolder, _ name: String) throws -> ONNXModelProto {
    try ONNXModelProto(serializedBytes: place.bytes(name))
  }

  @Test func writesAllPartsBesideTheModelOfTheNewestRun() throws {
    let place = try CommandFolder()
    try place.makeRun("runs/001")
    let (status, output, errors) = try Program.run(["export", "onnx"], in: place.folder)
    #expect(status == 0 && output.isEmpty)
    #expect(errors == "wrote runs/001/onnx, encoder, decoder, prior, from runs/001 (best epoch 3)\n")
    let names = try FileManager.default.contentsOfDirectory(atPath: place.path("runs/001/onnx")).sorted()
    #expect(names == ["decoder.onnx", "encoder.onnx", "prior.onnx"])
    for part in ["encoder", "decoder", "prior"] {
      #expect(try onnx(place, "runs/001/onnx/\(part).onnx").graph.name == part)
    }
  }

  /// The weights are the model's, to the last bit.
  @Test func holdsTheModelsWeights() throws {
    let place = try CommandFolder()
    try place.run(["export", "onnx", "model.safetensors", "-o", "parts"])
    let constants = try onnx(place, "parts/decoder.onnx").graph.initializer
    let weight = try #require(constants.first { $0.name == "decoder.output.weight" })
    let own = try #require(place.model.parameters.first { $0.name == "decoder.output.weight" })
    #expect(weight.dims == own.shape.map { Int64($0) })
    #expect(weight.rawData == own.values.withUnsafeBytes { Data($0) })
  }

  @Test func onePartIsOneFile() throws {
    let place = try CommandFolder()
    try place.run(["export", "onnx", "model.safetensors", "--part", "decoder", "-o", "d.ONNX"])
    #expect(try onnx(place, "d.ONNX").graph.name == "decoder")
    try place.run(["export", "onnx", "model.safetensors", "--part", "prior"])
    #expect(try onnx(place, "prior.onnx").graph.name == "prior")
    #expect(!exists(place.path("encoder.onnx")))
  }

  @Test func aFolderThatIsThereKeepsWhatElseItHolds() throws {
    let place = try CommandFolder()
    try FileManager.default.createDirectory(
      atPath: place.path("parts"), withIntermediateDirectories: true)
    try place.write("mine", "parts/notes.txt")
    try place.write("old", "parts/encoder.onnx")
    try place.run(["export", "onnx", "model.safetensors", "-o", "parts"])
    #expect(try place.text("parts/notes.txt") == "mine")
    #expect(try onnx(place, "parts/encoder.onnx").graph.name == "encoder")
  }

  @Test(arguments: [
    Misuse("export onnx model.safetensors -o a.onnx", 64, "A .onnx file holds one part; say which"),
    Misuse("export onnx model.safetensors -o parts --part decoder", 64, "must name a .onnx file where"),
    Misuse("export onnx model.safetensors -o -", 64, "--output must name a folder or a file"),
    Misuse("export onnx model.safetensors --part middle -o a.onnx", 64, "'middle' is invalid"),
    Misuse("export onnx none -o parts", 66, "none: is not there"),
    Misuse("export onnx model.safetensors -o data/a/b", 73, "data/a/b: the folder cannot be made"),
    Misuse("export onnx data/train-labels-idx1-ubyte", 65, "data/train-labels-idx1-ubyte"),
  ])
  func refuses(_ misuse: Misuse) throws { try misuse.check(in: CommandFolder().folder) }
}
