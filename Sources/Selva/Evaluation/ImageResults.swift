import Ranks
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

  /// Brings what each rank has found of its part of the images to all.
  func share(_ parts: [Range<Int>], among ranks: any RankGroup) {
    let latent = mean.count / max(count, 1)
    for (values, width) in [(reconstruction, 1), (kl, 1), (nll, 1), (components, latent)] {
      // Doubles pass as two floats each.
      let floats = UnsafeMutableRawPointer(values.baseAddress!).assumingMemoryBound(to: Float.self)
      ranks.share(floats, parts, width: 2 * width)
    }
    ranks.share(mean.baseAddress!, parts, width: latent)
  }
}

/// Hands images out to workers, a few at a time, so that none waits for one that has lost its core, and knows which are
/// done. What an image comes to does not depend on who takes it, nor with which others.
///
/// `@unchecked Sendable`: workers set the flags of disjoint images.
final class ImageBlocks: @unchecked Sendable {
  private let end: Int
  private let size: Int
  private let next: Atomic<Int>
  private let finished = Atomic<Int>(0)
  /// 1 for an image that is done, of all images, as `share` can send them.
  private let done: UnsafeMutableBufferPointer<Float>

  /// - Parameters:
  ///   - mine: the places of the images to hand out.
  ///   - count: images, those of other ranks included.
  init(_ mine: Range<Int>, of count: Int, size: Int) {
    (end, self.size) = (mine.upperBound, size)
    next = Atomic(mine.lowerBound)
    done = .allocate(capacity: count)
    done.initialize(repeating: 0)
  }

  deinit { done.deallocate() }

  /// Places of images that nobody else has; nil where none is left.
  func take() -> Range<Int>? {
    let start = next.add(size, ordering: .relaxed).oldValue
    return start < end ? start..<min(end, start + size) : nil
  }

  /// - Returns: how many images are done by now.
  @discardableResult func finish(_ place: Int) -> Int {
    done[place] = 1
    return finished.add(1, ordering: .relaxed).newValue
  }

  /// As that of `PerImage`.
  func share(_ parts: [Range<Int>], among ranks: any RankGroup) {
    ranks.share(done.baseAddress!, parts, width: 1)
  }

  /// Those of the images that are done, when all workers are.
  var places: [Int] { done.indices.filter { done[$0] > 0 } }
}

extension RankGroup {
  /// Brings rows of `width` floats, of which each rank has made its part, to all.
  fileprivate func share(_ rows: UnsafeMutablePointer<Float>, _ parts: [Range<Int>], width: Int) {
    run(
      Exchange(
        sharing: rows, parts: parts.map { $0.lowerBound * width..<$0.upperBound * width }, rank: rank,
        owners: []))
  }
}
