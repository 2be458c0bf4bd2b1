import CKernels
import Compute
import Files
import Networks
import Ranks

/// How ranks come to one gradient and to one set of weights.
///
/// The parameters fall into pieces, and each rank owns a part of every piece. It adds up what all ranks have found for
/// that part, in one order whatever the MPI library would do, moves it, and sends it to the others (Rajbhandari
/// et al. 2020, stage 1 of ZeRO): the weights are then the same everywhere to the bit, and no rank does another's work.
///
/// `@unchecked Sendable`: workers write disjoint parts, and phases and exchanges order the rest.
final class RankedUpdate: @unchecked Sendable {
  /// A part of the parameter buffer that is exchanged at once.
  final class Piece: Sendable {
    let range: Range<Int>
    /// This rank's part of it.
    let own: Range<Int>
    /// The other ranks' gradients of `own`, one after the other.
    let received: Storage
    let gradients: Exchange
    let weights: Exchange
    /// The averages of the weights, and Adam's moments, which only the owner keeps up to date.
    let rest: [Exchange]

    init(_ range: Range<Int>, of store: ParameterStore, ranks: any RankGroup) {
      // Blocks of a cache line, in bfloat16 too.
      let parts = ranks.shares(of: range, grain: 32)
      (self.range, own) = (range, parts[ranks.rank])
      let width = own.count
      received = Storage(byteCount: ranks.count * width * 4)
      func start(_ storage: Storage) -> UnsafeMutablePointer<Float> {
        ParameterStore.floats(storage).baseAddress!
      }
      func shared(_ storage: Storage) -> Exchange {
        Exchange(sharing: start(storage), parts: parts, rank: ranks.rank, owners: [storage])
      }
      gradients = Exchange(
        start(store.gradients), sending: parts, start(received),
        receiving: parts.indices.map { $0 * width..<($0 + 1) * width }, rank: ranks.rank,
        owners: [store.gradients, received])
      weights = shared(store.weights)
      rest = ([store.firstMoment, store.secondMoment] + (store.average.map { [$0] } ?? [])).map(shared)
    }
  }

  private let ranks: any RankGroup
  private let store: ParameterStore
  private let training: TrainingSettings
  /// The decoder's parameters, whose gradient is known first; nil where it learns nothing.
  private let decoder: Piece?
  private let others: [Piece]
  /// All, in the order in which they travel.
  private let pieces: [Piece]
  private let workerSquares: UnsafeMutableBufferPointer<Double>
  private let rankSquares: Gathering
  private let checksums: Gathering

  /// - Parameters:
  ///   - store: all of a model's parameters.
  ///   - parts: those that learn something, with where they lie.
  init(
    _ store: ParameterStore, _ training: TrainingSettings, parts: [(ModelPart, Range<Int>)],
    ranks: any RankGroup, workers: Int
  ) {
    (self.store, self.training, self.ranks) = (store, training, ranks)
    func pieces(_ isWanted: (ModelPart) -> Bool) -> [Piece] {
      parts.filter { isWanted($0.0) }.map { Piece($0.1, of: store, ranks: ranks) }
    }
    decoder = pieces { $0 == .decoder }.first
    others = pieces { $0 != .decoder }
    self.pieces = (decoder.map { [$0] } ?? []) + others
    workerSquares = .allocate(capacity: workers)
    workerSquares.initialize(repeating: 0)
    rankSquares = Gathering(ranks, width: 1)
    checksums = Gathering(ranks, width: 1)
  }

  deinit { workerSquares.deallocate() }

  /// One step: the decoder's gradients are under way while the encoder's are reckoned.
  ///
  /// - Parameter adam: the step's update, of gradients taken with a factor.
  func add(_ step: TrainingStep, to phases: inout PhaseList, adam: @escaping @Sendable (Double) -> Adam) {
    step.addDecoderGradients(to: &phases)
    phases.meet()
    phases.add { step.decoderParameterGradients($0) { _, _ in } }
    phases.meet()
    addByFirst(to: &phases) { [self] in if let decoder { send(decoder, step) } }
    step.addRemainingGradients(to: &phases)
    phases.meet()
    phases.add { step.remainingParameterGradients($0) { _, _ in } }
    phases.meet()
    addByFirst(to: &phases) { [self] in for piece in others { send(piece, step) } }
    // The norm is that of all gradients.
    let atOnce = training.clipNorm > 0 ? pieces.count : 1
    for start in stride(from: 0, to: pieces.count, by: atOnce) {
      addUpdate(of: [Piece](pieces[start..<start + atOnce]), step, to: &phases, adam: adam)
    }
    addByFirst(to: &phases) { [self] in for piece in pieces { ranks.finish(piece.weights) } }
    phases.meet()
    phases.add { [self] worker in for piece in pieces { roundOthers(piece, worker) } }
  }

