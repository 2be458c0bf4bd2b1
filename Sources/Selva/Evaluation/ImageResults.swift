import Synchronization

/// Results of each image, so that they are added up in one order whatever the split.
///
/// `@unchecked Sendable`: workers write disjoint images.
final class PerImage: @unchecked Sendable {
  let count: Int
  let reconstruction: UnsafeMutableBufferPointer<Double>
  let kl: UnsafeMutableBufferPointer<Double>
  let nll: UnsafeMutableBufferPointer<Double>
  /// KL divergence of each component, where the prior has it in closed form, `[count, latent]`.
  let components: UnsafeMutableBufferPointer<Double>
  /// `[count, latent]`.
  let mean: UnsafeMutableBufferPointer<Float>

  init(count: Int, latent: Int) {
    func zeros(_ count: Int) -> UnsafeMutableBufferPointer<Double> {
      let values = UnsafeMutableBufferPointer<Double>.allocate(capacity: count)
      values.initialize(repeating: 0)
      return values
    }
    self.count = count
    reconstruction = zeros(count)
    kl = zeros(count)
    nll = zeros(count)
    components = zeros(count * latent)
    mean = .allocate(capacity: count * latent)
    mean.initialize(repeating: 0)
  }

  deinit {
    for values in [reconstruction, kl, nll, components] { values.deallocate() }
    mean.deallocate()
  }
}

/// Hands images out to workers, a few at a time, so that none waits for one that has lost its core, and knows which are
/// done. What an image comes to does not depend on who takes it, nor with which others.
///
/// `@unchecked Sendable`: workers set the flags of disjoint images.
final class ImageBlocks: @unchecked Sendable {
  private let count: Int
  private let size: Int
  private let next = Atomic<Int>(0)
  private let finished = Atomic<Int>(0)
  private let isDone: UnsafeMutableBufferPointer<Bool>

  init(count: Int, size: Int) {
    (self.count, self.size) = (count, size)
    isDone = .allocate(capacity: count)
    isDone.initialize(repeating: false)
  }

  deinit { isDone.deallocate() }

  /// Places of images that nobody else has; nil where none is left.
  func take() -> Range<Int>? {
    let start = next.add(size, ordering: .relaxed).oldValue
    return start < count ? start..<min(count, start + size) : nil
  }

  /// - Returns: how many images are done by now.
  @discardableResult func finish(_ place: Int) -> Int {
    isDone[place] = true
    return finished.add(1, ordering: .relaxed).newValue
  }

  /// Those of the images that are done, when all workers are.
  var places: [Int] { isDone.indices.filter { isDone[$0] } }
}
