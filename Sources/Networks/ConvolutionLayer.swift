import Compute

/// y = f(W ∗ x + b), or the transposed convolution, over maps `[rows, height · width · channels]`.
///
/// Patches are gathered piece by piece into memory that stays in the cache and multiplied there: that is as fast as the
/// products are, needs no other layout of weights or maps than the dense layers', and serves float32 and bfloat16.
final class ConvolutionLayer: ResultLayer {
  private let plan: ConvolutionPlan
  let result: LayerOutput
  private let bias: Matrix
  private let biasGradient: Matrix?
  private let inputGradient: InputGradient?
  private let addsToInputGradient: Bool
  private let workers: [Work]
  private let memories: [Storage]

  private struct Work: Sendable {
    let blocks: [Block]
    /// Of the patches, whose weights' gradient the worker makes.
    let values: Range<Int>
    let weightGradient: PatchGradient?
    /// Whose biases' gradient the worker makes.
    let channels: Range<Int>
  }

  private struct Block: Sendable {
    let rows: Range<Int>
    let forward: Way
    let back: Way?
  }

  /// From one map to the other.
  private enum Way: Sendable {
    case gather(PatchGather)
    case scatter(PatchScatter)

    func products() {
      switch self {
      case .gather(let products): products.products()
      case .scatter(let products): products.products()
      }
    }

    var operations: Int {
      switch self {
      case .gather(let products): products.operations
      case .scatter(let products): products.operations
      }
    }
  }

  /// - Parameter addsToInputGradient: of a convolution: to what lies there before `backward`.
  init(
    _ plan: ConvolutionPlan, _ binding: NetworkBinding, number: Int, input: Matrix,
    inputGradient: InputGradient?, addsToInputGradient: Bool = false
  ) {
    let (parameters, patches) = (binding.parameters, plan.patches)
    let result = LayerOutput(
      outputs: plan.outputs, plan.activation, binding, number: number, rows: input.rows, type: input.type,
      goesBack: parameters.learns || inputGradient != nil)
    self.plan = plan
    self.result = result
    self.inputGradient = inputGradient
    self.addsToInputGradient = addsToInputGradient
    bias = parameters.matrix(plan.bias, rows: 1, columns: plan.output.channels)
    biasGradient = parameters.gradient(plan.bias, rows: 1, columns: plan.output.channels)
    let weight = parameters.operand(plan.weight, rows: plan.smallChannels, columns: patches.size)
    let weightGradient = parameters.gradient(plan.weight, rows: plan.smallChannels, columns: patches.size)
    let ways = Ways(plan, weight: weight, bias: bias)
    memories = (0..<binding.rows.workers).map(binding.memory)
    workers = binding.rows.blocks.enumerated().map { index, blocks in
      let memory = binding.memory(index)
      let values = binding.share(of: patches.size, worker: index, number: number)
      return Work(
        blocks: blocks.filter { !$0.isEmpty }.map { rows in
          Block(
            rows: rows, forward: ways.forward(input, result.preactivation, rows, memory),
            back: inputGradient?.block(rows).map { ways.back(result.gradient!, rows, $0, memory) })
        },
        values: values,
        weightGradient: values.isEmpty
          ? nil
          : weightGradient.map { ways.weightGradient(input, result.gradient!, $0, values, memory) },
        channels: binding.share(of: plan.output.channels, worker: index, number: number))
    }
  }

  /// Which products make which way of which direction.
  private struct Ways {
    let plan: ConvolutionPlan
    let weight: Matrix
    let bias: Matrix

    init(_ plan: ConvolutionPlan, weight: Matrix, bias: Matrix) {
      self.plan = plan
      self.weight = weight
      self.bias = bias
    }

    func forward(_ input: Matrix, _ output: Matrix, _ rows: Range<Int>, _ memory: Storage) -> Way {
      switch plan.direction {
      case .convolution:
        .gather(
          PatchGather(
            plan.patches, input, weight: weight, bias: bias, into: output.inRows(of: plan.smallChannels),
            images: rows, memory: memory))
      case .transposed:
        .scatter(
          PatchScatter(
            plan.patches, input.inRows(of: plan.smallChannels), weight: weight, into: output, images: rows,
            memory: memory))
      }
    }