  /// What one worker does for all of them.
  private func addByFirst(to phases: inout PhaseList, _ body: @escaping @Sendable () -> Void) {
    phases.add { if $0.index == 0 { body() } }
  }

  private func send(_ piece: Piece, _ step: TrainingStep) {
    if step.isIdle {
      ParameterStore.floats(store.gradients)[piece.range].update(repeating: 0)
    }
    ranks.begin(piece.gradients)
  }

  private func addUpdate(
    of group: [Piece], _ step: TrainingStep, to phases: inout PhaseList,
    adam: @escaping @Sendable (Double) -> Adam
  ) {
    let isClipped = training.clipNorm > 0
    addByFirst(to: &phases) { [self] in for piece in group { ranks.finish(piece.gradients) } }
    phases.meet()
    phases.add { [self] worker in
      var squares = 0.0
      let unclipped = adam(1)
      for piece in group {
        eachBlock(of: piece, worker) { block in
          addUp(block, of: piece, step)
          // While it is in the cache.
          if isClipped { squares += store.sumOfSquares(block) } else { unclipped.update(store, block) }
        }
      }
      workerSquares[worker.index] = squares
    }
    phases.meet()
    if isClipped {
      addByFirst(to: &phases) { [self] in rankSquares.gather(CollectionOfOne(workerSquares.reduce(0, +))) }
      phases.meet()
      phases.add { [self] worker in
        let clipped = adam(training.clipFactor(ofSquares: rankSquares.sum(0)))
        for piece in group { eachBlock(of: piece, worker) { clipped.update(store, $0) } }
      }
      phases.meet()
    }
    addByFirst(to: &phases) { [self] in for piece in group { ranks.begin(piece.weights) } }
  }

  /// The worker's share of this rank's part of a piece, in stretches of the parameter buffer.
  private func eachBlock(of piece: Piece, _ worker: Worker, _ body: (Range<Int>) -> Void) {
    let (share, size) = (worker.share(of: piece.own, grain: 32), 8192)
    for first in stride(from: share.lowerBound, to: share.upperBound, by: size) {
      body(first..<min(share.upperBound, first + size))
    }
  }

  /// Adds up the gradients of all ranks.
  private func addUp(_ block: Range<Int>, of piece: Piece, _ step: TrainingStep) {
    let sum = ParameterStore.floats(store.gradients).baseAddress! + block.lowerBound
    let received =
      ParameterStore.floats(piece.received).baseAddress! + block.lowerBound - piece.own.lowerBound
    for rank in 0..<ranks.count where rank != ranks.rank {
      selva_add(received + rank * piece.own.count, sum, block.count)
    }
    step.restrain(block)
  }

  /// The bfloat16 copies of what other ranks have moved.
  private func roundOthers(_ piece: Piece, _ worker: Worker) {
    guard store.halves != nil else { return }
    for range in [
      piece.range.lowerBound..<piece.own.lowerBound, piece.own.upperBound..<piece.range.upperBound,
    ] {
      store.weightsChanged(in: worker.share(of: range, grain: 32))
    }
  }

  // MARK: Between steps

  /// Brings averages and moments to all ranks.
  func collect() {
    for piece in pieces { for exchange in piece.rest { ranks.run(exchange) } }
  }

  /// The first rank whose weights are not those of rank 0; nil where they are the same everywhere.
  func firstDifferentRank() -> Int? {
    var checksum = CRC32()
    checksum.update(UnsafeRawBufferPointer(ParameterStore.floats(store.weights)))
    checksums.gather(CollectionOfOne(Double(checksum.value)))
    return (1..<ranks.count).first { checksums[$0, 0] != checksums[0, 0] }
  }
}
