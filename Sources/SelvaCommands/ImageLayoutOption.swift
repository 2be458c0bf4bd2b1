import ArgumentParser
import IDX

extension ImageLayout: ExpressibleByArgument {
  /// For the help of `--layout`.
  static let help: ArgumentHelp =
    "Where a file of four sizes has its channels, of which there are 1 or 3; left out, told by which side is 1 or 3."
}
