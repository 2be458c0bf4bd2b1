import Files
import Ranks
import Testing
import ThreadRanks

private struct Wrong: Fault, Equatable {
  var category: FaultCategory { .cannotWrite }
  var description: String { "wrong" }
}

@Suite struct RankGroupTests {
  @Test func numbersOfAllComeToAllInTheirOrder() throws {
    let found = ThreadRanks.run(3) { ranks in
      let gathering = Gathering(ranks, width: 2)
      gathering.gather([Double(ranks.rank) + 0.1, -Double(ranks.rank)])
      return (0..<3).map { [gathering[$0, 0], gathering[$0, 1]] } + [[gathering.sum(0), gathering.sum(1)]]
    }
    for result in found {
      #expect(try result.get() == [[0.1, 0], [1.1, -1], [2.1, -2], [0.1 + 1.1 + 2.1, -3]])
    }
  }

  @Test func bytesOfTheFirstComeToAll() throws {
    for text in ["runs/a b", ""] {
      for result in ThreadRanks.run(3, { $0.fromFirst($0.rank == 0 ? Array(text.utf8) : [1, 2]) }) {
        #expect(try result.get() == Array(text.utf8))
      }
    }
    #expect(SoleRank().fromFirst([7]) == [7])
  }

  @Test func sharersAreCounted() throws {
    let found = ThreadRanks.run(4) { $0.sharers(of: $0.rank == 2 ? 7 : 9) }
    #expect(try found.map { try $0.get() } == [3, 3, 1, 3])
    #expect(SoleRank().sharers(of: 1) == 1)
  }

  @Test func theNumberOfTheFirstComesToAll() throws {
    for result in ThreadRanks.run(3, { $0.fromFirst(5 + $0.rank) }) { #expect(try result.get() == 5) }
    #expect(SoleRank().fromFirst(4) == 4)
  }

  @Test(arguments: [nil, 0, 2]) func anyOneCounts(_ who: Int?) throws {
    for result in ThreadRanks.run(3, { $0.any($0.rank == who) }) { #expect(try result.get() == (who != nil)) }
    #expect(SoleRank().any(true) && !SoleRank().any(false))
  }

  @Test func aFaultEndsAllAndIsToldByTheFirstThatHasIt() {
    let found = ThreadRanks.run(4) { ranks in
      try ranks.agree { if ranks.rank >= 2 { throw Wrong() } }
    }
    for rank in [0, 1, 3] {
      guard case .failure(let error as FaultElsewhere) = found[rank] else {
        Issue.record("rank \(rank): \(found[rank])")
        continue
      }
      #expect(error.rank == 2)
    }
    guard case .failure(let fault as RankFault) = found[2] else {
      Issue.record("\(found[2])")
      return
    }
    #expect(fault.description == "rank 2: wrong")
    #expect(fault.category == .cannotWrite)
  }

  @Test func theFirstRanksFaultIsAsIfItWereAlone() {
    let found = ThreadRanks.run(2) { ranks in try ranks.first { throw Wrong() } }
    guard case .failure(let first) = found[0], case .failure(let second) = found[1] else {
      Issue.record("\(found)")
      return
    }
    #expect(first as? Wrong == Wrong())
    #expect((second as? FaultElsewhere)?.rank == 0)
  }

  @Test func theFirstDoesWhatOneDoes() throws {
    let found = ThreadRanks.run(3) { ranks in
      var isDone = false
      try ranks.first { isDone = true }
      return isDone
    }
    #expect(try found.map { try $0.get() } == [true, false, false])
    #expect(
      try ThreadRanks.run(2) { ranks in try ranks.agree { ranks.rank } }.map { try $0.get() } == [0, 1])
  }

  @Test func whatIsBeforeOthersStaysWhereItIs() throws {
    // Two floats of rank 0, none of rank 1, one of rank 2.
    let parts = [0..<2, 2..<2, 2..<3]
    for result in ThreadRanks.run(
      3,
      { ranks in
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: 3)
        defer { buffer.deallocate() }
        buffer.initialize(repeating: -1)
        for i in parts[ranks.rank] { buffer[i] = Float(10 * ranks.rank + i) }
        ranks.run(Exchange(sharing: buffer.baseAddress!, parts: parts, rank: ranks.rank, owners: []))
        return Array(buffer)
      })
    {
      #expect(try result.get() == [0, 1, 22])
    }
  }
}
