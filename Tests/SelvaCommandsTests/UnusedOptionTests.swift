import Foundation
import Testing

/// An option that would change nothing is a misunderstanding: it is refused, with what it goes with.
@Suite struct UnusedOptionTests {
  @Test(arguments: [
    Misuse("train --data images.idx --test-labels labels.idx", 64, "--test-labels goes with --test-data"),
    Misuse("train --data alone --test-labels labels.idx", 64, "--test-labels goes with --test-data"),
    Misuse("train --data data --validation-fraction 0.2", 64, "data that has no test set"),
    Misuse(
      "train --data images.idx --test-data images.idx --validation-fraction 0.2", 64,
      "data that has no test set"),
    Misuse("train --data data --sigma 0.2", 64, "--sigma goes with --likelihood gaussian"),
    Misuse("train --data data --likelihood bernoulli --sigma 0.2", 64, "--sigma goes with"),
    Misuse("train --data data --beta-epochs 3", 64, "--beta-epochs goes with --beta-schedule"),
    Misuse("train --resume none --optimizer adam", 64, "--optimizer cannot change"),
    Misuse("evaluate model.safetensors --data images.idx --part train", 64, "--part goes with a folder"),
    Misuse("encode model.safetensors --data images.idx --part test", 64, "--part goes with a folder"),
    Misuse("encode model.safetensors --data data --seed 3", 64, "--seed goes with --samples"),
    Misuse("encode model.safetensors --data data --no-labels --labels labels.idx", 64, "--labels goes with"),
    Misuse("encode model.safetensors --data data --labels labels.idx -o a.npy", 64, "--labels goes with"),
    Misuse("reconstruct model.safetensors --data data -o a.png --seed 1", 64, "--seed goes with --shuffle"),
    Misuse(
      "reconstruct model.safetensors --data data -o a.png --indices 1 --count 3", 64,
      "--count does not go with --indices"),
    Misuse("traverse model.safetensors -o a.png --part train", 64, "--part goes with --data or --index"),
    Misuse("manifold model.safetensors -o a.png --part train", 64, "--part goes with --principal"),
    Misuse(
      "interpolate model.safetensors --data data --indices 1,2 --labels labels.idx -o a.png", 64,
      "--labels goes with --between-labels"),
    Misuse("decode l.csv model.safetensors -o a.npy --columns 3", 64, "--columns belongs to a grid"),
    Misuse("decode l.csv model.safetensors --separate a --padding 3", 64, "--padding belongs to a grid"),
    Misuse("decode l.csv model.safetensors --separate a --background 3", 64, "--background belongs to"),
    Misuse("decode l.csv model.safetensors -o a.npy --scale 3", 64, "--scale belongs to pictures"),
    Misuse("inspect model.safetensors --limit 3", 64, "--limit goes with --activations"),
    Misuse("inspect model.safetensors --seed 3", 64, "--seed goes with --activations"),
    Misuse("sample model.safetensors -o a.png --label 3", 65, "has no labels, which --label is for"),
    Misuse("reconstruct model.safetensors --data data -o a.png --as-label 3", 65, "which --as-label is for"),
    Misuse("decode l.csv model.safetensors -o a.png --label 3", 65, "has no labels, which --label is for"),
    Misuse("traverse model.safetensors -o a.png --label 3", 65, "has no labels, which --label is for"),
    Misuse("manifold model.safetensors -o a.png --label 3", 65, "has no labels, which --label is for"),
    Misuse(
      "interpolate model.safetensors --data data --indices 1,2 -o a.png --label 3", 65,
      "has no labels, which --label is for"),
    Misuse("reconstruct model.safetensors --data data -o a.png --labels labels.idx", 65, "which --labels is"),
    Misuse("evaluate model.safetensors --data data --labels labels.idx", 65, "which --labels is for"),
    Misuse("traverse model.safetensors --data data -o a.png --labels labels.idx", 65, "which --labels is"),
    Misuse(
      "manifold model.safetensors --principal --data data -o a.png --labels labels.idx", 65,
      "which --labels is"),
    Misuse("manifold model.safetensors -o a.png --labels labels.idx", 64, "--labels goes with --principal"),
    Misuse("traverse model.safetensors -o a.png --labels labels.idx", 64, "--labels goes with --data"),
    Misuse(
      "interpolate model.safetensors --latents l.csv -o a.png --labels labels.idx", 64,
      "--labels goes with --data"),
    Misuse("evaluate model.safetensors --data data --classify", 65, "which --classify is for"),
    Misuse("data binarize --data images.idx -o a.idx --threshold --seed 1", 64, "--seed goes with draws"),
  ])
  func refuses(_ misuse: Misuse) throws {
    let folder = try CommandFolder().folder
    try Fixture.images(in: folder, count: 12, height: 8, width: 6)
    try Fixture.labels(in: folder, count: 12)
    try FileManager.default.createDirectory(atPath: "\(folder)/alone", withIntermediateDirectories: true)
    try Fixture.images(in: "\(folder)/alone", count: 12, height: 8, width: 6, name: "train-images-idx3-ubyte")
    try misuse.check(in: folder)
  }

  /// Where they do mean something, they are taken: labels of a folder's own test set.
  @Test func testLabelsGoWithAFoldersTestSet() throws {
    let place = try CommandFolder()
    try Fixture.labels(in: place.folder, count: 30)
    let line = ["train", "--data", "data", "-e", "1", "--hidden", "4", "-z", "2", "-q", "-o"]
    try place.run(line + ["run", "--test-labels", "labels.idx"])
    try Fixture.labels(in: place.folder, count: 29, name: "short.idx")
    #expect(try place.fail(65, line + ["other", "--test-labels", "short.idx"]).contains("short.idx"))
  }

  @Test func labelsReplaceThoseOfAFolder() throws {
    let place = try CommandFolder()
    try Data([0, 0, 8, 1, 0, 0, 0, 30] + [UInt8](repeating: 7, count: 30)).write(
      to: URL(fileURLWithPath: place.path("sevens.idx")))
    let line = ["encode", "model.safetensors", "--data", "data", "--limit", "3"]
    #expect(String(decoding: try place.run(line), as: UTF8.self).contains(",1\n"))
    let rows = String(decoding: try place.run(line + ["--labels", "sevens.idx"]), as: UTF8.self)
      .split(separator: "\n").dropFirst()
    #expect(rows.count == 3 && rows.allSatisfy { $0.hasSuffix(",7") })
    #expect(
      try place.fail(
        65,
        ["interpolate", "model.safetensors", "--data", "data", "--labels", "sevens.idx", "-o", "a.png"]
          + ["--between-labels", "1,7"]
      ).contains("no image has the label 1; its labels are 7"))
  }
}
