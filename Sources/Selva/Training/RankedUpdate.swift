import CKernels
import Compute
import Files
import Networks
import Ranks

/// How ranks come to one gradient and to one set of weights.
///
/// The parameters fall into pieces, and each rank owns a part of every piece. It adds up what all ranks have found for
/// that part, in the order of ranks whatever the MPI library would do, moves it, and sends it to the others (Rajbhandari
/// et al. 2020, stage 1 of ZeRO): the weights are then the same everywhere to the bit, and no rank does another's work.
///
/// `@unchecked Sendable`: workers write disjoint parts, and barriers and exchanges order the rest.
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
      let parts = (0..<ranks.count).map { rank in
        let share = Worker.share(of: range.count, grain: 32, index: rank, count: ranks.count)
        return range.lowerBound + share.lowerBound..<range.lowerBound + share.upperBound
      }
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

  /// What the update does beside adding up.
  struct Move {
    /// By the factor that clipping takes gradients with.
    let adam: (Double) -> Adam
    /// 0: none.
    let clipNorm: Double
  }

  private let ranks: any RankGroup
  private let store: ParameterStore
  /// The decoder's parameters, whose gradient is known first; nil where it learns nothing.
  private let decoder: Piece?
  private let others: [Piece]
  private let workerSquares: UnsafeMutableBufferPointer<Double>
  private let rankSquares: Gathering
  private let checksums: Gathering

  /// - Parameters:
  ///   - store: all of a model's parameters.
  ///   - parts: those that learn something, with where they lie.
  init(_ store: ParameterStore, parts: [(ModelPart, Range<Int>)], ranks: any RankGroup, workers: Int) {
    (self.store, self.ranks) = (store, ranks)
    func pieces(_ isWanted: (ModelPart) -> Bool) -> [Piece] {
      parts.filter { isWanted($0.0) }.map { Piece($0.1, of: store, ranks: ranks) }
    }
    decoder = pieces { $0 == .decoder }.first
    others = pieces { $0 != .decoder }
    workerSquares = .allocate(capacity: workers)
    workerSquares.initialize(repeating: 0)
    rankSquares = Gathering(ranks, width: 1)
    checksums = Gathering(ranks, width: 1)
  }

  deinit { workerSquares.deallocate() }

  private var pieces: [Piece] { (decoder.map { [$0] } ?? []) + others }

  /// One step of one worker: the decoder's gradients are under way while the encoder's are reckoned.
  func run(_ worker: Worker, _ step: TrainingStep, _ move: Move) {
    step.decoderGradients(worker)
    worker.barrier()
    step.decoderParameterGradients(worker) { _ in }
    worker.barrier()
    if worker.index == 0, let decoder { send(decoder, step) }
    step.remainingGradients(worker)
    worker.barrier()
    step.remainingParameterGradients(worker) { _ in }
    worker.barrier()
    if worker.index == 0 { for piece in others { send(piece, step) } }
    // The norm is that of all gradients.
    for group in move.clipNorm > 0 ? [pieces] : pieces.map({ [$0] }) { update(group, worker, step, move) }
    if worker.index == 0 { for piece in pieces { ranks.finish(piece.weights) } }
    worker.barrier()
    for piece in pieces { roundOthers(piece, worker) }
  }

  private func send(_ piece: Piece, _ step: TrainingStep) {
    if step.isIdle {
      ParameterStore.floats(store.gradients)[piece.range].update(repeating: 0)
    }
    ranks.begin(piece.gradients)
  }

  private func update(_ group: [Piece], _ worker: Worker, _ step: TrainingStep, _ move: Move) {
    if worker.index == 0 { for piece in group { ranks.finish(piece.gradients) } }
    worker.barrier()
    let mine = group.map { addUp($0, worker) }
    for range in mine { step.restrain(range) }
    let adam = move.adam(move.clipNorm > 0 ? clipFactor(mine, worker, largest: move.clipNorm) : 1)
    for range in mine { adam.update(store, range) }
    worker.barrier()
    if worker.index == 0 { for piece in group { ranks.begin(piece.weights) } }
  }

  /// Adds up the gradients of all ranks in the worker's share of this rank's part. Returns that share of the buffer.
  private func addUp(_ piece: Piece, _ worker: Worker) -> Range<Int> {
    let share = worker.share(of: piece.own.count, grain: 32)
    let mine = piece.own.lowerBound + share.lowerBound..<piece.own.lowerBound + share.upperBound
    let sum = ParameterStore.floats(store.gradients).baseAddress! + mine.lowerBound
    let received = ParameterStore.floats(piece.received).baseAddress! + share.lowerBound
    for rank in 0..<ranks.count where rank != ranks.rank {
      selva_add(received + rank * piece.own.count, sum, share.count)
    }
    return mine
  }

  /// From the sum over the ranges of all workers of all ranks.
  private func clipFactor(_ mine: [Range<Int>], _ worker: Worker, largest: Double) -> Double {
    workerSquares[worker.index] = mine.reduce(0) { $0 + store.sumOfSquares($1) }
    worker.barrier()
    if worker.index == 0 { rankSquares.gather(CollectionOfOne(workerSquares.reduce(0, +))) }
    worker.barrier()
    let norm = rankSquares.sum(0).squareRoot()
    return norm > largest ? largest / norm : 1
  }

  /// The bfloat16 copies of what other ranks have moved.
  private func roundOthers(_ piece: Piece, _ worker: Worker) {
    guard store.halves != nil else { return }
    for range in [
      piece.range.lowerBound..<piece.own.lowerBound, piece.own.upperBound..<piece.range.upperBound,
    ] {
      let share = worker.share(of: range.count, grain: 32)
      store.weightsChanged(in: range.lowerBound + share.lowerBound..<range.lowerBound + share.upperBound)
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
