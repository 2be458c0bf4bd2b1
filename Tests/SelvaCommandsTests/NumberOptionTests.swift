import ArgumentParser
import Foundation
import Testing

@testable import SelvaCommands

/// Every option of every command that takes a number, as the program itself lists them.
@Suite struct NumberOptionTests {
  /// What takes text; every other option takes numbers, and so must say which.
  private static let texts: Set<String> = [
    "data", "labels", "test-data", "test-labels", "output", "resume", "start-from", "save-latents", "latents",
    "separate", "contact-sheet", "label-file", "mirror", "pseudo-inputs", "prior", "freeze", "config",
  ]

  struct Option {
    let command: [String]
    let name: String
    let help: String
  }

  @Test func everyNumberSaysItsRangeInHelpAndInItsError() throws {
    let options = try Self.options()
    #expect(options.count > 50)
    for option in options {
      for value in ["nan", "-inf", "1e400"] {
        let message = try #require(Self.message(option.command + ["--\(option.name)", value]))
        #expect(message.hasPrefix("The value '\(value)' is invalid for '"), "\(option): \(message)")
        let range = try #require(Self.range(message), "\(option): \(message)")
        #expect(option.help.contains("(\(range.text)"), "\(option): \(range.text)")
      }
    }
  }

  @Test func theEndsOfARangeAreInItAndWhatIsBeyondIsNot() throws {
    for option in try Self.options() {
      let range = try #require(Self.range(option.help), "\(option)")
      let isList = option.help.contains(" each)")
      for end in [range.first, range.last] {
        let message = Self.message(option.command + ["--\(option.name)", end]) ?? ""
        #expect(!message.contains("is invalid for"), "\(option): \(message)")
      }
      guard let last = UInt64(range.last), !isList else { continue }
      let (beyond, overflows) = last.addingReportingOverflow(1)
      guard !overflows else { continue }
      #expect(
        Self.message(option.command + ["--\(option.name)", "\(beyond)"])?.contains("is invalid for") == true)
    }
  }

  @Test(arguments: [
    ["--beta", "-1"], ["--beta=-1"], ["--beta", "-.5"], ["--beta", "-inf"], ["--beta", "-1e5"],
  ])
  func aNegativeNumberIsAValue(_ typed: [String]) throws {
    let folder = try Program.temporaryFolder()
    let result = try Program.run(["train", "--data", "data"] + typed, in: folder)
    #expect(result.status == 64)
    let value = typed.joined(separator: "=").split(separator: "=")[1]
    #expect(
      result.errors.hasPrefix(
        "selva: The value '\(value)' is invalid for '--beta <beta>': must be a number (0 to 1000000)"),
      "\(result.errors)")
  }

  @Test func aForgottenValueIsStillMissing() {
    for line in [["--beta", "--epochs", "3"], ["--beta", "-e", "3"], ["--beta"], ["--beta", "--", "-1"]] {
      let message = Self.message(["train", "--data", "data"] + line) ?? ""
      #expect(message.hasPrefix("Missing value for '--beta <beta>'"), "\(line): \(message)")
    }
    #expect(
      Self.message(["train", "--data", "data", "-e", "-1"])?.contains("must be a whole number") == true)
    #expect(Self.message(["train", "--data", "data", "-e=3"]) == nil)
  }

  @Test(arguments: [
    ("", "must be at most"), ("3-1", "must be at most"), ("+3", "must be at most"),
    ("1-+3", "must be at most"), ("0-16777216", "at most 16777216 whole numbers"),
    ("2147483648", "(0 to 2147483647)"), ("9223372036854775807-9223372036854775807", "(0 to 2147483647)"),
  ])
  func listsSayWhatTheyTake(_ text: String, _ rule: String) {
    let message = Self.message(["encode", "--data", "data", "--indices", text]) ?? ""
    #expect(message.contains("'--indices <list>': must be") && message.contains(rule), "\(message)")
  }

  @Test func listsMayBeLong() throws {
    let list = try NumberList.parse("0-1048575")
    #expect(list.values.count == 1 << 20)
  }

  /// What a person is told; nil where the line is taken.
  private static func message(_ line: [String]) -> String? {
    do {
      _ = try SelvaCommand.parseAsRoot(NegativeNumber.joined(line))
      return nil
    } catch {
      return SelvaCommand.message(for: error)
    }
  }

  /// The first `(a to b)` of a text.
  private static func range(_ text: String) -> (text: String, first: String, last: String)? {
    guard let match = text.firstMatch(of: /\(((?:0, or )?(\S+) to ([^\s()]+))/) else { return nil }
    return (String(match.1), String(match.2), String(match.3))
  }

  private static func options() throws -> [Option] {
    let dump = try Program.run(["--experimental-dump-help"], in: Program.temporaryFolder())
    let root = try #require(try jsonObject(dump.output)["command"] as? [String: Any])
    return options(of: root, path: [])
  }

  private static func options(of command: [String: Any], path: [String]) -> [Option] {
    let mine = (command["arguments"] as? [[String: Any]] ?? []).compactMap { argument -> Option? in
      guard argument["kind"] as? String == "option", argument["allValues"] == nil,
        argument["valueName"] as? String != "colour",
        let names = argument["names"] as? [[String: Any]],
        let name = names.first(where: { $0["kind"] as? String == "long" })?["name"] as? String,
        !texts.contains(name), (path, name) != (["scatter"], "components")
      else { return nil }
      return Option(command: path, name: name, help: argument["abstract"] as? String ?? "")
    }
    let subcommands = command["subcommands"] as? [[String: Any]] ?? []
    return mine
      + subcommands.flatMap { sub in options(of: sub, path: path + [sub["commandName"] as? String ?? ""]) }
  }
}
