import ArgumentParser

/// `selva completions`: what a shell needs to complete Selva's commands.
struct CompletionsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completions",
    abstract: "Print the script by which a shell completes commands, options, runs and files.",
    discussion: """
      Every new shell has them where the script lies in
        bash  ~/.local/share/bash-completion/completions/selva
        zsh   ~/.zfunc/_selva, with ~/.zfunc in fpath
        fish  ~/.config/fish/completions/selva.fish

      Examples:
        source <(selva completions bash)
        selva completions zsh > ~/.zfunc/_selva
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
