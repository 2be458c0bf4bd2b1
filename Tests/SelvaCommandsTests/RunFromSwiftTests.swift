import Foundation
import IDX
import Selva
import Testing

/// Runs that a Swift program begins and the command line goes on with.
@Suite struct RunFromSwiftTests {
  private func settings() -> TrainingSettings {
    var training = TrainingSettings()
    (training.epochs, training.batchSize, training.seed, training.threads) = (3, 8, 5, 1)
    training.validationFraction = 0.25
    return training
  }

  private func run(in folder: String, _ images: ImageSet, test: ImageSet?) throws -> TrainingRun {
    let training = settings()
    return TrainingRun(
      directory: try .create(at: folder), model: ModelSettings(height: 8, width: 6, hidden: [8], latent: 3),
      training: training,
      data: try TrainingData(training: images, validation: test, for: training))
  }

  /// Begins a run, leaves it after an epoch, and goes on with it from the command line.
  private func goOn(_ images: ImageSet, test: ImageSet?, _ place: CommandFolder, _ more: [String] = []) throws
  {
    let whole = try run(in: place.path("whole"), images, test: test)
    var epochs: [Int] = []
    let outcome = try whole.run { event in
      if case .epoch(let row, _) = event { epochs.append(row.epoch) }
    }
    #expect(outcome == .finished && epochs == [1, 2, 3])
    do {
      let stopped = try run(in: place.path("stopped"), images, test: test)
      #expect(try stopped.run(shouldStop: { stopped.metrics.count == 1 }) == .interrupted)
    }
    try place.run(["train", "--resume", "stopped", "--quiet"] + more)
    #expect(try place.picture("stopped/samples.png").raster == place.picture("whole/samples.png").raster)
    for name in ["model.safetensors", "checkpoint.safetensors"] {
      #expect(isSame(place.path("stopped/\(name)"), try place.bytes("whole/\(name)")), "\(name)")
    }
  }

  @Test func theCommandLineGoesOnWithIt() throws {
    let place = try CommandFolder()
    let images = try ImageSet(imagesPath: place.path("data/train-images-idx3-ubyte"))
    let test = try ImageSet(imagesPath: place.path("data/test-images-idx3-ubyte"))
    try goOn(images, test: test, place)
    let data = try jsonObject(try place.bytes("stopped/config.json"))["data"] as? [String: String]
    #expect(
      data == [
        "data": place.path("data/train-images-idx3-ubyte"),
        "test_data": place.path("data/test-images-idx3-ubyte"),
      ])
  }

  @Test func aPartIsHeldOutAgain() throws {
    let place = try CommandFolder()
    try goOn(try ImageSet(imagesPath: place.path("data/test-images-idx3-ubyte")), test: nil, place)
  }

  /// What is in no file has to be named.
  @Test func imagesOfAProgramAreAskedFor() throws {
    let place = try CommandFolder()
    let file = try ImageSet(imagesPath: place.path("data/test-images-idx3-ubyte"))
    let images = ImageSet(values: (0..<file.count).flatMap { file.image($0) }, height: 8, width: 6)
    do {
      let run = try run(in: place.path("memory"), images, test: nil)
      try run.run(shouldStop: { run.metrics.count == 1 })
    }
    let text = try place.fail(66, ["train", "--resume", "memory", "--quiet"])
    #expect(text.contains("memory: is where the run's images were") && text.contains("--data"))
  }
}
