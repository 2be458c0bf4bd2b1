import Charts
import Selva
import Testing

@Suite struct RunCurvesTests {
  /// Epochs 1, 2, … with these validation losses, a KL divergence of `kl`, and training losses 1 below.
  private func metrics(_ losses: [Double?], kl: Double = 20) -> [EpochMetrics] {
    losses.enumerated().map { index, loss in
      EpochMetrics(
        epoch: index + 1, trainLoss: (loss ?? 50) - 1, trainReconstruction: (loss ?? 50) - 1 - kl,
        trainKL: kl,
        validationLoss: loss, validationReconstruction: loss.map { $0 - kl },
        validationKL: loss.map { _ in kl },
        learningRate: 1e-3, seconds: 1, imagesPerSecond: 1)
    }
  }

  @Test func oneRunShowsBothSetsAndItsBestEpoch() throws {
    let figure = RunCurves.figure([("001", metrics([100, 90.126, 95]))])
    #expect(figure.title == "Training of 001")
    #expect(figure.subtitle.hasPrefix("least validation loss: 90.13 nats in epoch 2; "))
    try #require(figure.panels.count == 2)
    let (loss, parts) = (figure.panels[0], figure.panels[1])
    #expect(loss.series.map(\.name) == ["validation", "training"])
    #expect(loss.series[0].points.map(\.y) == [100, 90.126, 95])
    #expect(loss.series[1].points.map(\.y) == [99, 89.126, 94])
    #expect(loss.series.map(\.dashed) == [false, true])
    let mark = try #require(loss.marks.first)
    #expect(loss.marks.count == 1 && mark.x == 2 && mark.y == 90.126 && mark.label == "90.13")
    #expect(parts.rules.map(\.label) == ["best epoch 2"] && parts.rules[0].value == 2)
    #expect(parts.series.map { $0.points[0].y } == [80, 20, 79, 20])
    #expect(parts.yScale == .linear)
    #expect(RunCurves.figure([("", metrics([1]))]).title == "Training")
  }

  @Test func partsFarApartHaveALogarithmicAxis() {
    #expect(RunCurves.figure([("a", metrics([28_000, 27_000], kl: 50))]).panels[1].yScale == .logarithmic)
  }

  @Test func aRunWithoutValidationShowsItsTraining() {
    let figure = RunCurves.figure([("a", metrics([nil, nil]))])
    #expect(figure.panels[0].series.map(\.name) == ["training"] && figure.panels[0].marks.isEmpty)
    #expect(figure.panels[1].series.count == 2)
    let both = RunCurves.figure([("a", metrics([nil])), ("b", metrics([50]))])
    #expect(both.panels[0].series.map(\.name) == ["a (training)", "b"])
    #expect(both.panels[0].series.map { $0.points[0].y } == [49, 50])
  }

  @Test func runsLieOverOneAnotherInColoursOfTheirOwn() {
    let figure = RunCurves.figure([("a", metrics([3, 2])), ("b", metrics([5, 4, 6], kl: 1))])
    #expect(figure.panels[0].series.map(\.color) == [0, 1])
    #expect(figure.panels[0].marks.map(\.x) == [2, 2] && figure.panels[0].marks.map(\.series) == [0, 1])
    #expect(figure.panels[1].series.map(\.color) == [0, 0, 1, 1])
    #expect(figure.panels[1].series.map(\.dashed) == [false, true, false, true])
  }
}
