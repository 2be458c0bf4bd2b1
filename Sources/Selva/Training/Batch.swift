import CKernels
import Compute
import IDX
import Networks

/// Makes rows of a batch from images: scaled to [0, 1], binarized, standardized, in one pass over each image.
package struct BatchSource: Sendable {
  package let images: ImageSet
  package let binarization: Binarization
  let standardization: Standardization
  /// By label; `RowTags.noClass` where the model has no such label.
  private let classes: [Int32]

  /// - Parameter labels: those of the model, in their order; the images have labels where it has.
  package init(
    _ images: ImageSet, binarization: Binarization, inputMean: [Float], inputStandardDeviation: [Float],
    labels: [Int] = []
  ) {
    precondition(
      images.pixelCount == inputMean.count,
      "images of \(images.pixelCount), model of \(inputMean.count) pixels")
    self.images = images
    self.binarization = binarization
    standardization = Standardization(mean: inputMean, deviation: inputStandardDeviation)
    precondition(
      labels.isEmpty || images.labels != nil, "images without labels for a model of \(labels.count)")
    classes = (0...255).map { label in labels.firstIndex(of: label).map { Int32($0) } ?? RowTags.noClass }
  }

  /// The class of an image's label; `RowTags.noClass` where the model has no labels.
  func kind(of image: Int) -> Int32 {
    images.labels.map { classes[Int($0[image])] } ?? RowTags.noClass
  }

  /// `target`, `[pixels]`, the likelihood's x, from image `image`. `stream` serves stochastic binarization.
  func fill(_ target: UnsafeMutablePointer<Float>, image: Int, stream: RandomStream) {
    let count = images.pixelCount
    switch images.pixels {
    case .bytes(let bytes): selva_scale_bytes(bytes + image * count, target, count)
    case .floats(let floats): target.update(from: floats + image * count, count: count)
    }
    switch binarization {
    case .none: break
    case .stochastic: stream.binarize(target, into: target, count: count)
    case .threshold: for i in 0..<count { target[i] = target[i] > 0.5 ? 1 : 0 }
    }
  }
}

/// How pixels become what the encoder reads: input = pixel · factor + shift.
struct Standardization: Sendable {
  /// 1 / deviation, `[pixels]`.
  let factor: [Float]
  let shift: [Float]

  init(mean: [Float], deviation: [Float]) {
    factor = deviation.map { 1 / $0 }
    shift = zip(mean, deviation).map { -$0 / $1 }
  }

  /// Row `row` of `inputs`, float32 or bfloat16, from `pixels`.
  func callAsFunction(_ pixels: UnsafePointer<Float>, row: Int, of inputs: Matrix) {
    switch inputs.type {
    case .float32: selva_standardize(pixels, factor, shift, inputs.row(row), factor.count)
    case .bfloat16:
      selva_standardize_bf16(
        pixels, factor, shift, inputs.halfRow(row), factor.count)
    }
  }
}
