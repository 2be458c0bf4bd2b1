/// A few numbers of every rank, brought to all: made once, used at every step.
///
/// `@unchecked Sendable`: one caller at a time.
package final class Gathering: @unchecked Sendable {
  private let ranks: any RankGroup
  private let buffer: UnsafeMutableBufferPointer<Double>
  private let exchange: Exchange
  private let width: Int

  /// - Parameter width: numbers a rank.
  package init(_ ranks: any RankGroup, width: Int) {
    let count = ranks.count * width
    let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: count)
    buffer.initialize(repeating: 0)
    // A Double passes as two floats, whose bits nobody looks at.
    let floats = UnsafeMutableRawPointer(buffer.baseAddress!).bindMemory(to: Float.self, capacity: 2 * count)
    (self.ranks, self.buffer, self.width) = (ranks, buffer, width)
    exchange = Exchange(
      sharing: floats, parts: (0..<ranks.count).map { 2 * $0 * width..<2 * ($0 + 1) * width },
      rank: ranks.rank, owners: [])
  }

  deinit { buffer.deallocate() }

  /// Brings `values`, `[width]`, to all.
  package func gather(_ values: some Sequence<Double>) {
    for (i, value) in values.enumerated() { buffer[ranks.rank * width + i] = value }
    ranks.run(exchange)
  }

  /// Begins to bring what was gathered last to all.
  func begin() -> Exchange {
    ranks.begin(exchange)
    return exchange
  }

  /// Value `i` of a rank, as gathered last.
  package subscript(rank: Int, i: Int) -> Double { buffer[rank * width + i] }

  /// Of value `i` over all ranks, in their order: the same on all.
  package func sum(_ i: Int) -> Double { (0..<ranks.count).reduce(0) { $0 + self[$1, i] } }
}

extension RankGroup {
  /// One number of every rank.
  func gathered(_ number: Double) -> Gathering {
    let gathering = Gathering(self, width: 1)
    gathering.gather(CollectionOfOne(number))
    return gathering
  }

  /// Whether any rank says so; the same on all.
  package func any(_ condition: Bool) -> Bool {
    guard count > 1 else { return condition }
    return gathered(condition ? 1 : 0).sum(0) > 0
  }

  /// The number of rank 0, on all.
  package func fromFirst(_ number: Int) -> Int {
    Int(gathered(Double(number))[0, 0])
  }

  /// The bytes of rank 0, on all.
  package func fromFirst(_ bytes: [UInt8]) -> [UInt8] {
    guard count > 1 else { return bytes }
    let length = fromFirst(bytes.count)
    let text = Gathering(self, width: max(1, length))
    text.gather((0..<length).lazy.map { self.rank == 0 ? Double(bytes[$0]) : 0 })
    return (0..<length).map { UInt8(text[0, $0]) }
  }

  /// How many ranks have this number: the same as this rank, which is one of them.
  package func sharers(of place: UInt32) -> Int {
    let places = gathered(Double(place))
    return (0..<count).count { places[$0, 0] == Double(place) }
  }
}
