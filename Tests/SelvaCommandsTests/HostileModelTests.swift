import Foundation
import Selva
import Testing

/// Models that are made to take all memory, or to answer with what is no number.
@Suite struct HostileModelTests {
  /// Far more than a command needs, far less than it took to read all that these files promise.
  private static let memory = 512 * 1024

  /// A safetensors file of `size` bytes of data, none of which take room on the disk.
  private func write(_ header: Data, size: UInt64, to path: String) throws {
    let length = Data((0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) })
    try (length + header).write(to: URL(fileURLWithPath: path))
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.truncate(atOffset: UInt64(8 + header.count) + size)
    try file.close()
  }

  private func refusal(_ folder: CommandFolder, _ name: String) throws -> String {
    let before = try folder.contents()
    let result = try Program.run(
      ["sample", name, "-o", "grid.png"], in: folder.folder, memory: Self.memory)
    #expect(result.status == 65 && result.errors.filter(\.isNewline).count == 1, "\(result.errors)")
    #expect(try folder.contents() == before)
    return result.errors
  }

  @Test func dataThatNobodyAskedForAreNotRead() throws {
    let folder = try CommandFolder()
    let settings = try #require(
      try Safetensors(contentsOf: folder.path("model.safetensors")).metadata["selva"])
    let size: UInt64 = 8 << 30
    let header: [String: Any] = [
      "__metadata__": ["selva": settings],
      "a": ["dtype": "F32", "shape": [size / 4], "data_offsets": [0, size]] as [String: Any],
    ]
    try write(
      try JSONSerialization.data(withJSONObject: header), size: size, to: folder.path("large.safetensors"))
    let text = try refusal(folder, "large.safetensors")
    #expect(text.contains("large.safetensors: has no tensor 'encoder.layers.0.weight'"), "\(text)")
  }

  @Test func aHeaderCostsLittleMoreThanItsOwnLength() throws {
    let folder = try CommandFolder()
    let begin = Data("{\"a\":{\"dtype\":\"F32\",\"shape\":[".utf8)
    let numbers = Data(repeating: UInt8(ascii: "1"), count: 2)
    var header = begin
    header.reserveCapacity(100_000_000)
    // One number is two million digits long: it is no size, and neither are so many.
    header.append(Data(repeating: UInt8(ascii: "1"), count: 2_000_000))
    while header.count < 99_999_000 {
      header.append(UInt8(ascii: ","))
      header.append(numbers)
    }
    header.append(Data("]}}".utf8))
    try write(header, size: 0, to: folder.path("long.safetensors"))
    #expect(
      try refusal(folder, "long.safetensors").contains("tensor 'a' has no shape that is a list of sizes"))
  }

  @Test(arguments: ["sample", "encode", "evaluate", "inspect"])
  func oneNumberThatIsNoneIsRefused(_ command: String) throws {
    let folder = try CommandFolder()
    var file = try Safetensors(contentsOf: folder.path("model.safetensors"))
    let index = try #require(file.tensors.firstIndex { $0.name == "decoder.output.weight" })
    let tensor = file.tensors[index]
    var values = tensor.values
    values[tensor.shape[1] + 1] = .nan
    file.tensors[index] = Tensor(name: tensor.name, shape: tensor.shape, values: values)
    try file.write(to: folder.path("broken.safetensors"))
    let rest: [String] =
      switch command {
      case "sample": ["-o", "grid.png"]
      case "inspect": []
      default: ["--data", "data"]
      }
    let text = try folder.fail(65, [command, "broken.safetensors"] + rest)
    #expect(text.contains("tensor 'decoder.output.weight' holds nan at [1, 1]"), "\(text)")
  }
}
