import Compute
import IDX
import Networks

// What the matrices of a piece of work add up to, beside the code that makes them. In floating point, since sizes
// that no machine holds have to be reckoned too.

extension Reparameterization {
  static func byteCount(images: Int, samples: Double, latent: Int, type: ElementType) -> Double {
    let plain = Matrix.byteCount(images, latent)
    return plain + samples * (2 * plain + (type == .bfloat16 ? Matrix.byteCount(images, latent, type) : 0))
  }
}

extension EncoderPass {
  static func byteCount(
    _ layout: ModelLayout, pixels: Int, rows: Int, type: ElementType = .float32, hasDropout: Bool = false,
    learns: Bool = false
  ) -> Double {
    Matrix.byteCount(rows, pixels, type)
      + layout.encoder.byteCount(rows: rows, type: type, hasDropout: hasDropout, learns: learns)
  }
}

extension ForwardPass {
  /// - Parameter rows: of the decoder, for each image.
  static func byteCount(
    _ layout: ModelLayout, _ model: ModelSettings, images: Int, samples: Double, encodedRows: Int = 0,
    type: ElementType = .float32, hasDropout: Bool = false, learns: Bool = false
  ) -> Double {
    Matrix.byteCount(images, model.pixelCount)
      + EncoderPass.byteCount(
        layout, pixels: model.pixelCount, rows: images + encodedRows, type: type, hasDropout: hasDropout,
        learns: learns)
      + Reparameterization.byteCount(images: images, samples: samples, latent: model.latent, type: type)
      + samples
      * layout.decoder.byteCount(rows: images, type: type, hasDropout: hasDropout, learns: learns)
  }
}

extension TrainingStep {
  static func byteCount(
    _ layout: ModelLayout, model: ModelSettings, training: TrainingSettings, batch: Int, workers: Int
  ) -> Double {
    let samples = Double(training.importanceSamples)
    let prior = layout.prior
    return ForwardPass.byteCount(
      layout, model, images: batch, samples: samples, encodedRows: prior.encodedRows,
      type: training.precision.elementType, hasDropout: training.dropout > 0, learns: true)
      + Double(workers) * (layout.encoder.workerByteCount + layout.decoder.workerByteCount)
      + samples * Matrix.byteCount(batch, model.latent)
      + prior.byteCount(rows: batch * training.importanceSamples, latent: model.latent)
      + Scratch.byteCount(rows: Double(batch) * samples, latent: model.latent, workers: workers)
      + (mayLeaveOutZeros(layout, training: training, batch: batch)
        ? layout.encoder.sparseByteCount(rows: batch, workers: workers) : 0)
  }
}

extension Trainer {
  /// Parameters with all that moves with them, and the memory of a step of each size: full batches and the last one. Of
  /// several `ranks`, the one with most images, and what gradients of others are received in.
  static func byteCount(
    model: ModelSettings, training: TrainingSettings, images: Int, workers: Int, ranks: Int = 1
  ) -> Double {
    let layout = ModelLayout(model)
    let batch = min(training.batchSize, images)
    let sizes = Set([batch, images % batch]).subtracting([0])
    return ParameterStore.byteCount(
      layout.parameters, elementType: training.precision.elementType, keepsAverage: training.averageDecay > 0)
      + (ranks > 1 ? Matrix.byteCount(1, layout.parameters.count) : 0)
      + (training.keepsGradients(ranks: ranks) ? 0 : GradientScratch.byteCount(workers: workers))
      + sizes.reduce(0) {
        $0
          + TrainingStep.byteCount(
            layout, model: model, training: training, batch: ($1 + ranks - 1) / ranks, workers: workers)
      }
  }
}

