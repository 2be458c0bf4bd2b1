import Compute
import Networks

/// Rows that go through a network together. Always this many, the last ones idle if need be: then a row's result
/// does not depend on how many rows came with it, to the last bit.
let rowsAtOnce = 64

extension ModelLayout {
  /// As many as there are of most models; fewer of those of large images, so that their maps stay within 128 MB.
  func rowsAtOnce(_ model: ModelSettings) -> Int {
    let bytes = ForwardPass.byteCount(self, model, images: 1, samples: 1)
    return max(1, min(Selva.rowsAtOnce, Int(0x1p27 / bytes)))
  }
}

/// Encodes images with one model, one call at a time.
public final class ImageEncoder {
  private let model: VAE
  private let rowsAtOnce: Int
  private let tags: RowTags
  private let pass: EncoderPass

  init(_ model: VAE) {
    self.model = model
    rowsAtOnce = model.layout.rowsAtOnce(model.settings)
    tags = RowTags(count: rowsAtOnce, seed: 0)
    pass = EncoderPass(model.modelParameters, rows: RowSplit(rowsAtOnce), tags: tags)
  }

  /// q(z | x) of each image, `[count, latent]` each, as ``VAE/encode(_:labels:)`` gives it.
  ///
  /// - Parameters:
  ///   - images: `[count, pixels]`, values in [0, 1].
  ///   - labels: one an image, where the model has labels; else nil.
  public func encode(_ images: [Float], labels: [Int]? = nil) -> (mean: [Float], logVariance: [Float]) {
    encode(images, classes: model.settings.classes(labels, count: images.count / model.settings.pixelCount))
  }

  /// As rows that have no label, whether or not the model has labels.
  func encodeWithoutLabels(_ images: [Float]) -> (mean: [Float], logVariance: [Float]) {
    encode(images, classes: nil)
  }

  private func encode(_ images: [Float], classes: [Int32]?) -> (mean: [Float], logVariance: [Float]) {
    let (pixels, latent) = (model.settings.pixelCount, model.settings.latent)
    precondition(images.count % pixels == 0, "\(images.count) values are no whole images of \(pixels) pixels")
    var mean: [Float] = []
    var logVariance: [Float] = []
    let count = images.count / pixels
    for start in stride(from: 0, to: count, by: rowsAtOnce) {
      let rows = min(rowsAtOnce, count - start)
      for row in 0..<rows {
        let target = pass.inputs.row(row)
        for i in 0..<pixels {
          target[i] =
            (images[(start + row) * pixels + i] - model.inputMean[i]) / model.inputStandardDeviation[i]
        }
        tags.classes[row] = classes?[start + row] ?? RowTags.noClass
      }
      pass.network.forward(0)
      for row in 0..<rows {
        let heads = pass.network.output.row(row)
        mean.append(contentsOf: UnsafeBufferPointer(start: heads, count: latent))
        for i in latent..<2 * latent { logVariance.append(Reparameterization.bounded(heads[i])) }
      }
    }
    return (mean, logVariance)
  }
}

/// Decodes latent vectors with one model, one call at a time.
public final class LatentDecoder {
  private let model: VAE
  private let rowsAtOnce: Int
  private let tags: RowTags
  private let input: Matrix
  private let pass: DecoderPass

  init(_ model: VAE) {
    self.model = model
    rowsAtOnce = model.layout.rowsAtOnce(model.settings)
    tags = RowTags(count: rowsAtOnce, seed: 0)
    input = Matrix(rows: rowsAtOnce, columns: model.settings.latent)
    pass = DecoderPass(model.modelParameters, input: input, rows: RowSplit(rowsAtOnce), tags: tags)
  }

  /// The pixels that each latent vector stands for, `[count, pixels]` in [0, 1], as ``VAE/decode(_:labels:)`` gives them.
  ///
  /// - Parameters:
  ///   - latents: `[count, latent]`.
  ///   - labels: one a vector, where the model has labels; else nil.
  public func decode(_ latents: [Float], labels: [Int]? = nil) -> [Float] {
    let (pixels, latent) = (model.settings.pixelCount, model.settings.latent)
    precondition(latents.count % latent == 0, "\(latents.count) values are no whole vectors of \(latent)")
    let count = latents.count / latent
    let classes = model.settings.classes(labels, count: count)
    return [Float](unsafeUninitializedCapacity: count * pixels) { result, initialized in
      for start in stride(from: 0, to: count, by: rowsAtOnce) {
        let rows = min(rowsAtOnce, count - start)
        latents.withUnsafeBufferPointer {
          input.floats.update(from: $0.baseAddress! + start * latent, count: rows * latent)
        }
        if let classes { for row in 0..<rows { tags.classes[row] = classes[start + row] } }
        pass.network.forward(0)
        for row in 0..<rows {
          model.settings.likelihood.pixels(
            pass.output.row(row), into: result.baseAddress! + (start + row) * pixels, count: pixels)
        }
      }
      initialized = count * pixels
    }
  }
}

extension ModelSettings {
  /// The class of each label; nil where the model has none.
  func classes(_ labels: [Int]?, count: Int) -> [Int32]? {
    precondition(
      (labels?.count ?? 0) == (self.labels.isEmpty ? 0 : count),
      "\(labels?.count ?? 0) labels for \(count) rows and a model of \(self.labels.count) labels")
    return labels.map { labels in
      labels.map { label in
        guard let kind = kind(of: label) else {
          preconditionFailure("the label \(label) for a model of the labels \(self.labels)")
        }
        return kind
      }
    }
  }

  /// The class of a label; nil where the model has no such label.
  func kind(of label: Int) -> Int32? { labels.firstIndex(of: label).map { Int32($0) } }
}
