import Compute
import IDX
import Networks
import Ranks

/// How long a step of several ranks takes, from what its parts take on this machine and an α-β model of the network
/// (Hockney 1994): a message of n bytes takes α + n / β seconds. Follows `RankedUpdate` event by event.
package struct RankedPrediction: Sendable {
  /// Seconds of one rank's step, without any exchange.
  package struct Parts: Sendable {
    /// Until the decoder's gradients are known.
    package var decoder: Double
    /// From there until the others are.
    package var others: Double
    /// Adam over all parameters.
    package var optimizer: Double

    package init(decoder: Double, others: Double, optimizer: Double) {
      (self.decoder, self.others, self.optimizer) = (decoder, others, optimizer)
    }
  }

  /// Parameters, of the decoder and of all else.
  package var (decoder, others): (Int, Int)
  /// α, in seconds.
  package var latency: Double
  /// β, in bytes a second.
  package var bandwidth: Double

  package init(decoder: Int, others: Int, latency: Double, bandwidth: Double) {
    (self.decoder, self.others) = (decoder, others)
    (self.latency, self.bandwidth) = (latency, bandwidth)
  }

  /// Seconds of one step.
  package func seconds(_ parts: Parts, ranks: Int) -> Double {
    guard ranks > 1 else { return parts.decoder + parts.others + parts.optimizer }
    let share = parts.optimizer / Double(ranks) / Double(decoder + others)
    let (first, second) = (exchange(decoder, ranks: ranks), exchange(others, ranks: ranks))
    // The decoder's gradients travel while the others are reckoned.
    let firstGradients = parts.decoder + first
    let reckoned = parts.decoder + parts.others
    let secondGradients = max(firstGradients, reckoned) + second
    // Each piece's weights leave when they have moved, and one exchange is under way at a time.
    let firstMoved = max(firstGradients, reckoned) + share * Double(decoder)
    let firstWeights = max(firstMoved, secondGradients) + first
    let secondMoved = max(firstMoved, secondGradients) + share * Double(others)
    let secondWeights = max(secondMoved, firstWeights) + second
    // And what ranks tell one another of the step.
    return secondWeights + Double(ranks - 1) * latency
  }

  /// Of what each rank sends to each other one of a piece: gradients for the part that the other owns, or the weights of
  /// its own.
  private func exchange(_ parameters: Int, ranks: Int) -> Double {
    Double(ranks - 1) * (latency + 4 * Double(parameters) / Double(ranks) / bandwidth)
  }
}

extension StepBenchmark {
  /// Training speed with a number of ranks.
  package struct Scaling: Codable, Sendable {
    package var ranks: Int
    /// The batch split among the ranks.
    package var strong: Speed
    /// A whole batch for each rank.
    package var weak: Speed
  }

  package struct Speed: Codable, Sendable {
    package var imagesPerSecond: Double
    /// Against as many times one rank's speed.
    package var efficiency: Double

    private enum CodingKeys: String, CodingKey {
      case imagesPerSecond = "images_per_second"
      case efficiency
    }
  }

  /// What this machine and a network of such a latency (seconds) and bandwidth (bytes a second) come to, for each of
  /// `ranks`, from 1 on.
  package func predict(
    _ images: ImageSet, threads: Int, ranks: [Int], latency: Double, bandwidth: Double
  ) -> [Scaling] {
    let batch = min(training.batchSize, images.count)
    let layout = ModelLayout(model)
    let decoder = layout.range(of: .decoder).count
    let prediction = RankedPrediction(
      decoder: decoder, others: layout.parameters.count - decoder, latency: latency, bandwidth: bandwidth)
    let whole = parts(images, threads: threads, batch: batch)
    let one = Double(batch) / prediction.seconds(whole, ranks: 1)
    return ranks.map { count in
      let share =
        count == 1 ? whole : parts(images, threads: threads, batch: max(1, (batch + count - 1) / count))
      let strong = Double(batch) / prediction.seconds(share, ranks: count)
      let weak = Double(batch * count) / prediction.seconds(whole, ranks: count)
      func speed(_ value: Double) -> Speed {
        Speed(imagesPerSecond: value, efficiency: value / one / Double(count))
      }
      return Scaling(ranks: count, strong: speed(strong), weak: speed(weak))
    }
  }

  private func parts(_ images: ImageSet, threads: Int, batch: Int) -> RankedPrediction.Parts {
    let timer = timer(images, threads: threads, batch: batch)
    timer.warmUp()
    let each = timer.repetitions(for: seconds / Double(rounds))
    let times = (0..<rounds).map { _ in timer.parts(each) }
    let medians = (0..<3).map { part in median(times.map { $0[part] }) }
    return RankedPrediction.Parts(decoder: medians[0], others: medians[1], optimizer: medians[2])
  }

  /// Numbers of ranks up to `most`: powers of two, and it.
  package static func rankCounts(upTo most: Int) -> [Int] {
    Array(sequence(first: 1) { $0 * 2 }.prefix { $0 < most }) + [most]
  }

  /// What ranks that run together come to.
  package struct Measurement: Codable, Sendable {
    package var ranks: Int
    package var threads: Int
    package var imagesPerSecond: Double
    /// Seconds of the shortest exchange, and bytes a second of a long one: α and β of the network between the ranks.
    package var latency: Double
    package var bandwidth: Double

    private enum CodingKeys: String, CodingKey {
      case ranks, threads, latency, bandwidth
      case imagesPerSecond = "images_per_second"
    }
  }

  /// Steps of all ranks together; all call this.
  package func measure(_ images: ImageSet, threads: Int, ranks: any RankGroup) -> Measurement {
    let batch = min(training.batchSize, images.count)
    let timer = timer(images, threads: threads, batch: batch)
    timer.trainer.ranks = ranks
    _ = timer.step(3)
    let each = ranks.fromFirst(timer.repetitions(for: seconds / Double(rounds)))
    let steps = (0..<rounds).map { _ in timer.step(each) }
    let (short, long) = (time(floats: 2, ranks), time(floats: 1 << 20, ranks))
    let peers = Double(max(1, ranks.count - 1))
    return Measurement(
      ranks: ranks.count, threads: threads, imagesPerSecond: Double(batch) / median(steps),
      latency: short / peers, bandwidth: Double(4 << 20) * peers / max(long - short, 1e-9))
  }

  /// Of an exchange in which each rank sends so many floats to each other one.
  private func time(floats: Int, _ ranks: any RankGroup) -> Double {
    let buffer = Storage(byteCount: ranks.count * floats * 4)
    let exchange = Exchange(
      sharing: ParameterStore.floats(buffer).baseAddress!,
      parts: (0..<ranks.count).map { $0 * floats..<($0 + 1) * floats }, rank: ranks.rank, owners: [buffer])
    return median(
      (0..<21).map { _ in
        let clock = Stopwatch()
        ranks.run(exchange)
        return clock.seconds
      })
  }
}
