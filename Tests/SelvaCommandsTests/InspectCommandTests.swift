import Foundation
import IDX
import ImageGrid
import Testing

@testable import Selva
@testable import SelvaCommands

@Suite struct InspectCommandTests {
  @Test func showsAModel() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.model(in: folder)
    let result = try Program.run(["inspect", "model.safetensors"], in: folder)
    let text = String(decoding: result.output, as: UTF8.self)
    #expect(result.status == 0 && result.errors.isEmpty)
    #expect(text.hasPrefix("model.safetensors: a model of 8 x 6 images\n"))
    for line in [
      "  decoder hidden        16", "  activation            selu", "  batch size            128",
      "  encoder.layers.0.weight      16 x 48                768", "  decoder.output.bias          48",
      "  in all                                            1,766",
    ] { #expect(text.contains(line), "\(line) in \(text)") }
  }

  @Test func showsTheNewestRunAsJSON() throws {
    let folder = try Program.temporaryFolder()
    try FileManager.default.createDirectory(atPath: "\(folder)/runs/001", withIntermediateDirectories: true)
    try Fixture.model(in: "\(folder)/runs/001", hidden: [])
    let result = try Program.run(["inspect", "--json"], in: folder)
    let object = try jsonObject(result.output)
    #expect(object["path"] as? String == "runs/001/model.safetensors")
    #expect(object["parameter_count"] as? Int == 48 * 3 * 2 + 6 + 48 * 3 + 48)
    let parameters = try #require(object["parameters"] as? [[String: Any]])
    #expect(parameters.first?["name"] as? String == "encoder.mean.weight")
    #expect(parameters.first?["shape"] as? [Int] == [3, 48])
  }