    /// - Parameter target: the gradient of these rows of the input alone.
    func back(_ gradient: Matrix, _ rows: Range<Int>, _ target: Matrix, _ memory: Storage) -> Way {
      let (gradient, images) = (gradient.block(rows: rows), 0..<rows.count)
      return switch plan.direction {
      case .convolution:
        .scatter(
          PatchScatter(
            plan.patches, gradient.inRows(of: plan.smallChannels), weight: weight, into: target,
            images: images, memory: memory))
      case .transposed:
        .gather(
          PatchGather(
            plan.patches, gradient, weight: weight, bias: nil, into: target.inRows(of: plan.smallChannels),
            images: images, memory: memory))
      }
    }

    func weightGradient(
      _ input: Matrix, _ gradient: Matrix, _ target: Matrix, _ values: Range<Int>, _ memory: Storage
    ) -> PatchGradient {
      let isTransposed = plan.direction == .transposed
      let (small, large) = isTransposed ? (input, gradient) : (gradient, input)
      return PatchGradient(
        plan.patches, small.inRows(of: plan.smallChannels), large, into: target, values: values,
        memory: memory)
    }
  }

  func forward(_ worker: Int) {
    for block in workers[worker].blocks {
      switch block.forward {
      case .gather(let products): products()
      case .scatter(let products):
        fill(result.preactivation.block(rows: block.rows))
        products()
      }
      result.forward(block.rows)
    }
  }

  /// The bias at every position.
  private func fill(_ maps: Matrix) {
    let (start, count) = (maps.floats, maps.rows * maps.columns)
    var filled = plan.output.channels
    start.update(from: bias.floats, count: filled)
    while filled < count {
      let next = min(filled, count - filled)
      (start + filled).update(from: start, count: next)
      filled += next
    }
  }

  func backward(_ worker: Int) {
    for block in workers[worker].blocks {
      result.backward(block.rows)
      switch block.back {
      case .gather(let products): products()
      case .scatter(let products):
        if !addsToInputGradient, let target = inputGradient?.block(block.rows) {
          target.floats.update(repeating: 0, count: target.rows * target.columns)
        }
        products()
      case nil: break
      }
    }
  }

  func parameterGradient(_ worker: Int, finished: GradientUse) {
    let work = workers[worker]
    if let products = work.weightGradient {
      products()
      for row in 0..<plan.smallChannels {
        let start = plan.weight + row * plan.patches.size
        finished(start + work.values.lowerBound..<start + work.values.upperBound, nil)
      }
    }
    guard let gradient, let biasGradient, !work.channels.isEmpty else { return }
    gradient.channelSums(work.channels, of: plan.output, into: biasGradient.floats, memory: memories[worker])
    finished(plan.bias + work.channels.lowerBound..<plan.bias + work.channels.upperBound, nil)
  }

  func rowProducts(_ worker: Int) {
    for block in workers[worker].blocks {
      block.forward.products()
      block.back?.products()
    }
  }

  func parameterProducts(_ worker: Int) { workers[worker].weightGradient?.products() }

  var operations: Int {
    workers.reduce(0) { total, work in
      work.blocks.reduce(total + (work.weightGradient?.operations ?? 0)) {
        $0 + $1.forward.operations + ($1.back?.operations ?? 0)
      }
    }
  }
}

extension Matrix {
  /// The sums of some channels of maps over all their positions, into `sums`, one a channel.
  fileprivate func channelSums(
    _ channels: Range<Int>, of map: MapShape, into sums: UnsafeMutablePointer<Float>, memory: Storage
  ) {
    let (lanes, line) = (16, map.width * map.channels)
    guard map.channels < lanes, line * 4 <= memory.byteCount else {
      return inRows(of: map.channels).block(columns: channels).columnSums(into: sums + channels.lowerBound)
    }
    // Too few to fill a vector: line by line first.
    let lineSums = Matrix(memory, offset: 0, rows: 1, columns: line).floats
    inRows(of: line).columnSums(into: lineSums)
    (sums + channels.lowerBound).update(repeating: 0, count: channels.count)
    for i in 0..<line where channels.contains(i % map.channels) { sums[i % map.channels] += lineSums[i] }
  }
}
