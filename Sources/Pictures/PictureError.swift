import Files

/// What is wrong with a picture or a table of pictures. `description` begins with its name.
public struct PictureError: Fault, Equatable {
  public let path: String
  public let problem: String
  public let fix: String

  public init(path: String, problem: String, fix: String) {
    (self.path, self.problem, self.fix) = (path, problem, fix)
  }

  public var category: FaultCategory { .badData }
  public var description: String { "\(shown(path, most: 400)): \(problem); \(fix)" }
}
