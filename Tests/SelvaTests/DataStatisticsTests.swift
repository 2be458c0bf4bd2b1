import IDX
import Testing

@testable import Selva

@Test func `each pixel is centred on its own mean, all are scaled by one deviation`() {
  // The first pixel is always 0.25; the second takes 0 and 1 in turns.
  let images = ImageSet(values: [0.25, 0, 0.25, 1, 0.25, 0, 0.25, 1], height: 1, width: 2)
  let statistics = DataStatistics(images)
  #expect(statistics.inputMean == [0.25, 0.5])
  let deviation = Float((0.25 / 2).squareRoot())
  #expect(statistics.inputStandardDeviation.allSatisfy { abs($0 - deviation) < 1e-6 })
  let some = DataStatistics(images, indices: [1, 3])
  #expect(some.inputMean == [0.25, 1])
}

/// A pixel is in [0, 1], so that no input is further from 0 than 1 over the deviation.
@Test func `images that are all alike leave other images inputs of 50 at most`() {
  let statistics = DataStatistics(ImageSet(values: [0.25, 0.5, 0.25, 0.5], height: 1, width: 2))
  #expect(statistics.inputStandardDeviation == [0.02, 0.02])
}
