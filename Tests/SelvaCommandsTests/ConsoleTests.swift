import Selva
import Testing

@testable import SelvaCommands

/// What a terminal shows.
@Suite struct ConsoleTests {
  @Test(arguments: [
    ("train", "trian", 1), ("train", "rain", 1), ("train", "trains", 1), ("train", "brain", 1),
    ("", "abc", 3),
    ("sample", "smapel", 2), ("ca", "abc", 3),
  ])
  func countsSlipsOfTheFinger(a: String, b: String, expected: Int) {
    #expect(Suggestion.slips(from: a, to: b) == expected && Suggestion.slips(from: b, to: a) == expected)
  }

  @Test func suggestsOnlyWhatIsNear() {
    let known = ["sample", "encode", "decode"]
    #expect(Suggestion.nearest(to: "smaple", in: known) == "sample")
    #expect(Suggestion.nearest(to: "ecnode", in: known) == "encode")
    #expect(Suggestion.nearest(to: "xyz", in: known) == nil)
    #expect(Suggestion.nearest(to: "sale", in: known) == nil, "two slips in four letters")
  }

  @Test(arguments: [
    Misuse("smaple", 64, "There is no command 'smaple'; did you mean 'sample'?"),
    Misuse("xyzzy -o a.png", 64, "There is no command 'xyzzy'; the commands are train, sample,"),
    Misuse("train a --data b", 64, "Both a and --data b say what to train on"),
  ])
  func slipsAreNamed(misuse: Misuse) throws { try misuse.check(in: Program.temporaryFolder()) }

  /// So that they can be copied from a terminal.
  @Test func examplesFitEightyColumns() {
    let commands = SelvaCommand.configuration.subcommands
    let all = commands + commands.flatMap { $0.configuration.subcommands }
    let examples = all.flatMap { $0.configuration.discussion.split(separator: "\n") }
      .filter { $0.contains("  selva ") }
    #expect(examples.count > 40)
    for example in examples { #expect(example.count <= 80, "\(example)") }
  }

  @Test func messagesAreBrokenBetweenWords() {
    #expect(Console.wrapped("one two three", width: 13) == ["one two three"])
    #expect(Console.wrapped("one two three", width: 12) == ["one two", "  three"])
    #expect(Console.wrapped("one two three", width: 5) == ["one", "  two", "  three"])
    #expect(Console.wrapped("unbreakable", width: 4) == ["unbreakable"])
  }

  private static let row = EpochMetrics(
    epoch: 100, trainLoss: 110.23, trainReconstruction: 85.11, trainKL: 25.12, validationLoss: 108.94,
    validationReconstruction: 84, validationKL: 24.94, learningRate: 0.001, seconds: 3600,
    imagesPerSecond: 61234)

  @Test(arguments: [
    (
      200,
      "epoch 100/101, loss 110.2 (reconstruction 85.1 + KL 25.1), validation 108.9, 61,234 images/s, 1:00:00 left"
    ),
    (79, "epoch 100/101, loss 110.2 (85.1 + KL 25.1), validation 108.9, 1:00:00 left"),
    (59, "epoch 100/101, loss 110.2, validation 108.9, 1:00:00 left"),
    (45, "epoch 100/101, loss 110.2, validation 108.9"), (30, "epoch 100/101, loss 110.2"),
  ])
  func whatIsValidatedStaysLongest(width: Int, expected: String) {
    #expect(ProgressLine.fitted(ProgressText(Self.row, epochs: 101).candidates, width: width) == expected)
  }

  @Test(arguments: [
    (
      200,
      "epoch 100/101, loss 110.2 (reconstruction 85.1 + KL 25.1), validation 108.9, 61,234 images/s, best so far"
    ),
    (90, "epoch 100/101, loss 110.2 (reconstruction 85.1 + KL 25.1), validation 108.9, best so far"),
    (79, "epoch 100/101, loss 110.2 (85.1 + KL 25.1), validation 108.9, best so far"),
    (59, "epoch 100/101, loss 110.2, validation 108.9, best so far"),
    (50, "epoch 100/101, loss 110.2, validation 108.9, best"),
  ])
  func aFinishedEpochSaysWhetherItIsTheBest(width: Int, expected: String) {
    let texts = ProgressText(Self.row, epochs: 101).finished(isBest: true)
    #expect(ProgressLine.fitted(texts, width: width) == expected)
    let others = ProgressText(Self.row, epochs: 101).finished(isBest: false)
    #expect(!others.contains { $0.contains("best") })
  }

  #if os(Linux)
    @Test func oneThreadWhereOneProcessorIsAllowed() throws {
      let folder = try Program.temporaryFolder()
      try Fixture.folder(in: folder, train: 40, test: 20)
      // Which processors there are is the machine's affair: the first of those that may be used.
      let script = """
        first=$(taskset -cp $$ | sed 's/.*: *//; s/[,-].*//')
        exec taskset -c "$first" "$SELVA" train data -o a --epochs 1 --hidden 8 -z 2 -b 20
        """
      let result = try Program.startShell(script, in: folder).wait()
      #expect(result.status == 0 && result.errors.contains(", 1 thread, into a"), "\(result.errors)")
    }
  #endif

  @Test func dataMayBeGivenWithoutAName() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.folder(in: folder, train: 40, test: 20)
    for (name, arguments) in [
      ("a", ["data", "--lr", "0.002"]), ("b", ["--data", "data", "--learning-rate", "0.002"]),
      ("c", ["data"]),
    ] {
      let result = try Program.run(
        ["train"] + arguments + ["-o", name, "--epochs", "1"] + TrainCommandTests.small, in: folder)
      #expect(result.status == 0, "\(result.errors)")
    }
    #expect(isSame("\(folder)/a/model.safetensors", bytes("\(folder)/b/model.safetensors")))
    #expect(!isSame("\(folder)/a/model.safetensors", bytes("\(folder)/c/model.safetensors")))
  }
}
