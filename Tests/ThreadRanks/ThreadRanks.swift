import Compute
import Ranks
import Synchronization

/// One of several ranks that are threads of one process, for tests: what they exchange is copied.
package final class ThreadRanks: RankGroup {
  package let rank: Int
  package let count: Int
  private let board: Board

  private init(_ rank: Int, _ board: Board) {
    (self.rank, self.board, count) = (rank, board, board.count)
  }

  /// An exchange takes place at once, when all ranks have come to it.
  package func begin(_ exchange: Exchange) { board.run(exchange, rank: rank) }
  package func finish(_ exchange: Exchange) {}

  /// What each of so many ranks makes of `body`, in their order.
  package static func run<T: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (any RankGroup) throws -> T
  ) -> [Result<T, any Error>] {
    let board = Board(count)
    let results = Mutex([Int: Result<T, any Error>]())
    let condition = Condition()
    for rank in 0..<count {
      BackgroundThread.start {
        let result = Result { try body(ThreadRanks(rank, board)) }
        condition.change { results.withLock { $0[rank] = result } }
      }
    }
    condition.wait { results.withLock { $0.count == count } }
    return results.withLock { results in (0..<count).map { results[$0]! } }
  }
}

/// Where the exchanges of all ranks lie beside one another. `@unchecked Sendable`: the condition guards it.
private final class Board: @unchecked Sendable {
  let count: Int
  private let condition = Condition()
  private var exchanges: [Exchange?]
  private var (arrived, round) = (0, 0)

  init(_ count: Int) {
    self.count = count
    exchanges = Array(repeating: nil, count: count)
  }

  func run(_ exchange: Exchange, rank: Int) {
    condition.change { exchanges[rank] = exchange }
    meet()
    for other in 0..<count where other != rank {
      guard let theirs = exchanges[other] else { preconditionFailure("rank \(other) has begun nothing") }
      let width = Int(exchange.receivedCounts[other])
      precondition(
        Int(theirs.sentCounts[rank]) == width, "\(theirs.sentCounts[rank]) sent, \(width) expected")
      (exchange.received + Int(exchange.receivedPlaces[other]))
        .update(from: theirs.sent + Int(theirs.sentPlaces[rank]), count: width)
    }
    // What was sent may change from here on.
    meet()
  }

  private func meet() {
    var mine = 0
    condition.change {
      mine = round
      arrived += 1
      if arrived == count { (arrived, round) = (0, round + 1) }
    }
    condition.wait { round != mine }
  }
}
