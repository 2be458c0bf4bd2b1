import Compute

// The products of a convolution and of a transposed one, which differ in what is forward and what is backward. The
// small map's values at a position and the large map's patch there are related by one weight matrix,
// `[small channels, kernel · kernel · large channels]`.

/// small = patches of large · weightᵀ (+ bias): forward in a convolution, the input's gradient in a transposed one.
struct PatchGather: Sendable {
  private let patches: Patches
  private let large: Matrix
  private let small: Matrix
  private let pieces: LinePieces
  private let gathered: Matrix
  private let product: Product
  private let last: Product

  /// - Parameters:
  ///   - large: `[images, large.count]`, in the element type of the products.
  ///   - small: `[images · positions, small channels]`, float32.
  ///   - images: those to be done.
  ///   - memory: for `LinePieces.floats` floats, which nobody else uses meanwhile.
  init(
    _ patches: Patches, _ large: Matrix, weight: Matrix, bias: Matrix?, into small: Matrix,
    images: Range<Int>, memory: Storage
  ) {
    let pieces = LinePieces(images.lines(patches), of: patches, values: patches.size)
    let gathered = Matrix(
      memory, offset: 0, rows: pieces.length * patches.width, columns: patches.size, type: large.type)
    func product(_ lines: Int) -> Product {
      Product(
        gathered.block(rows: 0..<lines * patches.width), weight, transposeB: true, bias: bias,
        into: small.block(rows: 0..<lines * patches.width))
    }
    self.patches = patches
    self.large = large
    self.small = small
    self.pieces = pieces
    self.gathered = gathered
    self.product = product(pieces.length)
    last = product(pieces.rest)
  }

  func callAsFunction() {
    pieces.each { lines in
      patches.gather(large, lines: lines, values: 0..<patches.size, into: gathered)
      multiply(lines)
    }
  }

  /// The products alone.
  func products() { pieces.each(multiply) }

  private func multiply(_ lines: Range<Int>) {
    let rows = lines.count * patches.width
    (lines.count == pieces.length ? product : last)(
      gathered.block(rows: 0..<rows),
      into: small.block(rows: lines.lowerBound * patches.width..<lines.upperBound * patches.width))
  }

  var operations: Int { patches.operations(pieces, product, last) }
}

/// large = sum of small · weight over the patches that lie on a pixel: forward in a transposed convolution, the input's
/// gradient in a convolution.
struct PatchScatter: Sendable {
  private let patches: Patches
  private let small: Matrix
  private let large: Matrix
  private let pieces: LinePieces
  private let spread: Matrix
  private let product: Product
  private let last: Product

  /// - Parameters:
  ///   - small: `[images · positions, small channels]`, in the element type of the products.
  ///   - large: `[images, large.count]`, float32, to which the sum is added.
  ///   - images: those to be done.
  ///   - memory: as for `PatchGather`.
  init(
    _ patches: Patches, _ small: Matrix, weight: Matrix, into large: Matrix, images: Range<Int>,
    memory: Storage
  ) {
    let pieces = LinePieces(images.lines(patches), of: patches, values: patches.size)
    let spread = Matrix(memory, offset: 0, rows: pieces.length * patches.width, columns: patches.size)
    func product(_ lines: Int) -> Product {
      Product(
        small.block(rows: 0..<lines * patches.width), weight,
        into: spread.block(rows: 0..<lines * patches.width))
    }
    self.patches = patches
    self.small = small
    self.large = large
    self.pieces = pieces
    self.spread = spread
    self.product = product(pieces.length)
    last = product(pieces.rest)
  }

  func callAsFunction() {
    pieces.each { lines in
      multiply(lines)
      patches.scatter(spread, lines: lines, to: large)
    }
  }

  /// The products alone.
  func products() { pieces.each(multiply) }

  private func multiply(_ lines: Range<Int>) {
    let rows = lines.count * patches.width
    (lines.count == pieces.length ? product : last)(
      small.block(rows: lines.lowerBound * patches.width..<lines.upperBound * patches.width),
      into: spread.block(rows: 0..<rows))
  }

  var operations: Int { patches.operations(pieces, product, last) }
}

/// weightGradient = smallᵀ · patches of large, over all images, for some values of the patches.
struct PatchGradient: Sendable {
  private let patches: Patches
  private let small: Matrix
  private let large: Matrix
  private let target: Matrix
  private let values: Range<Int>
  private let pieces: LinePieces
  private let gathered: Matrix
  /// The first piece, those between, and the last one, which add to it.
  private let first: Product
  private let next: Product
  private let last: Product

  /// - Parameters:
  ///   - small, large: as for the other two, in the element type of the products.
  ///   - target: `[small channels, patch size]`, float32, of which the columns `values` are set.
  init(
    _ patches: Patches, _ small: Matrix, _ large: Matrix, into target: Matrix, values: Range<Int>,
    memory: Storage
  ) {
    let pieces = LinePieces((0..<large.rows).lines(patches), of: patches, values: values.count)
    let gathered = Matrix(
      memory, offset: 0, rows: pieces.length * patches.width, columns: values.count, type: large.type)
    let target = target.block(columns: values)
    func product(_ lines: Int, adds: Bool) -> Product {
      let rows = 0..<lines * patches.width
      return Product(
        small.block(rows: rows), transposeA: true, gathered.block(rows: rows), into: target, adds: adds)
    }
    self.patches = patches
    self.small = small
    self.large = large
    self.target = target
    self.values = values
    self.pieces = pieces
    self.gathered = gathered
    first = product(pieces.length, adds: false)
    next = product(pieces.length, adds: true)
    last = product(pieces.rest, adds: true)
  }

  func callAsFunction() {
    pieces.each { lines in
      patches.gather(large, lines: lines, values: values, into: gathered)
      multiply(lines)
    }
  }

  /// The products alone.
  func products() { pieces.each(multiply) }

  private func multiply(_ lines: Range<Int>) {
    let product =
      lines.lowerBound == pieces.lines.lowerBound ? first : lines.count == pieces.length ? next : last
    product(
      small.block(rows: lines.lowerBound * patches.width..<lines.upperBound * patches.width), into: target)
  }

  var operations: Int { patches.operations(pieces, first, last) }
}

extension Range<Int> {
  /// The lines of patches of these images.
  fileprivate func lines(_ patches: Patches) -> Range<Int> {
    lowerBound * patches.height..<upperBound * patches.height
  }
}

extension Patches {
  fileprivate func operations(_ pieces: LinePieces, _ whole: Product, _ last: Product) -> Int {
    (pieces.lines.count - pieces.rest) / pieces.length * whole.operations + last.operations
  }
}
