import Foundation
import ImageGrid
import Selva
import Testing

/// What a command leaves: status, standard output, and the files that it made, pictures without their text.
struct Traces: Equatable {
  let status: Int32
  let output: [UInt8]
  let files: [String: [UInt8]]

  init(_ arguments: [String], in place: CommandFolder) throws {
    let before = Set(try place.contents())
    let result = try Program.run(arguments, in: place.folder)
    (status, output) = (result.status, result.output)
    var files: [String: [UInt8]] = [:]
    for name in try place.contents() where !before.contains(name) && place.isFile(name) {
      files[name] =
        try place.isAnimated(name) || !name.hasSuffix(".png") ? place.frames(name) : place.pixels(name)
    }
    for name in try place.contents() where !before.contains(name) {
      try? FileManager.default.removeItem(atPath: place.path(name))
    }
    self.files = files
  }
}

extension CommandFolder {
  func isFile(_ name: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path(name), isDirectory: &isFolder) && !isFolder.boolValue
  }

  /// Told by the chunk that counts the frames.
  func isAnimated(_ name: String) throws -> Bool {
    let bytes = try bytes(name)
    return bytes.indices.contains { bytes[$0] == UInt8(ascii: "a") && bytes[$0...].starts(with: "acTL".utf8) }
  }

  /// The bytes of a file without the chunk that holds the command, which differs in any case.
  func frames(_ name: String) throws -> [UInt8] {
    let bytes = try bytes(name)
    guard bytes.starts(with: [0x89, 0x50]),
      let start = bytes.indices.first(where: { bytes[$0...].starts(with: "fcTL".utf8) })
    else { return bytes }
    return Array(bytes[start...])
  }

  func pixels(_ name: String) throws -> [UInt8] {
    let raster = try picture(name).raster
    return Array("\(raster.width) x \(raster.height) x \(raster.channels):".utf8) + raster.pixels
  }
}

/// A command, and for each of its options two command lines that leave other traces.
struct OptionCase: CustomTestStringConvertible, Sendable {
  struct Pair: Sendable {
    let without: String
    let with: String
  }

  let testDescription: String
  private(set) var pairs: [String: Pair] = [:]
  /// Options that leave no trace, with the reason.
  private(set) var traceless: [String: String] = [:]
  private let base: String

  init(_ command: String, _ base: String) {
    testDescription = command
    self.base = base
  }

  /// `arguments` hold the option; `beside` stands in both command lines.
  func changes(_ option: String, _ arguments: String, beside: String = "") -> OptionCase {
    other(option, "\(base) \(beside)", "\(base) \(beside) \(option) \(arguments)")
  }

  /// Two whole command lines, where an option cannot just be left out.
  func other(_ option: String, _ without: String, _ with: String) -> OptionCase {
    var copy = self
    copy.pairs[option] = Pair(without: without, with: with)
    return copy
  }

  /// An option of models with labels.
  func labelled(_ option: String, _ without: String, _ with: String) -> OptionCase {
    other(option, "LABELLED \(without)", "LABELLED \(without) \(option) \(with)")
  }

  /// Another file of labels of the same images, for a model with labels.
  func labelFile(_ line: String) -> OptionCase {
    other("--labels", "LABELLED \(line) --labels labels.idx", "LABELLED \(line) --labels turned.idx")
  }

  /// Images that could have their channels first or last.
  func channels(_ line: String) -> OptionCase {
    other("--layout", line, "\(line) --layout channels-first")
  }

  func picture() -> OptionCase {
    changes("--padding", "5").changes("--background", "99").changes("--scale", "2")
  }

  func moving() -> OptionCase { changes("--animate", "").changes("--fps", "9", beside: "--animate") }

  /// Shown in a terminal alone: see `ShowTests`.
  func shown() -> OptionCase { leavesNoTrace("--show", "standard output is no terminal here") }

  func leavesNoTrace(_ option: String, _ reason: String) -> OptionCase {
    var copy = self
    copy.traceless[option] = reason
    return copy
  }

  private static let names = [
    "MODEL": "model.safetensors", "LABELLED": "labelled.safetensors", "VAMP": "vamp.safetensors",
    "RECURRENT": "recurrent.safetensors",
    "EITHER": "colour.safetensors --data either.idx",
  ]

  func arguments(_ line: String) -> [String] {
    let words = line.split(separator: " ").map { Self.names[String($0)] ?? String($0) }
    return (testDescription + " " + words.joined(separator: " ")).split(separator: " ").map { String($0) }
  }
}
