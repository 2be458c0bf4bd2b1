import Compute

/// Which rows of a batch each worker takes: one or more contiguous blocks, the same for every layer.
package struct RowSplit: Sendable {
  /// By worker.
  package let blocks: [[Range<Int>]]
  package let count: Int

  private init(blocks: [[Range<Int>]], count: Int) {
    self.blocks = blocks
    self.count = count
  }

  /// `count` rows in as many parts as there are workers.
  package init(_ count: Int, workers: Int) {
    self.init(
      blocks: (0..<workers).map { [Worker.share(of: count, index: $0, count: workers)] }, count: count)
  }

  /// All rows for one worker.
  package init(_ count: Int) { self.init(count, workers: 1) }

  /// Every row repeated `times` in a row.
  package func repeated(_ times: Int) -> RowSplit {
    RowSplit(
      blocks: blocks.map { $0.map { $0.lowerBound * times..<$0.upperBound * times } }, count: count * times)
  }

  /// `more` rows after these, split by themselves: which worker takes a row of these does not change.
  package func followed(by more: Int) -> RowSplit {
    let tail = RowSplit(more, workers: blocks.count)
    return RowSplit(
      blocks: zip(blocks, tail.blocks).map { mine, added in
        mine + added.map { $0.lowerBound + count..<$0.upperBound + count }
      }, count: count + more)
  }

  package var workers: Int { blocks.count }
}

/// What each row of a batch stands for, set before every step: dropout's random numbers and classes belong to
/// what a row stands for, not to its place.
///
/// `@unchecked Sendable`: set before the workers start, and only read by them.
package final class RowTags: @unchecked Sendable {
  /// The class of a row that has none.
  package static let noClass: Int32 = -1

  package let numbers: UnsafeMutableBufferPointer<Int32>
  package let classes: UnsafeMutableBufferPointer<Int32>
  package var epoch = 0
  package let seed: UInt64

  package init(count: Int, seed: UInt64) {
    self.seed = seed
    numbers = .allocate(capacity: count)
    classes = .allocate(capacity: count)
    numbers.initialize(repeating: 0)
    classes.initialize(repeating: RowTags.noClass)
  }

  deinit {
    numbers.deallocate()
    classes.deallocate()
  }
}
