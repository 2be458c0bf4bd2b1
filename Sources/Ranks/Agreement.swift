import Files

/// A fault on a rank other than the first, which that rank tells.
package struct RankFault: Fault {
  package let rank: Int
  package let fault: any Error

  package var category: FaultCategory { (fault as? any Fault)?.category ?? .badData }
  package var description: String { "rank \(rank): \(fault)" }
}

/// Thrown where another rank tells what is wrong.
package struct FaultElsewhere: Error {
  package let rank: Int
}

extension RankGroup {
  /// What every rank makes of `body`, which calls none of the group's functions. Where it throws on any rank, all throw:
  /// the first of those that failed what it caught, the others that it was there.
  package func agree<T>(_ body: () throws -> T) throws -> T {
    guard count > 1 else { return try body() }
    let result = Result { try body() }
    let hasFailed = if case .failure = result { 1.0 } else { 0.0 }
    let failures = gathered(hasFailed)
    guard let failed = (0..<count).first(where: { failures[$0, 0] > 0 }) else { return try result.get() }
    guard failed == rank, case .failure(let fault) = result else { throw FaultElsewhere(rank: failed) }
    throw rank == 0 ? fault : RankFault(rank: rank, fault: fault)
  }

  /// What rank 0 alone does, as writing is; all throw where it does.
  package func first(_ body: () throws -> Void) throws {
    try agree { if rank == 0 { try body() } }
  }
}
