import ArgumentParser
import Selva

/// How a prior is named on the command line.
enum PriorOption {
  static let standardHidden = SettingOption.standardModel.priorHidden

  static let names = ["--prior", "--prior-hidden", "--prior-activation"]

  static let help = ArgumentHelp(
    "What latent vectors are drawn from: normal, mixture[:K], vamp[:K] or flow[:L].", valueName: "prior")

  @Sendable static func parse(_ text: String) throws -> Prior {
    guard let prior = Prior(text) else { throw ValidationError(Prior.rule) }
    return prior
  }

  static let hiddenHelp = ModelSettings.widths.help(
    "Widths of the hidden layers of a flow's couplings, or 'none'.", default: SettingText.of(standardHidden),
    "widths")

  static let activationHelp = SettingOption.help(
    "The function between the layers of a flow's couplings.", SettingOption.standardModel.priorActivation)

  /// After a model's layers: nothing for N(0, I).
  static func told(of model: ModelSettings) -> String {
    switch model.prior {
    case .normal: ""
    case .mixture, .vamp: ", prior \(model.prior.text)"
    case .flow:
      ", prior \(model.prior.text) of \(SettingText.of(model.priorHidden)) \(model.priorActivation.rawValue)"
    }
  }

  /// What would be passed over in silence is refused.
  static func check(_ prior: Prior?, hidden: Widths?, activation: Activation?) throws {
    if case .flow = prior { return }
    let given = [("--prior-hidden", hidden != nil), ("--prior-activation", activation != nil)]
    if let option = given.first(where: \.1)?.0 {
      throw ValidationError("\(option) goes with --prior flow.")
    }
  }
}