extension EvaluationLane {
  static func byteCount(
    _ model: ModelSettings, importanceSamples: Int?, type: ElementType = .float32
  ) -> Double {
    let layout = ModelLayout(model)
    let (samples, images) = (rowsOfSamples(importanceSamples, layout, model), layout.rowsAtOnce(model))
    let sampled =
      importanceSamples == nil
      ? 0
      : layout.decoder.byteCount(rows: samples, type: type, hasDropout: false, learns: false)
        + layout.decoder.workerByteCount
    let operand = type == .float32 ? 0 : Matrix.byteCount(samples, model.latent, type)
    return ForwardPass.byteCount(layout, model, images: images, samples: 1, type: type)
      + layout.encoder.workerByteCount + layout.decoder.workerByteCount
      + Matrix.byteCount(samples, model.latent) + operand + sampled
      + layout.prior.byteCount(rows: rowsAtOnce, latent: model.latent)
      + 8 * Double(max(samples, images))
  }
}

extension MemoryNeed {
  /// What the program itself takes, and what products keep for themselves.
  private static let base = 48e6
  private static let baseOfThread = 12e6
  /// Bytes an image that a run keeps: indices and their order.
  private static let bytesOfImage = 24.0
  /// The best model, the last one, and a third one on its way into the checkpoint.
  private static let snapshots = 3.0
  /// What a run takes at the most where nobody has said how many images a step has.
  private static let most = 0.9e9

  /// Training from the first step to the last picture.
  ///
  /// - Parameter ranks: processes that share every batch.
  package static func training(
    _ model: ModelSettings, _ training: TrainingSettings, _ data: TrainingData, ranks: Int = 1
  ) -> MemoryNeed {
    self.training(
      model: model, training: training, images: data.trainingIndices.count,
      validationImages: data.validationIndices.count, ranks: ranks)
  }

  /// Images a step where nobody has said: as many as the settings say, or with convolutions or recurrent layers, whose
  /// maps and states are what fills memory, fewer where training would otherwise take more than 0.9 GB.
  package static func standardBatch(
    _ model: ModelSettings, _ training: TrainingSettings, _ data: TrainingData
  ) -> Int {
    standardBatch(
      model, training, images: data.trainingIndices.count, validationImages: data.validationIndices.count)
  }

  static func standardBatch(
    _ model: ModelSettings, _ training: TrainingSettings, images: Int, validationImages: Int
  ) -> Int {
    guard model.network != .dense else { return training.batchSize }
    var training = training
    while training.batchSize > 1,
      self.training(model: model, training: training, images: images, validationImages: validationImages)
        .bytes > most
    {
      training.batchSize /= 2
    }
    return training.batchSize
  }

  static func training(
    model: ModelSettings, training: TrainingSettings, images: Int, validationImages: Int, ranks: Int = 1
  ) -> MemoryNeed {
    let workers = training.threads == 0 ? WorkerGroup.processorCount : training.threads
    let parameters = Double(ModelLayout(model).parameters.count) * 4
    // A file is put together in memory: parameters, moments and average.
    let file = parameters * (training.averageDecay > 0 ? 4 : 3)
    let evaluation = evaluationBytes(
      model, images: validationImages, workers: workers,
      importanceSamples: training.objective == .elbo ? nil : training.importanceSamples)
    let steps = Trainer.byteCount(
      model: model, training: training, images: images, workers: workers, ranks: ranks)
    return MemoryNeed(
      "training",
      bytes: base + Double(workers) * baseOfThread + steps + snapshots * parameters
        + max(
          file, evaluation,
          pictures(
            RunPictures.side(of: model) * RunPictures.side(of: model), of: model,
            cellPixels: model.height * model.width))
        + bytesOfImage * Double(images + validationImages),
      threads: workers - 1,
      advice: training.importanceSamples > 1
        ? "take a smaller --hidden, --batch-size or --importance-samples"
        : model.network == .dense
          ? "take a smaller --hidden or --batch-size, or smaller images"
          : "take a smaller --channels or --batch-size, or smaller images")
  }

