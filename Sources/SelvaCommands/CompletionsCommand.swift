import ArgumentParser

/// `selva completions`: what a shell needs to complete Selva's commands.
struct CompletionsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completions",
    abstract: "Print the script by which a shell completes commands, options, runs and files.",
    discussion: """
      To have completions in every new shell:
        bash  selva completions bash > ~/.local/share/bash-completion/completions/selva
        zsh   selva completions zsh > ~/.zfunc/_selva   (~/.zfunc being in fpath)
        fish  selva completions fish > ~/.config/fish/completions/selva.fish

      Examples:
        source <(selva completions bash)
      """)

  /// Those that there are scripts for.
  enum Shell: String, ExpressibleByArgument, CaseIterable {
    case bash, zsh, fish

    fileprivate var known: CompletionShell {
      switch self {
      case .bash: .bash
      case .zsh: .zsh
      case .fish: .fish
      }
    }
  }

  @Argument(help: "The shell.")
  var shell: Shell

  func run() throws { try Console.result(SelvaCommand.completionScript(for: shell.known)) }
}
