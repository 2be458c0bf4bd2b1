/// Which Selva this is. Models, runs and pictures carry it.
public enum Version {
  /// Major, minor and patch.
  public static let current = "1.1.0"
}
