import Foundation
import Testing

/// Writing that breaks off: exit status 74 and one line, on a device that is always full.
@Suite(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
struct BrokenWriteTests {
  private func place() throws -> CommandFolder {
    let place = try CommandFolder()
    for name in ["full.csv", "full.npy", "full.png"] {
      try FileManager.default.createSymbolicLink(
        atPath: place.path(name), withDestinationPath: "/dev/full")
    }
    return place
  }

  @Test(arguments: [
    "sample model.safetensors -o full.png", "reconstruct model.safetensors -d data -o full.png",
    "encode model.safetensors -d data -o full.csv", "encode model.safetensors -d data -o full.npy",
    "manifold model.safetensors --size 2 --components 0,1 -o full.png",
  ]) func aFullDiskIsAFaultOfWriting(command: String) throws {
    let line = try place().fail(74, command.split(separator: " ").map(String.init))
    #expect(line.contains("full.") && line.contains("No space left on device"), "\(line)")
  }

  /// Standard output, where results go that are not named a file.
  @Test(arguments: [
    "encode model.safetensors -d data", "evaluate model.safetensors -d data --json",
    "inspect model.safetensors",
  ]) func standardOutputMayBeFullToo(command: String) throws {
    let place = try place()
    let result = try Program.run(
      command.split(separator: " ").map(String.init), in: place.folder, output: "/dev/full")
    #expect(result.status == 74, "\(result.errors)")
    #expect(result.errors.hasPrefix("selva: standard output: cannot be written: No space left on device"))
    #expect(result.errors.filter(\.isNewline).count == 1)
  }
}
