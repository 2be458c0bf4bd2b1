import Compute
import Networks

/// How pixels become the likelihood's targets.
public enum Binarization: String, Codable, Sendable, CaseIterable {
  /// Grey values as they are.
  case none
  /// 1 with the pixel's value as probability, drawn afresh at every use; in evaluation once, by the seed.
  case stochastic
  /// 1 where the pixel is above one half.
  case threshold
}

/// What training minimizes.
public enum Objective: String, Codable, Sendable, CaseIterable {
  /// −ELBO, averaged over the importance samples (Kingma & Welling 2014).
  case elbo
  /// The importance-weighted bound (Burda et al. 2016, equation 8).
  case iwae
  /// The same bound with the doubly reparameterized gradient of the encoder (Tucker et al. 2019, equation 8).
  case dreg
}

/// What products are computed in. Weights, losses and moments are float32 in any case.
public enum Precision: String, Codable, Sendable, CaseIterable {
  /// 32 bits.
  case float32
  /// Factors of 16 bits (8 of exponent, 7 of fraction), sums of 32; `float32` where the processor has no such products.
  case bfloat16
  /// float32, until that is shown to lose to bfloat16 in nothing.
  case auto

  /// bfloat16 where it is asked for and the processor has it.
  var elementType: ElementType { self == .bfloat16 && Product.hasBFloat16 ? .bfloat16 : .float32 }

  /// Whether this processor multiplies bfloat16 in hardware.
  public static var processorHasBFloat16: Bool { Product.hasBFloat16 }
}

/// How the learning rate moves from the first step to the last.
public enum LearningRateShape: String, Codable, Sendable, CaseIterable {
  /// The same throughout, after the warm-up.
  case constant
  /// Half a cosine down to 0 (Loshchilov & Hutter 2017).
  case cosine
  /// Burda et al. 2016: 10^(−i/7) for 3^i passes, i = 0…7, with 3,280 passes stretched over the epochs asked for.
  case burda
}

/// How much the KL divergence weighs, over time.
public enum BetaShape: String, Codable, Sendable, CaseIterable {
  /// β throughout.
  case constant
  /// From 0 to β over the first `betaEpochs` epochs (Bowman et al. 2016, Sønderby et al. 2016).
  case linear
  /// Up again and again (Fu et al. 2019): each cycle rises in its first half and stays in its second.
  case cyclical
}

