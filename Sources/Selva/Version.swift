/// Which Selva this is. Models, runs and pictures carry it.
public enum Version {
  public static let current = "1.1.0"
}
