import Foundation
import ImageGrid
import Selva
import Testing

@testable import SelvaCommands

/// Completions as a shell asks for them: bash is everywhere.
@Suite struct CompletionTests {
  private func place() throws -> CommandFolder {
    let place = try CommandFolder()
    for (run, time) in [("runs/001", 2e9), ("runs/plane", 1e9)] {
      try place.makeRun(run)
      for file in ["model.safetensors", "config.json"] {
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSince1970: time)], ofItemAtPath: place.path("\(run)/\(file)"))
      }
    }
    try place.write("{}", "settings.json")
    try place.write("z0\n1\n", "latents.csv")
    try PNG.write(Raster(width: 2, height: 2), to: place.path("picture.png"))
    return place
  }

  /// What bash offers at the end of each line.
  private func offers(_ lines: [String], in place: CommandFolder) throws -> [[String]] {
    // The script names the program as it is typed.
    let script = """
      mkdir -p bin && ln -sf "$SELVA" bin/selva && PATH="$PWD/bin:$PATH"
      source <(selva completions bash)
      function=$(complete -p selva | sed 's/.*-F \\([^ ]*\\).*/\\1/')
      while IFS= read -r COMP_LINE; do
        COMP_POINT=${#COMP_LINE}; COMPREPLY=()
        read -ra COMP_WORDS <<< "$COMP_LINE"
        [[ "$COMP_LINE" == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        $function selva "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" < /dev/null
        (IFS=' '; printf '%s\\n' "${COMPREPLY[*]}")
      done <<'END'
      \(lines.joined(separator: "\n"))
      END
      """
    let result = try Program.startShell(script, in: place.folder).wait()
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    let found = String(decoding: result.output, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    #expect(found.count == lines.count + 1)
    return found.dropLast().map { line in line.split(separator: " ").map(String.init) }
  }

  private static let lines: [(line: String, expected: [String])] = [
    ("selva sam", ["sample"]), ("selva data ex", ["export"]),
    ("selva sample --show ", ["auto", "kitty", "iterm"]),
    ("selva train --act", ["--activation"]), ("selva train --activation s", ["selu", "silu", "short-selu"]),
    ("selva train --network ", ["auto", "dense", "convolution", "recurrent"]),
    ("selva train --prior ", ["normal", "mixture:", "vamp:", "flow:"]),
    ("selva train --likelihood g", ["gaussian", "gaussian-learned"]),
    ("selva train --binarize ", ["none", "stochastic", "threshold"]),
    ("selva train --schedule ", ["constant", "cosine", "burda"]),
    ("selva train --precision ", ["float32", "bfloat16", "auto"]),
    ("selva train --freeze d", ["decoder", "decoder,prior"]),
    ("selva data import --fit ", ["crop", "pad", "stretch"]),
    ("selva completions ", ["bash", "zsh", "fish"]),
    ("selva sample runs/", ["runs/001", "runs/plane"]), ("selva sample mod", ["model.safetensors"]),
    ("selva train --start-from runs/p", ["runs/plane"]),
    ("selva plot run", ["runs/001", "runs/plane", "runs"]),
    ("selva train --config s", ["settings.json"]), ("selva train --resume runs/0", ["runs/001"]),
    ("selva train --data d", ["data"]), ("selva train d", ["data"]), ("selva decode l", ["latents.csv"]),
    ("selva sample -o p", ["picture.png"]), ("selva encode -o l", ["latents.csv"]),
  ]

  @Test func bashOffersWhatThereIs() throws {
    let place = try place()
    for (line, offers) in zip(Self.lines, try offers(Self.lines.map(\.line), in: place)) {
      #expect(Set(line.expected).isSubset(of: offers), "\(line.line): \(offers)")
      let word = line.line.split(separator: " ", omittingEmptySubsequences: false).last ?? ""
      #expect(offers.allSatisfy { $0.hasPrefix(word) }, "\(line.line): \(offers)")
    }
  }

  /// Models alone where a model is asked for, and runs the newest first.
  @Test func nothingElseIsOffered() throws {
    let place = try place()
    let all = try offers(["selva sample ", "selva train --epochs "], in: place)
    let offers = all[0]
    #expect(offers.prefix(2) == ["runs/001", "runs/plane"])
    #expect(
      Set(offers).subtracting(["bin", "data", "runs"]).subtracting(offers.filter { $0.hasPrefix("-") })
        == ["runs/001", "runs/plane", "model.safetensors"])
    #expect(all[1] == [])
  }

  @Test(arguments: [
    ("runs/001/", ["runs/001/samples", "runs/001/model.safetensors"]),
    ("./", ["./data", "./model.safetensors", "./runs"]),
    ("nothing/", []),
  ]) func pathsLeadOn(word: String, expected: [String]) throws {
    let place = try place()
    let result = try Program.run(
      ["---completion", "sample", "--", "positional@0", "2", "\(word.count)", "selva", "sample", word],
      in: place.folder)
    #expect(result.status == 0 && result.errors.isEmpty)
    let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n").map(String.init)
    #expect(Set(expected) == Set(lines.filter { $0.hasPrefix(word) }), "\(lines)")
  }

  /// No argument that takes text is left without.
  @Test func everyArgumentIsCompleted() throws {
    let dump = try jsonObject(
      try Program.run(["--experimental-dump-help"], in: Program.temporaryFolder()).output)
    var without: [String] = []
    func look(_ command: [String: Any], _ path: String) {
      for argument in command["arguments"] as? [[String: Any]] ?? []
      where argument["kind"] as? String != "flag" {
        let name = argument["valueName"] as? String ?? ""
        let isNumber = (argument["abstract"] as? String ?? "").contains(/\([^)]* to [^)]*\)/)
        if argument["completionKind"] == nil, argument["allValues"] == nil, !isNumber {
          without.append("\(path) \(name)")
        }
      }
      for sub in command["subcommands"] as? [[String: Any]] ?? [] {
        look(sub, "\(path) \(sub["commandName"] as? String ?? "")")
      }
    }
    look(try #require(dump["command"] as? [String: Any]), "selva")
    #expect(without.filter { !$0.hasPrefix("selva help") && !$0.hasSuffix("list") } == [])
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func thereIsAScriptForEachShell(shell: String) throws {
    let place = try CommandFolder()
    let script = String(decoding: try place.run(["completions", shell]), as: UTF8.self)
    #expect(script.contains("---completion") && script.contains("short-selu"))
    try place.checkHelp("completions", options: [])
  }
}
