import ArgumentParser
import Selva

/// How a prior is named on the command line.
enum PriorOption {
  static let standardHidden = ModelSettings(height: 1, width: 1).priorHidden

  static let names = ["--prior", "--prior-hidden"]

  static let help = ArgumentHelp(
    "What latent vectors are drawn from: normal, mixture[:K], vamp[:K] or flow[:L].", valueName: "prior")

  @Sendable static func parse(_ text: String) throws -> Prior {
    guard let prior = Prior(text) else { throw ValidationError(Prior.rule) }
    return prior
  }

  static let hiddenHelp = ModelSettings.widths.help(
    "Widths of the hidden layers of a flow's couplings, or 'none'.", default: SettingText.of(standardHidden),
    "widths")

  /// What would be passed over in silence is refused.
  static func check(_ prior: Prior?, hidden: Widths?) throws {
    if case .flow = prior { return }
    if hidden != nil { throw ValidationError("--prior-hidden goes with --prior flow.") }
  }
}
