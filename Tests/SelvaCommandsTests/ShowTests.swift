#if os(Linux)
  import Foundation
  import ImageGrid
  import Selva
  import Testing

  @testable import SelvaCommands

  /// A command that shows a picture, and how the same picture is written.
  private struct ShowCase: CustomTestStringConvertible, Sendable {
    let line: String
    let file: String

    init(_ line: String, file: String = "-o a.png") { (self.line, self.file) = (line, file) }

    var testDescription: String { line }
    var words: [String] { line.split(separator: " ").map(String.init) }
    var fileWords: [String] { file.split(separator: " ").map(String.init) }
  }

  private let cases = [
    ShowCase("sample model.safetensors --rows 2"), ShowCase("sample labelled.safetensors"),
    ShowCase("reconstruct model.safetensors -d data"),
    ShowCase("interpolate model.safetensors -d data --indices 3,7"),
    ShowCase("traverse model.safetensors"), ShowCase("manifold model.safetensors --size 3 --components 0,1"),
    ShowCase("decode latents.csv model.safetensors"), ShowCase("scatter model.safetensors -d data"),
    ShowCase("plot run"), ShowCase("evaluate model.safetensors -d data --worst 3"),
    ShowCase("inspect data", file: "--contact-sheet a.png"),
    ShowCase("inspect vamp.safetensors", file: "--pseudo-inputs a.png"),
    ShowCase("inspect model.safetensors --activations -d data"),
  ]

  @Suite struct ShowTests {
    private func place() throws -> CommandFolder {
      let place = try CommandFolder(test: 20)
      try Fixture.model(in: place.folder, name: "labelled.safetensors", labels: [3, 5])
      try Fixture.model(in: place.folder, name: "vamp.safetensors", prior: .vamp(components: 3))
      try place.makeRun("run")
      try place.write("z0,z1,z2\n0,1,2\n-1,0.5,0\n", "latents.csv")
      try PNG.write(Raster(width: 5, height: 4, fill: .white), to: place.path("picture.png"))
      return place
    }

    /// Runs in a terminal; nil where there is none.
    private func show(
      _ words: [String], in place: CommandFolder, _ window: Program.Window = Program.Window()
    ) throws -> (text: String, errors: String)? {
      guard let result = try Program.runOnTerminal(words, in: place.folder, window) else { return nil }
      #expect(result.status == 0, "\(words): \(result.status), \(result.errors)")
      return (String(decoding: result.output, as: UTF8.self), result.errors)
    }

    /// The picture that kitty was given.
    private func kitty(_ text: String) throws -> Raster {
      let parts = text.components(separatedBy: "\u{1B}_G").dropFirst().map { part in
        part.drop { $0 != ";" }.dropFirst().prefix { $0 != "\u{1B}" }
      }
      let png = try #require(Data(base64Encoded: parts.joined()))
      return try PNG.decode([UInt8](png)).raster
    }

    @Test(arguments: cases) private func whatIsShownIsWhatIsWritten(_ test: ShowCase) throws {
      let place = try place()
      try place.run(test.words + test.fileWords)
      let expected = try place.picture("a.png").raster
      try FileManager.default.removeItem(atPath: place.path("a.png"))
      let before = try place.contents()
      guard let shown = try show(test.words + ["--show=kitty"], in: place) else { return }
      #expect(try kitty(shown.text) == expected)
      #expect(try place.contents() == before)
      #expect(
        shown.errors.hasPrefix("showed \(expected.width) x \(expected.height), from "), "\(shown.errors)")
      // Both where both are asked for.
      guard let both = try show(test.words + ["--show=kitty"] + test.fileWords, in: place) else { return }
      #expect(try kitty(both.text) == expected && place.picture("a.png").raster == expected)
    }

    @Test func aPictureIsShownAsItIs() throws {
      let place = try place()
      guard let shown = try show(["inspect", "picture.png", "--show=kitty"], in: place) else { return }
      #expect(try kitty(shown.text) == place.picture("picture.png").raster)
      #expect(shown.text.hasPrefix("picture.png"))
    }

    @Test func pixelsMayBeWrittenBesideIt() throws {
      let place = try place()
      let line = [
        "decode", "latents.csv", "model.safetensors", "-o", "a.npy", "--separate", "b", "--show=kitty",
      ]
      guard let shown = try show(line, in: place) else { return }
      #expect(try kitty(shown.text) == place.grid([0, 1, 2, -1, 0.5, 0], columns: 8))
      #expect(exists(place.path("a.npy")) && exists(place.path("b/0001.png")))
    }

    @Test(arguments: [
      (["TERM": "xterm-kitty"], "\u{1B}_Ga=T"),
      (["TERM": "xterm", "TERM_PROGRAM": "WezTerm"], "\u{1B}]1337;File="),
      (["TERM": "xterm", "COLORTERM": "truecolor"], "\u{1B}[38;2;"), (["TERM": "xterm"], "\u{1B}[38;5;"),
    ]) func theTerminalIsKnownByItsName(environment: [String: String], start: String) throws {
      let place = try place()
      for option in [["--show"], ["--show", "auto"], ["--show=auto"]] {
        let window = Program.Window(environment: environment)
        guard let shown = try show(["sample"] + option + ["model.safetensors"], in: place, window) else {
          return
        }
        #expect(shown.text.hasPrefix(start), "\(shown.text.prefix(20))")
      }
    }

    @Test(arguments: [
      ("kitty", "\u{1B}_G"), ("iterm", "\u{1B}]1337;"), ("sixel", "\u{1B}P"), ("blocks", "\u{1B}[38;2;"),
    ]) func theWayMayBeNamed(way: String, start: String) throws {
      let place = try place()
      for option in [["--show", way], ["--show=\(way)"]] {
        guard let shown = try show(["sample", "model.safetensors"] + option, in: place) else { return }
        #expect(shown.text.hasPrefix(start), "\(shown.text.prefix(20))")
      }
    }

    @Test func whoWantsNoColourGetsNone() throws {
      let place = try place()
      for option in ["--show", "--show=blocks"] {
        let window = Program.Window(environment: ["TERM": "xterm", "COLORTERM": "truecolor", "NO_COLOR": "1"])
        guard let shown = try show(["sample", "model.safetensors", option], in: place, window) else { return }
        #expect(!shown.text.contains("\u{1B}") && shown.text.allSatisfy { " .:-=+*#%@\n".contains($0) })
        #expect(shown.text.split(separator: "\n").allSatisfy { $0.count == 80 })
      }
    }

    /// The answer comes through standard input, and none of it is left for the shell.
    @Test(arguments: [
      ("\u{1B}[?62;4;22c", "\u{1B}P"), ("\u{1B}[?62;22c", "\u{1B}[38;2;"), ("nothing", "\u{1B}[38;2;"),
    ]) func aTerminalIsAskedForSixels(answer: String, start: String) throws {
      let window = Program.Window(answer: answer)
      guard let shown = try show(["sample", "model.safetensors", "--show"], in: place(), window) else {
        return
      }
      let question = "\u{1B}]11;?\u{1B}\\\u{1B}[c"
      #expect(shown.text.hasPrefix(question + start), "\(shown.text.prefix(30))")
    }

    @Test func noLineIsWiderThanTheTerminal() throws {
      let place = try place()
      for columns in [20, 60, 200] {
        let window = Program.Window(columns: UInt16(columns))
        guard let shown = try show(["sample", "model.safetensors", "--show"], in: place, window) else {
          return
        }
        #expect(shown.text.split(separator: "\n").allSatisfy { line in line.count { $0 == "▀" } == columns })
      }
    }

    @Test func whereLettersAreTooSmallTheirWordsAreSaid() throws {
      let place = try place()
      let line = ["traverse", "model.safetensors", "--components", "2,0", "--padding", "0"]
      guard let shown = try show(line + ["--show"], in: place) else { return }
      #expect(shown.errors.hasPrefix("rows z2, z0; columns −3σ to +3σ\nshowed "), "\(shown.errors)")
      guard let plain = try show(line + ["--plain", "--show"], in: place) else { return }
      #expect(plain.text == shown.text && plain.errors.hasPrefix("showed "))
      guard let chart = try show(["plot", "run", "--show"], in: place) else { return }
      #expect(chart.errors.contains("its words take a terminal with graphics, or a file: -o curves.png\n"))
    }

    @Test(arguments: [
      Misuse("sample model.safetensors --show", 64, "standard output is none; name a file with -o instead"),
      Misuse("sample --show=blocks model.safetensors -o a.png", 64, "standard output is none"),
      Misuse("sample model.safetensors --show=gif", 64, "'gif' is invalid for '--show <way>'"),
      Misuse("plot run --show", 64, "standard output is none"),
    ]) func elsewhereAFileIsNeeded(_ misuse: Misuse) throws { try misuse.check(in: place().folder) }

    @Test(arguments: [
      ("traverse model.safetensors --animate --show", "leave out --animate"),
      ("traverse model.safetensors -o a.apng --show", "leave out --animate"),
      ("plot run --samples --show", "leave out --samples"),
      ("evaluate model.safetensors -d data --show", "with --worst"),
      ("inspect model.safetensors --show --json", "does not go with --json"),
      ("evaluate model.safetensors -d data --worst 2 --show --json", "does not go with --json"),
      ("inspect model.safetensors --show", "selva sample --show draws from any"),
    ]) func whatCannotBeShownIsRefused(line: String, text: String) throws {
      let place = try place()
      let words = line.split(separator: " ").map(String.init)
      guard let result = try Program.runOnTerminal(words, in: place.folder) else { return }
      #expect([64, 65].contains(result.status) && result.output.isEmpty)
      #expect(
        result.errors.contains(text) && result.errors.filter { $0 == "\n" }.count == 1, "\(result.errors)")
    }

    @Test func aWayIsNoModel() {
      #expect(ShowOption.joined(["a", "--show", "b"]) == ["a", "--show=auto", "b"])
      #expect(ShowOption.joined(["a", "--show", "kitty", "b"]) == ["a", "--show=kitty", "b"])
      #expect(ShowOption.joined(["a", "--show"]) == ["a", "--show=auto"])
      #expect(ShowOption.joined(["--", "--show", "kitty"]) == ["--", "--show", "kitty"])
    }
  }
#endif
