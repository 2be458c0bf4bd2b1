import Ranks

/// What a person has asked for meanwhile.
struct StepWishes {
  let stop: Bool
  let save: Bool
}

/// What ranks tell one another after a step, so that all go on alike.
struct StepNotes {
  private let ranks: any RankGroup
  private let gathering: Gathering

  init(_ ranks: any RankGroup) {
    self.ranks = ranks
    gathering = Gathering(ranks, width: 7)
  }

  /// The sums of all ranks, and what is wished on any.
  ///
  /// - Parameter sums: nil where the images were changed underway.
  /// - Returns: nil where they were so on any rank; wishes are asked for only where they were not.
  func share(_ sums: LossSums?, _ wishes: () -> StepWishes) -> (LossSums, StepWishes)? {
    guard ranks.count > 1 else { return sums.map { ($0, wishes()) } }
    let (own, wishes) = (sums ?? LossSums(), wishes())
    gathering.gather([
      sums == nil ? 1 : 0, own.objective, own.reconstruction, own.kl, Double(own.images), wishes.stop ? 1 : 0,
      wishes.save ? 1 : 0,
    ])
    guard gathering.sum(0) == 0 else { return nil }
    var total = LossSums()
    total.objective = gathering.sum(1)
    total.reconstruction = gathering.sum(2)
    total.kl = gathering.sum(3)
    total.images = Int(gathering.sum(4))
    return (total, StepWishes(stop: gathering.sum(5) > 0, save: gathering.sum(6) > 0))
  }
}
