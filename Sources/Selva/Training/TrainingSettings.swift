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
  case float32
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
  case constant
  /// Half a cosine down to 0 (Loshchilov & Hutter 2017).
  case cosine
  /// Burda et al. 2016: 10^(−i/7) for 3^i passes, i = 0…7, with 3,280 passes stretched over the epochs asked for.
  case burda
}

/// How much the KL divergence weighs, over time.
public enum BetaShape: String, Codable, Sendable, CaseIterable {
  case constant
  /// From 0 to β over the warm-up epochs (Bowman et al. 2016, Sønderby et al. 2016).
  case linear
  /// Up again and again (Fu et al. 2019): each cycle rises in its first half and stays in its second.
  case cyclical
}

/// Every setting of a training run, apart from the model's own.
public struct TrainingSettings: Codable, Sendable, Equatable {
  public var epochs = 60
  /// Images a step.
  public var batchSize = 128
  public var learningRate = 1.5e-3
  public var learningRateShape = LearningRateShape.cosine
  /// Epochs over which the learning rate rises from 0.
  public var warmupEpochs = 1.0
  public var beta1 = 0.9
  public var beta2 = 0.999
  /// Adam's ε.
  public var epsilon = 1e-8
  /// Decoupled (AdamW, Loshchilov & Hutter 2019); 0 is Adam.
  public var weightDecay = 0.0
  /// The gradient's largest norm; 0: as large as it likes. `Recurrent.standardClipNorm` suits recurrent networks.
  public var clipNorm = 0.0
  /// Weight of the KL divergence (Higgins et al. 2017); 1 is the ELBO.
  public var beta = 1.0
  public var betaShape = BetaShape.constant
  /// Epochs of one rise (linear) or of one cycle (cyclical).
  public var betaEpochs = 10.0
  /// The least KL divergence of a component, in nats, that costs (Kingma et al. 2016); 0: none is free.
  public var freeBits = 0.0
  public var objective = Objective.elbo
  public var importanceSamples = 1
  public var binarization = Binarization.none
  /// Of hidden units; alpha dropout for SELU.
  public var dropout = 0.0
  /// Decay per step of a running average of the weights, which then is the model; 0: none.
  public var averageDecay = 0.0
  public var precision = Precision.auto
  public var seed: UInt64 = 0
  /// Worker threads; 0: one for each processor.
  public var threads = 0
  /// Held out when the data has no test set.
  public var validationFraction = 0.1
  /// Stop after so many epochs without a better validation loss; 0: never.
  public var patience = 0
  /// Epochs between sample grids; 0: none.
  public var sampleEvery = 10
  /// Parts of the model that stay as they are; nil: none.
  public var frozen: [ModelPart]?

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

  /// What is wrong with training `model` by these settings.
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

  var adam: Adam.Settings {
    Adam.Settings(
      beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay, averageDecay: averageDecay)
  }
}
