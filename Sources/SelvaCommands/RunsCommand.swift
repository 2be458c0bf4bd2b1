import ArgumentParser
import Files
import Selva

/// `selva runs`: what lies under runs/.
struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "List runs, the one written last first: data, shape, epochs, best loss, state.",
    discussion: """
      The first of them that has a model is the newest run, which other commands
      take where none is named. Best loss is validation −ELBO in nats per image,
      with its epoch. A run is running, finished, stopped early (by --patience),
      unfinished (selva train --resume goes on with the newest such run) or broken.

      Examples:
        selva runs
        selva runs experiments --json
      """)

  @Argument(
    help: ArgumentHelp("The folder of runs. (default: \(RunDirectory.defaultParent))", valueName: "folder"),
    completion: Offer.folder)
  var folder: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let folder = folder ?? RunDirectory.defaultParent
    guard self.folder == nil || FileKind.isFolder(folder) else {
      throw FileError(.missingInput, path: folder, reason: "is no folder; name one that holds runs")
    }
    let runs = RunDirectory.all(in: folder).map(RunSummary.init)
    if json {
      try Console.result(SettingsJSON.encode(["runs": runs]))
    } else if runs.isEmpty {
      Console.message("no runs in \(folder)")
    } else {
      try Console.result(runs.table.joined(separator: "\n"))
      for run in runs { if let problem = run.problem { Console.message("selva: \(problem)") } }
    }
  }
}