  @Test func showsIDXFilesWhateverTheirNames() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.images(in: folder, count: 20, height: 5, width: 4, name: "a.safetensors", floats: true)
    try Fixture.labels(in: folder, count: 25, name: "b.png")
    let images = try Program.run(["inspect", "a.safetensors"], in: folder)
    let text = String(decoding: images.output, as: UTF8.self)
    #expect(text.hasPrefix("a.safetensors: 20 x 5 x 4 images of float32\n  values "))
    let labels = try Program.run(["inspect", "b.png"], in: folder)
    #expect(
      String(decoding: labels.output, as: UTF8.self) == """
        b.png: 25 labels of uint8
          0: 3          1: 3          2: 3          3: 3          4: 3
          5: 2          6: 2          7: 2          8: 2          9: 2

        """)
  }

  @Test func showsAFolderAndItsImages() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 12, test: 5)
    let result = try Program.run(["inspect", "data", "--json", "--contact-sheet", "sheet.png"], in: folder)
    let files = try #require(try jsonObject(result.output)["files"] as? [[String: Any]])
    #expect(files.map { $0["sizes"] as? [Int] } == [[12, 8, 6], [12], [5, 8, 6], [5]])
    let pixels = bytes("\(folder)/data/train-images-idx3-ubyte").dropFirst(16)
    let count = Double(pixels.count)
    #expect(files[0]["minimum"] as? Double == 0)
    #expect(files[0]["maximum"] as? Double == pixels.max().map(Double.init))
    let (mean, zeros) = (files[0]["mean"] as? Double, files[0]["zeros"] as? Double)
    #expect(abs((mean ?? -1) - pixels.reduce(0) { $0 + Double($1) } / count) < 1e-9)
    #expect(abs((zeros ?? -1) - Double(pixels.filter { $0 == 0 }.count) / count) < 1e-9)
    #expect(pixels.contains(1))
    #expect((files[1]["labels"] as? [String: Int])?["1"] == 2)
    let images = try ImageSet(imagesPath: "\(folder)/data/train-images-idx3-ubyte")
    let cells = (0..<12).map { Raster(width: 6, height: 8, floats: images.image($0)) }
    #expect(
      try PNG.read("\(folder)/sheet.png").raster
        == Raster.grid(
          cells, columns: 10,
          style: GridStyle().fitted(cells: 12, columns: 10, width: 6, height: 8)))
  }

  private struct Measured: Decodable {
    let seed: Int
    let initialization: ActivationStatistics
    let trained: ActivationStatistics
  }

  @Test func measuresHiddenLayersBeforeAndAfterTraining() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 80, test: 10)
    let run = try Program.run(
      ["train", "--data", "data", "-e", "5", "--learning-rate", "0.01", "--seed", "3"]
        + TrainCommandTests.small,
      in: folder)
    #expect(run.status == 0)
    let arguments = ["inspect", "runs/001", "--activations", "--data", "data", "--limit", "70"]
    let result = try Program.run(arguments + ["-o", "chart.png", "--json"], in: folder)
    #expect(result.status == 0, "\(result.errors)")
    let found = try JSONDecoder().decode(Measured.self, from: Data(result.output))
    #expect(found.seed == 3)
    let model = try VAE(contentsOf: "\(folder)/runs/001/model.safetensors")
    let images = try ImageSet(imagesPath: "\(folder)/data/train-images-idx3-ubyte")
    for (found, model) in [
      (found.initialization, model.atInitialization(images, seed: 3)), (found.trained, model),
    ] {
      #expect(found == ActivationStatistics(model, images: images, indices: [Int32](0..<70), seed: 3))
    }
    #expect(found.trained.layers.map(\.name) == ["encoder.layers.0", "decoder.layers.0"])
    #expect(found.trained != found.initialization)
    #expect(try PNG.read("\(folder)/chart.png").raster.width == 1800)
    let text = try Program.run(arguments, in: folder)
    let lines = String(decoding: text.output, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 5)
    #expect(lines.last?.hasPrefix("decoder.layers.0        16") == true, "\(lines)")
    let figures = [found.initialization, found.trained].map(\.layers[1]).flatMap { [$0.mean, $0.variance] }
    #expect(
      lines.last?.split(separator: " ").dropFirst(2).map(String.init) == figures.map { Format.fixed($0, 3) })
  }

  @Test(arguments: [
    Misuse("inspect", 66, "train one first"), Misuse("inspect none", 66, "none"),
    Misuse("inspect empty", 66, "empty: holds neither a model nor IDX images"),
    Misuse("inspect text", 65, "text: is plain text; name a model, a run, IDX data or a picture"),
    Misuse("inspect page", 65, "page: is a web page"),
    Misuse("inspect page.gz", 65, "page.gz: expands to a web page"),
    Misuse("inspect noise", 65, "noise: is a file of unknown kind; name a model"),
    Misuse("sample page -o a.png", 65, "page: is a web page"),
    Misuse("sample text -o a.png", 65, "text: is plain text; name a model that selva train wrote"),
    Misuse("evaluate model.safetensors --data text", 65, "text: is plain text; give an IDX file"),
    Misuse("evaluate model.safetensors --data model.safetensors", 65, "is a safetensors file; give an IDX"),
    Misuse(
      "encode model.safetensors --data other.idx --labels text", 65, "text: is plain text; give an IDX file"
    ),
    Misuse("inspect model.safetensors --activations", 64, "--activations needs --data"),
    Misuse("inspect model.safetensors --data data", 64, "--data goes with --activations"),
    Misuse("inspect model.safetensors --contact-sheet a.png", 65, "model.safetensors: is a model"),
    Misuse("inspect data --activations --data data", 65, "data: is IDX data"),
    Misuse("inspect data --contact-sheet none/a.png", 73, "none/a.png"),
    Misuse(
      "inspect model.safetensors --activations --data other.idx -o a.png", 65, "images are 9 x 9 pixels"),
    Misuse("inspect cut.idx", 65, "cut.idx: byte 100"),
  ])
  func refuses(_ misuse: Misuse) throws {
    let folder = try Program.temporaryFolder()
    try Fixture.model(in: folder)
    try Fixture.folder(in: folder, train: 12, test: 5)
    let other = try Fixture.images(in: folder, count: 3, height: 9, width: 9, name: "other.idx")
    try Data(bytes(other).prefix(100)).write(to: URL(fileURLWithPath: "\(folder)/cut.idx"))
    try Data("<html>".utf8).write(to: URL(fileURLWithPath: "\(folder)/page"))
    try Data([7, 1, 2, 3]).write(to: URL(fileURLWithPath: "\(folder)/noise"))
    try Data(base64Encoded: "H4sIAAAAAAACA7PJKMnNsQMAQQxDxwYAAAA=")?
      .write(to: URL(fileURLWithPath: "\(folder)/page.gz"))
    try Data("neither".utf8).write(to: URL(fileURLWithPath: "\(folder)/text"))
    try FileManager.default.createDirectory(atPath: "\(folder)/empty", withIntermediateDirectories: true)
    try misuse.check(in: folder)
  }
}
