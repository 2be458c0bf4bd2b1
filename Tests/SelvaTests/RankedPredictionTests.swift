import Testing

@testable import Selva

/// Worked out by hand.
@Suite struct RankedPredictionTests {
  /// 1 s until the decoder's gradients, 2 s for the others, 4 s of Adam; 10 and 30 parameters.
  private let parts = RankedPrediction.Parts(decoder: 1, others: 2, optimizer: 4)

  private func prediction(latency: Double, bandwidth: Double) -> RankedPrediction {
    RankedPrediction(decoder: 10, others: 30, latency: latency, bandwidth: bandwidth)
  }

  private func isNear(_ a: Double, _ b: Double) -> Bool { abs(a - b) < 1e-12 * b }

  @Test func oneRankExchangesNothing() {
    #expect(prediction(latency: 5, bandwidth: 1).seconds(parts, ranks: 1) == 7)
  }

  @Test func aFreeNetworkSplitsTheOptimizer() {
    let free = prediction(latency: 0, bandwidth: .infinity)
    #expect(isNear(free.seconds(parts, ranks: 2), 3 + 2))
    #expect(isNear(free.seconds(parts, ranks: 8), 3 + 0.5))
  }

  /// Two ranks: 20 and 60 bytes go each way, at 40 bytes a second: 0.5 s and 1.5 s. The decoder's gradients are there
  /// after 1.5 s, all are reckoned after 3 s, and the others' gradients there after 4.5 s. Adam takes 0.5 s and 1.5 s: the
  /// decoder's weights moved after 3.5 s, and are everywhere after 5 s, when the others' gradients have left the network
  /// to them; the others' moved after 6 s, and are everywhere after 7.5 s.
  @Test func exchangesFollowOneAnother() {
    #expect(isNear(prediction(latency: 0, bandwidth: 40).seconds(parts, ranks: 2), 7.5))
  }

  /// As before, with 0.1 s more for each of four exchanges, of which that of the decoder's gradients costs nothing, and
  /// that of its weights neither, since Adam is at the others' meanwhile; and once for the notes.
  @Test func latencyCountsWhereSomebodyWaits() {
    #expect(isNear(prediction(latency: 0.1, bandwidth: 40).seconds(parts, ranks: 2), 7.5 + 0.1 + 0.1 + 0.1))
  }

  /// Four ranks: 10 bytes go to each of three others, 0.75 s; 30 bytes, 2.25 s. Slower than the encoder where that takes
  /// 0.1 s: gradients after 1.75 s and 4 s, weights after 4.75 s; the others moved after 4.75 s, everywhere after 7 s.
  @Test func aSlowNetworkHoldsTheStepUp() {
    let parts = RankedPrediction.Parts(decoder: 1, others: 0.1, optimizer: 4)
    #expect(isNear(prediction(latency: 0, bandwidth: 40).seconds(parts, ranks: 4), 7))
  }

  /// A large decoder and a free Adam: its gradients take 1.5 s and are there after 2.5 s, the others' 0.5 s and after
  /// 3.5 s. Only then can its weights leave, which are everywhere after 5 s, and the others' after 5.5 s.
  @Test func oneExchangeIsUnderWayAtATime() {
    let prediction = RankedPrediction(decoder: 30, others: 10, latency: 0, bandwidth: 40)
    let parts = RankedPrediction.Parts(decoder: 1, others: 2, optimizer: 0)
    #expect(isNear(prediction.seconds(parts, ranks: 2), 5.5))
  }

  @Test func ranksAreDoubledUpToTheMost() {
    #expect(StepBenchmark.rankCounts(upTo: 1) == [1])
    #expect(StepBenchmark.rankCounts(upTo: 2) == [1, 2])
    #expect(StepBenchmark.rankCounts(upTo: 6) == [1, 2, 4, 6])
    #expect(StepBenchmark.rankCounts(upTo: 64) == [1, 2, 4, 8, 16, 32, 64])
  }
}
