import Testing

@testable import Charts

@Suite struct ChartScaleTests {
  private static func labels(
    _ low: Double, _ high: Double, limit: Int = 8, logarithmic: Bool = false, whole: Bool = false
  ) -> [String] {
    ChartScale([low, high], isLogarithmic: logarithmic, margin: 0).ticks(limit: limit, isWhole: whole)
      .map(\.label)
  }

  @Test func marksAreRound() {
    #expect(ChartScaleTests.labels(0, 1, limit: 6) == ["0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(ChartScaleTests.labels(0, 1, limit: 5) == ["0", "0.25", "0.50", "0.75", "1.00"])
    #expect(
      ChartScaleTests.labels(101.3, 118.9) == ["102.5", "105.0", "107.5", "110.0", "112.5", "115.0", "117.5"])
    #expect(ChartScaleTests.labels(-3, 3, limit: 4) == ["-2", "0", "2"])
    #expect(ChartScaleTests.labels(-0.004, 0.004, limit: 5) == ["-0.004", "-0.002", "0", "0.002", "0.004"])
  }

  @Test func wholeAxesHaveWholeMarks() {
    #expect(ChartScaleTests.labels(1, 3, whole: true) == ["1", "2", "3"])
    #expect(ChartScaleTests.labels(1, 12, limit: 5, whole: true) == ["3", "6", "9", "12"])
    #expect(ChartScaleTests.labels(1, 40, whole: true) == ["5", "10", "15", "20", "25", "30", "35", "40"])
  }

  @Test func largeAndSmallNumbersStayShort() {
    #expect(ChartScaleTests.labels(0, 60_000, limit: 4) == ["0", "20k", "40k", "60k"])
    #expect(ChartScaleTests.labels(0, 12_000_000, limit: 4) == ["0", "5M", "10M"])
    #expect(ChartScaleTests.labels(20_001, 20_009, limit: 4) == ["20002", "20004", "20006", "20008"])
    #expect(ChartScaleTests.labels(0, 4e12, limit: 5) == ["0", "1e12", "2e12", "3e12", "4e12"])
    #expect(ChartScaleTests.labels(0, 0.00002, limit: 5) == ["0", "0.5e-5", "1.0e-5", "1.5e-5", "2.0e-5"])
  }

  @Test func logarithmicMarks() {
    #expect(ChartScaleTests.labels(1, 100, logarithmic: true) == ["1", "2", "5", "10", "20", "50", "100"])
    #expect(
      ChartScaleTests.labels(1, 100_000, limit: 6, logarithmic: true)
        == ["1", "10", "100", "1k", "10k", "100k"])
    #expect(ChartScaleTests.labels(1e-6, 1, limit: 4, logarithmic: true) == ["1e-6", "0.0001", "0.01", "1"])
    // Less than a decade: plain steps say more.
    #expect(
      ChartScaleTests.labels(100, 200, limit: 6, logarithmic: true) == [
        "100", "120", "140", "160", "180", "200",
      ])
  }

  @Test func placesFollowTheScale() {
    let linear = ChartScale([10, 20], isLogarithmic: false, margin: 0.1)
    #expect((linear.low, linear.high) == (9, 21))
    #expect(linear.fraction(15) == 0.5)
    let logarithmic = ChartScale([1, 100], isLogarithmic: true, margin: 0)
    #expect(abs(logarithmic.fraction(10) - 0.5) < 1e-12)
    #expect(!logarithmic.shows(0) && !logarithmic.shows(-1) && logarithmic.shows(0.1))
    #expect(!linear.shows(.nan) && !linear.shows(.infinity) && linear.shows(-1))
  }

  @Test(arguments: [
    [], [5], [5, 5], [0], [.nan, .infinity], [1e300, -1e300], [.greatestFiniteMagnitude, 0],
    [.leastNonzeroMagnitude, 0],
    [1e15, 1e15 + 1], [-7, -7],
  ])
  func noInputBreaksAnAxis(_ values: [Double]) {
    for logarithmic in [false, true] {
      let scale = ChartScale(values, isLogarithmic: logarithmic, margin: 0.05)
      #expect(scale.low < scale.high)
      #expect(scale.low.isFinite && scale.high.isFinite)
      for limit in 1...12 {
        let ticks = scale.ticks(limit: limit)
        #expect(ticks.count <= limit)
        #expect(ticks.allSatisfy { (-1e-6...1 + 1e-6).contains(scale.fraction($0.value)) })
      }
    }
  }

  @Test func marksNeverExceedTheLimitNorRepeat() {
    for step in 1...400 {
      let high = 0.37 * Double(step) * Double(step)
      for limit in 2...11 {
        let labels = ChartScaleTests.labels(-0.1 * Double(step), high, limit: limit)
        #expect((1...limit).contains(labels.count))
        #expect(Set(labels).count == labels.count)
      }
    }
  }
}
