import CCairo
import Files

/// What keeps a chart from being drawn.
public enum ChartError: Fault, Equatable {
  /// The library that draws is not on this machine.
  case noCairo(reason: String)
  /// The library gave up on the file at `path`.
  case cannotDraw(path: String, reason: String)

  public var category: FaultCategory { .cannotWrite }

  public var description: String {
    switch self {
    case .noCairo(let reason):
      "\(Cairo.file): charts cannot be drawn (\(reason)); install Cairo, on Debian and Ubuntu the package libcairo2"
    case .cannotDraw(let path, let reason): "\(path): the chart cannot be drawn: \(reason)"
    }
  }
}

/// Cairo's functions, loaded when first asked for: see the shim.
enum Cairo {
  #if canImport(Darwin)
    static let file = "libcairo.2.dylib"
  #else
    static let file = "libcairo.so.2"
  #endif

  private struct Loaded: @unchecked Sendable {
    // Written once, before anyone else sees it.
    let result: Result<selva_cairo, ChartError>
  }

  private static let loaded: Loaded = {
    var functions = selva_cairo()
    if let reason = selva_cairo_load(file, &functions) {
      return Loaded(result: .failure(.noCairo(reason: String(cString: reason))))
    }
    return Loaded(result: .success(functions))
  }()

  /// - Throws: `ChartError.noCairo`.
  static func functions() throws -> selva_cairo { try loaded.result.get() }
}
