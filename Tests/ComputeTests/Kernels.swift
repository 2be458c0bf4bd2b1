import CKernelVariants
import Testing

/// One version of the kernels: the library's own choice, or that for one kind of processor.
///
/// `@unchecked Sendable`: a pointer to a constant of C.
@dynamicMemberLookup
struct Kernels: CustomTestStringConvertible, @unchecked Sendable {
  private let table: UnsafePointer<selva_kernels>

  /// Those that this processor runs, the library's first.
  static let all: [Kernels] = (0...).lazy.map { selva_kernel_variant(Int32($0)) }.prefix { $0 != nil }
    .compactMap { $0.map(Kernels.init(table:)) }

  var testDescription: String { String(cString: table.pointee.name) }

  subscript<Function>(dynamicMember member: KeyPath<selva_kernels, Function?>) -> Function {
    table.pointee[keyPath: member]!
  }
}

/// Plain code runs everywhere, so there are always two.
@Test func `there are versions of the kernels to try`() {
  let names = Kernels.all.map(\.testDescription)
  #expect(names.starts(with: ["library", "default"]))
}
