import ArgumentParser

@testable import Files
@testable import Selva
@testable import SelvaCommands

/// What is typed.
enum CommandLineReaders {
  /// Each line is an argument. Nothing is run.
  static func arguments(_ input: UnsafeRawBufferPointer) throws {
    let words = String(decoding: input, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    guard words.count <= 64 else { return }
    do {
      _ = try SelvaCommand.parseAsRoot(SelvaCommand.read(words.map(String.init)))
    } catch {
      let status = SelvaCommand.exitCode(for: error).rawValue
      require(status == 0 || status == 64, "exit status \(status): \(error)")
      require(!SelvaCommand.fullMessage(for: error).isEmpty, "an error without words")
    }
  }

  static func numbers(_ input: UnsafeRawBufferPointer) {
    let text = String(decoding: input, as: UTF8.self)
    if let list = try? NumberList.parse(text) {
      require(!list.values.isEmpty && list.values.allSatisfy { $0 >= 0 }, "a number below 0")
    }
    if let widths = try? Widths.parse(text) {
      require(widths.values.allSatisfy { $0 > 0 }, "a layer without units")
      require((try? Widths.parse(widths.description)) == widths, "widths that change when they are written")
    }
    if let prior = try? PriorOption.parse(text) {
      require(Prior(prior.text) == prior, "a prior that changes when it is written")
    }
    if let parts = try? FrozenParts.parse(text) { require(!parts.isEmpty, "no part that is frozen") }
    require(!CommandLineText.quoted(text).isEmpty, "a word that is lost")
    require(FilePath.absolute(text).hasPrefix("/"), "a path that is not absolute")
  }
}
