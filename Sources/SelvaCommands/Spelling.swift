/// Other usual names of options: understood, and not shown, so that help does not drown in them.
enum Spelling {
  static let usual: [String: String] = [
    "--epoch": "--epochs", "--num-epochs": "--epochs", "--batch": "--batch-size", "--bs": "--batch-size",
    "--latent-dim": "--latent", "--latent-size": "--latent", "--z-dim": "--latent",
    "--hidden-dim": "--hidden",
    "--hidden-dims": "--hidden", "--hidden-size": "--hidden", "--hidden-sizes": "--hidden",
    "--wd": "--weight-decay", "--lr-schedule": "--schedule", "--warmup": "--warmup-epochs",
    "--grad-clip": "--clip-norm", "--max-grad-norm": "--clip-norm", "--ema": "--average-decay",
    "--ema-decay": "--average-decay", "--val-fraction": "--validation-fraction",
    "--validation-split": "--validation-fraction", "--iw-samples": "--importance-samples",
    "--early-stopping": "--patience", "--num-threads": "--threads", "--workers": "--threads",
    "--random-seed": "--seed", "--dataset": "--data", "--data-dir": "--data", "--out": "--output",
    "--output-dir": "--output", "--cols": "--columns", "--temp": "--temperature", "--gray": "--grey",
  ]

  /// `--bs 64` and `--bs=64` as `--batch-size` has them.
  static func standard(_ arguments: [String]) -> [String] {
    let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
    return arguments.enumerated().map { index, argument in
      let name = String(argument.prefix { $0 != "=" })
      guard index < end, let known = usual[name] else { return argument }
      return known + argument.dropFirst(name.count)
    }
  }
}
