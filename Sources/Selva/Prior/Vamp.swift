import Compute
import Networks

/// The VampPrior (Tomczak & Welling 2018, equation 9): a mixture of the posteriors q(z | u_k) of learned pseudo-inputs
/// u_k, with learned weights. Pseudo-inputs begin as training images.
struct VampPlan: PriorPlan {
  let components: Int
  private let pixels: Int
  private let latent: Int
  /// `[components, pixels]`, in the units of images.
  let pseudoInputs: Int
  let logits: Int

  init(_ components: Int, _ settings: ModelSettings, in layout: inout ParameterLayout) {
    self.components = components
    pixels = settings.pixelCount
    latent = settings.latent
    layout.align()
    pseudoInputs = layout.add("prior.pseudo_inputs", [components, settings.pixelCount]).offset
    layout.align()
    logits = layout.add("prior.logits", [components]).offset
  }

  var encodedRows: Int { components }
  var sharesComponents: Bool { true }

  func bind(_ binding: PriorBinding) -> any PriorPass { VampPass(self, binding) }

  func initialize(_ store: ParameterStore, seed: UInt64, image: (Int) -> [Float]) {
    let weights = ParameterStore.floats(store.weights)
    for k in 0..<components {
      for (i, pixel) in image(k).enumerated() { weights[pseudoInputs + k * pixels + i] = pixel }
    }
  }

  func byteCount(rows: Int, latent: Int) -> Double {
    Mixture.byteCount(components, latent: latent)
      + Matrix.byteCount(components, pixels + 2 * latent) + Matrix.byteCount(rows, components)
  }

  /// As images are: a pseudo-input beyond [0, 1] counts as the nearest pixel.
  static func pixel(_ value: Float) -> Float { min(1, max(0, value)) }

  /// `[components, pixels]` in [0, 1].
  func images(_ parameters: Parameters) -> [Float] {
    parameters.matrix(pseudoInputs, rows: components, columns: pixels).values.map(VampPlan.pixel)
  }
}

final class VampPass: PriorPass {
  private let plan: VampPlan
  private let binding: PriorBinding
  private let encoded: EncodedRows
  private let mixture: MixturePass
  private let pseudoInputs: Matrix
  /// Copies of the heads, the log variances bounded, `[components, latent]`.
  private let means: Matrix
  private let logVariances: Matrix

  init(_ plan: VampPlan, _ binding: PriorBinding) {
    guard let encoded = binding.encoded else { preconditionFailure("a VampPrior without encoded rows") }
    let latent = binding.z.columns
    self.plan = plan
    self.binding = binding
    self.encoded = encoded
    pseudoInputs = binding.parameters.matrix(
      plan.pseudoInputs, rows: plan.components, columns: encoded.inputs.columns)
    means = Matrix(rows: plan.components, columns: latent)
    logVariances = Matrix(rows: plan.components, columns: latent)
    mixture = MixturePass(
      Mixture(
        means: means, logVariances: logVariances,
        logits: binding.parameters.matrix(plan.logits, rows: 1, columns: plan.components)), binding,
      places: binding.parameters.gradients.map { _ in MixturePass.Places(logits: plan.logits) })
  }

  /// Rows are shared out as the encoder shares them.
  private func rows(_ worker: Int) -> Range<Int> { mixture.share(worker) }

  func fillEncodedRows(_ worker: Int) {
    let count = encoded.inputs.columns
    withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { pixels in
      guard let pixels = pixels.baseAddress else { return }
      for k in rows(worker) {
        let values = pseudoInputs.row(k)
        for i in 0..<count { pixels[i] = VampPlan.pixel(values[i]) }
        encoded.standardization(pixels, row: k, of: encoded.inputs)
      }
    }
  }

  func prepare(_ worker: Int) {
    let latent = means.columns
    for k in rows(worker) {
      let heads = encoded.heads.row(k)
      means.row(k).update(from: heads, count: latent)
      for i in 0..<latent { logVariances.row(k)[i] = Reparameterization.bounded(heads[latent + i]) }
    }
    mixture.prepare(worker)
  }

  func forward(_ worker: Int) { mixture.forward(worker) }
  func backward(_ worker: Int) { mixture.backward(worker) }

  func encodedGradient(_ worker: Int) {
    let latent = means.columns
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * latent) { gradient in
      guard let mean = gradient.baseAddress else { return }
      for k in rows(worker) {
        mixture.gradient(of: k, mean: mean, logVariance: mean + latent)
        encoded.headsGradient.set(row: k, from: mean)
      }
    }
  }

  func parameterGradient(_ worker: Int, finished: GradientUse) {
    mixture.parameterGradient(worker, finished: finished)
    let count = pseudoInputs.columns
    guard
      let gradient = binding.parameters.gradient(plan.pseudoInputs, rows: plan.components, columns: count)
    else { return }
    let mine = rows(worker)
    for k in mine {
      let (inputs, target) = (encoded.inputsGradient.row(k), gradient.row(k))
      for i in 0..<count { target[i] = inputs[i] * encoded.standardization.factor[i] }
    }
    let start = plan.pseudoInputs
    if !mine.isEmpty { finished(start + mine.lowerBound * count..<start + mine.upperBound * count, nil) }
  }

  /// At the bounds of a pixel and beyond, only what leads back counts.
  func restrain(_ range: Range<Int>) {
    guard
      let gradient = binding.parameters.gradient(
        plan.pseudoInputs, rows: plan.components, columns: pseudoInputs.columns)
    else { return }
    let own = range.clamped(to: plan.pseudoInputs..<plan.pseudoInputs + gradient.rows * gradient.columns)
    for i in own.lowerBound - plan.pseudoInputs..<own.upperBound - plan.pseudoInputs {
      let (value, slope) = (pseudoInputs.floats[i], gradient.floats[i])
      if value <= 0 && slope > 0 || value >= 1 && slope < 0 { gradient.floats[i] = 0 }
    }
  }
}