  /// Measuring speed, one number of threads after the other.
  package static func benchmark(
    model: ModelSettings, training: TrainingSettings, images: Int, threads: Int
  ) -> MemoryNeed {
    MemoryNeed(
      "the measurement",
      bytes: base + Double(threads) * baseOfThread
        + Trainer.byteCount(
          model: model, training: training, images: min(images, training.batchSize), workers: threads)
        // Whole products beside those that leave zeros out.
        + TrainingStep.byteCount(
          ModelLayout(model), model: model, training: training, batch: min(images, training.batchSize),
          workers: threads)
        + bytesOfImage * Double(images),
      threads: threads - 1, advice: "take a smaller --hidden or --batch-size")
  }

  /// An evaluation with a model that is loaded already.
  package static func evaluation(
    _ model: ModelSettings, images: Int, threads: Int, importanceSamples: Int?,
    precision: Precision = .float32
  ) -> MemoryNeed {
    let workers = threads == 0 ? WorkerGroup.processorCount : threads
    return MemoryNeed(
      "the evaluation",
      bytes: base + Double(workers) * baseOfThread
        + evaluationBytes(
          model, images: images, workers: workers, importanceSamples: importanceSamples,
          type: precision.elementType),
      threads: workers - 1, advice: "take fewer --threads or a smaller --limit")
  }

  private static func evaluationBytes(
    _ model: ModelSettings, images: Int, workers: Int, importanceSamples: Int?,
    type: ElementType = .float32
  ) -> Double {
    // The copy of the weights.
    let copy = type == .float32 ? 0 : Matrix.byteCount(1, ModelLayout(model).parameters.count, type)
    // Of each image: reconstruction, nll, a total, and for each component KL and mean.
    return copy + Double(images) * (28 + 12 * Double(model.latent))
      + Double(workers) * EvaluationLane.byteCount(model, importanceSamples: importanceSamples, type: type)
  }

  /// A picture of decoded latent vectors, the model being loaded already.
  ///
  /// - Parameters:
  ///   - cells: vectors that are decoded.
  ///   - cellPixels: pixels of the picture for each of them.
  package static func picture(
    _ cells: Int, of model: ModelSettings, cellPixels: Int, advice: String
  ) -> MemoryNeed {
    MemoryNeed(
      "the picture", bytes: base + pictures(cells, of: model, cellPixels: cellPixels), advice: advice)
  }

  /// Encoding images in blocks, the model being loaded already.
  package static func encoding(_ model: ModelSettings, images: Int) -> MemoryNeed {
    let block = Double(min(images, 1024)) * (2 * Double(model.pixelCount) + 8 * Double(model.latent)) * 4
    return MemoryNeed(
      "encoding", bytes: base + block + networkRows(model) + 8 * Double(images),
      advice: "take a smaller --limit")
  }

  /// Writing a model, which is loaded already, for other programs: its parameters as they are put together, and the bytes
  /// of the file.
  public static func exporting(_ model: ModelSettings) -> MemoryNeed {
    MemoryNeed(
      "exporting the model",
      bytes: base + 12 * Double(ModelLayout(model).parameters.count) + networkRows(model),
      advice: "free memory or raise the limit")
  }

  /// Reading a model's parameters, or a checkpoint's; the file itself stays mapped.
  static func loading(_ layout: ParameterLayout) -> MemoryNeed {
    MemoryNeed(
      "reading the model", bytes: 4 * Double(layout.count), advice: "free memory or raise the limit")
  }

  /// Latent vectors, their values in floating point, as levels, in the grid, and packed.
  private static func pictures(_ cells: Int, of model: ModelSettings, cellPixels: Int) -> Double {
    Double(cells)
      * (8 * Double(model.latent) + 5 * Double(model.pixelCount)
        + 2 * Double(cellPixels) * Double(model.channels))
      + networkRows(model)
  }

  /// Encoder and decoder over 64 rows.
  private static func networkRows(_ model: ModelSettings) -> Double {
    EvaluationLane.byteCount(model, importanceSamples: nil)
  }
}