/// Every setting of a training run, apart from the model's own.
public struct TrainingSettings: Codable, Sendable, Equatable {
  /// Passes over the training images, 1 to 1,000,000. Default: 60.
  public var epochs = 60
  /// Images a step, 1 to 1,000,000; an epoch's last step may have fewer. Default: 128.
  public var batchSize = 128
  /// Of Adam, at its highest: 1e-30 to 1000. Default: 0.0015.
  public var learningRate = 1.5e-3
  /// How it moves after the warm-up. Default: `cosine`.
  public var learningRateShape = LearningRateShape.cosine
  /// Epochs over which the learning rate rises from 0: 0 to 1,000,000. Default: 1.
  public var warmupEpochs = 1.0
  /// Adam's decay of the gradients' running mean a step (Kingma & Ba 2015): 0 to 0.999999. Default: 0.9.
  public var beta1 = 0.9
  /// Adam's decay of the running mean of their squares: 0 to 0.999999. Default: 0.999.
  public var beta2 = 0.999
  /// Adam's ε: 1e-30 to 1. Default: 1e-8.
  public var epsilon = 1e-8
  /// Decay of weights, decoupled (AdamW, Loshchilov & Hutter 2019), 0 to 1000; 0 is Adam. Default: 0.
  public var weightDecay = 0.0
  /// The gradient's largest norm, 1e-6 to 1e9; 0: as large as it likes. `Recurrent.standardClipNorm` suits recurrent networks.
  /// Default: 0.
  public var clipNorm = 0.0
  /// Weight of the KL divergence (Higgins et al. 2017), 0 to 1,000,000; 1 is the ELBO. Default: 1.
  public var beta = 1.0
  /// How that weight moves over time. Default: `constant`.
  public var betaShape = BetaShape.constant
  /// Epochs of one rise (linear) or of one cycle (cyclical): 0.001 to 1,000,000. Default: 10.
  public var betaEpochs = 10.0
  /// KL divergence of a component that costs nothing, in nats (Kingma et al. 2016, equation 15): 0 to 1,000,000; more than 0
  /// goes with the prior N(0, I) alone. Default: 0.
  public var freeBits = 0.0
  /// What is minimized. Other ones than `elbo` go with a constant `beta` of 1 and no free bits. Default: `elbo`.
  public var objective = Objective.elbo
  /// Draws of z for each image and step, 1 to 1,000,000: k of the importance-weighted bounds. Default: 1.
  public var importanceSamples = 1
  /// How pixels become the likelihood's targets, in validation too. Default: `none`.
  public var binarization = Binarization.none
  /// Share of hidden units that a step drops, 0 to 0.99; alpha dropout for SELU. Not in recurrent networks. Default: 0.
  public var dropout = 0.0
  /// Decay per step of a running average of the weights, which then is the model: 0 to 0.999999; 0: none.
  /// Default: 0.
  public var averageDecay = 0.0
  /// What products are computed in. Default: `auto`.
  public var precision = Precision.auto
  /// Of everything that is left to chance: on one machine, equal seeds, settings and images give equal
  /// weights. Default: 0.
  public var seed: UInt64 = 0
  /// Worker threads, 0 to 1024; 0: one for each processor. Default: 0.
  public var threads = 0
  /// Share of the images to hold out when the data has no test set, between 0 and 1. Default: 0.1.
  public var validationFraction = 0.1
  /// Stop after so many epochs without a better validation loss, at most 1,000,000; 0: never. Default: 0.
  public var patience = 0
  /// Epochs between pictures of samples, at most 1,000,000; 0: none before the end. Default: 10.
  public var sampleEvery = 10
  /// Parts of the model that stay as they are, not all of them; nil: none. Default: nil.
  public var frozen: [ModelPart]?

  /// The settings that `selva train` takes where nothing is said.
  public init() {}

  /// What is wrong with these settings, in words for a person; nil when nothing is.
  public var fault: String? {
    if let fault = [BoundedNumber<TrainingSettings>].training.lazy.compactMap({ $0.fault(self) }).first {
      return fault
    }
    guard objective == .elbo || (beta == 1 && betaShape == .constant && freeBits == 0) else {
      return "--beta and --free-bits belong to --objective elbo"
    }
    if let frozen, Set(frozen).count == ModelPart.allCases.count { return "--freeze leaves nothing to train" }
    return nil
  }

  /// What is wrong with training `model` by these settings, in words for a person; nil when nothing is.
  public func fault(for model: ModelSettings) -> String? {
    if dropout > 0, case .recurrent = model.network {
      return
        "--dropout does not go with --network recurrent, whose states would forget by chance at every step"
    }
    if freeBits > 0 && model.prior != .normal {
      return "--free-bits counts components one by one, which only --prior normal allows"
    }
    if let frozen, model.prior == .normal, Set(frozen).isSuperset(of: [.encoder, .decoder]) {
      return "--freeze leaves nothing to train: --prior normal has no parameters"
    }
    return nil
  }

  /// What a gradient of so many squares in sum is taken with. A norm that is not a number leaves it as it is: the loss is
  /// not one either, and stops the run.
  func clipFactor(ofSquares squares: Double) -> Double {
    let norm = squares.squareRoot()
    return norm > clipNorm ? clipNorm / norm : 1
  }

  var adam: Adam.Settings {
    Adam.Settings(
      beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay, averageDecay: averageDecay)
  }
}
