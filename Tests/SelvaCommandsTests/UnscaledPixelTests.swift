import Foundation
import Testing

/// Bytes of 0 and 1, which somebody meant as black and white.
@Suite struct UnscaledPixelTests {
  private func place() throws -> CommandFolder {
    let place = try CommandFolder()
    var bytes = try place.bytes("data/train-images-idx3-ubyte")
    for i in 16..<bytes.count { bytes[i] = bytes[i] > 127 ? 1 : 0 }
    try Data(bytes).write(to: URL(fileURLWithPath: place.path("flags.idx")))
    return place
  }

  private let warning =
    "flags.idx: warning: no pixel is above 1, and white is 255; if 1 should be white, multiply the pixels by 255\n"

  @Test func trainingSaysItOnceAndGoesOn() throws {
    let place = try place()
    let arguments = ["train", "--data", "flags.idx", "-o", "run", "-e", "2"] + TrainCommandTests.small
    let result = try Program.run(arguments, in: place.folder)
    #expect(result.status == 0)
    #expect(result.errors.components(separatedBy: warning).count == 2, "\(result.errors)")
    #expect(exists(place.path("run/model.safetensors")))
    let again = try Program.run(["train", "--resume", "run", "-e", "3", "--quiet"], in: place.folder)
    #expect(again.status == 0 && again.errors.isEmpty, "\(again.errors)")
  }

  @Test(arguments: ["evaluate", "encode", "reconstruct -o a.png"])
  func otherCommandsSayItToo(command: String) throws {
    let place = try place()
    var arguments = command.split(separator: " ").map(String.init)
    arguments.insert("model.safetensors", at: 1)
    let result = try Program.run(arguments + ["--data", "flags.idx"], in: place.folder)
    #expect(result.status == 0)
    #expect(result.errors.components(separatedBy: warning).count == 2, "\(result.errors)")
  }

  @Test func ordinaryDataGoWithoutAWord() throws {
    try CommandFolder().run(["encode", "model.safetensors", "--data", "data", "--limit", "2"])
  }
}
