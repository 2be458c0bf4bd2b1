import CKernels

/// The processors that a thread may run on.
struct ProcessorMask {
  private(set) var processors = selva_processors()

  /// Those of the calling thread; nil where the system does not tell.
  init?() {
    guard selva_processors_get(&processors) != 0 else { return nil }
  }

  /// The processor that the calling thread runs on; negative where the system does not tell.
  static var current: Int { Int(selva_processor()) }

  /// Holds the calling thread to these.
  func apply() {
    withUnsafePointer(to: processors) { _ = selva_processors_set($0) }
  }

  /// The same without one of them; nil where none would be left.
  func without(_ processor: Int) -> ProcessorMask? {
    var mask = self
    return selva_processors_remove(&mask.processors, Int32(processor)) != 0 ? mask : nil
  }
}
