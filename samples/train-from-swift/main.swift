// Trains a small model on a folder of IDX files, says what each epoch came to, and draws from the model.
//
//     swift run -c release TrainFromSwift DATA RUN [EPOCHS]
//
// DATA is a folder such as `data`; RUN is the folder to make, where `selva` finds all that it knows of a run.

import Foundation
import IDX
import ImageGrid
import Selva

/// The training images of a folder, validated on its test images or, where it has none, on a part that is held out.
func images(in folder: String, _ training: TrainingSettings) throws -> TrainingData {
  let files = try ImageFolder(folder)
  return try TrainingData(
    training: ImageSet(imagesPath: files.trainImages),
    validation: files.testImages.map { try ImageSet(imagesPath: $0) }, for: training)
}

/// Trains 400 hidden units on either side of 10 latent components, and returns the model with the least validation loss.
func train(on folder: String, into path: String, epochs: Int) throws -> VAE {
  var training = TrainingSettings()
  training.epochs = epochs
  training.seed = 1
  let data = try images(in: folder, training)
  let shape = data.training.shape
  let model = ModelSettings(
    height: shape.height, width: shape.width, channels: shape.channels, hidden: [400], latent: 10)
  let run = TrainingRun(
    directory: try RunDirectory.create(at: path), model: model, training: training, data: data)
  let outcome = try run.run { event in
    guard case .epoch(let epoch, let isBest) = event else { return }
    let validation = epoch.validationLoss.map { String(format: ", validation %.2f", $0) } ?? ""
    print(
      "epoch \(epoch.epoch): " + String(format: "training %.2f", epoch.trainLoss) + validation
        + " nats an image" + (isBest ? ", the best so far" : ""))
  }
  print("\(outcome): \(run.directory.path)")
  return run.best
}

/// Draws from the prior, as a grid of eight by eight pictures.
func draw(_ model: VAE, to path: String) throws {
  let sheet = SampleSheet(model, rows: 8, columns: 8, seed: 1)
  let style = GridStyle()
    .fitted(cells: 64, columns: 8, width: model.settings.width, height: model.settings.height)
  try PNG.write(Raster.grid(model.pictures(sheet.latents), columns: 8, style: style), to: path)
}

func stop(_ message: String) -> Never {
  FileHandle.standardError.write(Data("TrainFromSwift: \(message)\n".utf8))
  exit(1)
}

let arguments = CommandLine.arguments.dropFirst()
guard (2...3).contains(arguments.count), let epochs = Int(arguments.dropFirst(2).first ?? "10"), epochs > 0
else {
  stop("give a folder of IDX files, one to make, and epochs if you like: TrainFromSwift DATA RUN [EPOCHS]")
}
do {
  let model = try train(on: arguments[1], into: arguments[2], epochs: epochs)
  try draw(model, to: "\(arguments[2])/drawn.png")
} catch {
  // A fault says in one line which file is wrong, where, and what to do.
  stop("\(error)")
}
