import ArgumentParser
import Files
import Ranks
import Selva

/// `selva`: the root of all commands.
public struct SelvaCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "selva",
    abstract: "Train a SELU variational autoencoder on IDX images, and turn latent vectors into pictures.",
    discussion: """
      A model argument may be a model file or a run directory; left out, it is the newest run under runs/.
      Messages go to standard error, results to standard output. Usual other names of options are understood: --bs,
      --lr, --wd, --latent-dim, --hidden-dims, --ema and the like.
      """,
    version: Version.current,
    subcommands: [
      TrainCommand.self, SampleCommand.self, ReconstructCommand.self, InterpolateCommand.self,
      ManifoldCommand.self, TraverseCommand.self, ScatterCommand.self, PlotCommand.self,
      EncodeCommand.self, DecodeCommand.self, EvaluateCommand.self, InspectCommand.self, RunsCommand.self,
      DataCommand.self, BenchCommand.self, CompletionsCommand.self,
    ] + exports)

  #if Exchange
    private static let exports: [any ParsableCommand.Type] = [ModelExportCommand.self]
  #else
    private static let exports: [any ParsableCommand.Type] = []
  #endif

  public init() {}

  /// Runs the command that `arguments` name, and ends the process with its exit status: 0 done, 64 usage,
  /// 65 bad data, 66 missing input, 73 cannot write, 74 I/O, 130 interrupted.
  public static func run(_ arguments: [String]) -> Never {
    Interrupt.guardStreams()
    MappedFile.surviveCuts()
    endProcess(status(of: arguments))
  }

  /// What ended a command is let go of here, before the process ends.
  private static func status(of arguments: [String]) -> Int32 {
    do {
      try checkName(arguments)
      var command = try parseAsRoot(read(arguments))
      try Launch.check(command)
      try command.run()
      try MappedFile.checkNoneIsCut()
      return 0
    } catch {
      let status = tell(error)
      // All are ended as soon as one ends like this, and the first has something to say.
      if !Launch.speaks && status != 0 { usleep(500_000) }
      return status
    }
  }

  /// Tells a person what ended a command, unless another process does. Returns the exit status.
  static func tell(_ error: any Error) -> Int32 {
    switch error {
    case is Interruption: return 130
    case is FaultElsewhere: return 1
    case let fault as any Fault:
      Console.message("selva: \(fault.description)", isForced: fault is RankFault)
      return fault.category.exitStatus
    default: return tellUsage(error)
    }
  }

  /// Arguments as the parser wants them.
  static func read(_ arguments: [String]) -> [String] {
    ShowOption.joined(NegativeNumber.joined(Spelling.standard(arguments)))
  }

  /// A subcommand that there is not would be taken for a superfluous argument.
  private static func checkName(_ arguments: [String]) throws {
    guard let name = arguments.first, !name.hasPrefix("-"), name != "help" else { return }
    let known = configuration.subcommands.compactMap { $0.configuration.commandName }
    guard !known.contains(name) else { return }
    let nearest = Suggestion.nearest(to: name, in: known).map { "did you mean '\($0)'?" }
    throw ValidationError(
      "There is no command '\(name)'; \(nearest ?? "the commands are \(known.joined(separator: ", ")).")")
  }

  /// What ArgumentParser knows: help and version in full, a slip of the fingers in one line as every other fault,
  /// since the usage of a command with many options would bury it.
  private static func tellUsage(_ error: any Error) -> Int32 {
    let status = exitCode(for: error).rawValue
    guard status != 0 else { exit(withError: error) }
    let text = message(for: error).split(separator: "\n").joined(separator: " ")
    let advice = fullMessage(for: error).split(separator: "\n").last { $0.contains("See '") }
    let more = advice.map { " (\($0.drop { $0 == " " }))" } ?? ""
    Console.message("selva: \(text)\(more)")
    return status
  }
}

/// Thrown when Ctrl-C ended a command that has left everything in order.
struct Interruption: Error {}

extension FaultCategory {
  /// As in `sysexits.h`.
  var exitStatus: Int32 {
    switch self {
    case .badData: 65
    case .missingInput: 66
    case .cannotWrite: 73
    case .inputOutput: 74
    }
  }
}
