import Messages

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Numbers of any rank, row-major; integers and truth values too.
struct Values: Equatable {
  var shape: [Int]
  var numbers: [Double]

  init(_ shape: [Int], _ numbers: [Double]) {
    precondition(shape.reduce(1, *) == numbers.count, "\(numbers.count) numbers of shape \(shape)")
    self.shape = shape
    self.numbers = numbers
  }

  init(_ shape: [Int], floats: [Float]) { self.init(shape, floats.map(Double.init)) }

  init(_ tensor: ONNXTensorProto) {
    let shape = tensor.dims.map { Int($0) }
    numbers = tensor.rawData.withUnsafeBytes { bytes in
      tensor.dataType == ONNXTensorProto.DataType.float.rawValue
        ? bytes.bindMemory(to: Float.self).map(Double.init)
        : bytes.bindMemory(to: Int64.self).map(Double.init)
    }
    self.shape = shape
  }

  var floats: [Float] { numbers.map { Float($0) } }
  var integers: [Int] { numbers.map { Int($0) } }

  /// Of an array of this shape, each place: its index in every dimension.
  static func places(_ shape: [Int]) -> [[Int]] {
    shape.reduce([[]]) { places, size in places.flatMap { place in (0..<size).map { place + [$0] } } }
  }

  /// By the rules of broadcasting: a dimension of 1, or one that is missing in front, has the same for all.
  subscript(place: [Int]) -> Double {
    let own = place.suffix(shape.count)
    return numbers[zip(shape, own).reduce(0) { $0 * $1.0 + ($1.0 == 1 ? 0 : $1.1) }]
  }

  func map(_ change: (Double) -> Double) -> Values { Values(shape, numbers.map(change)) }

  static func broadcast(_ shapes: [[Int]]) -> [Int] {
    let rank = shapes.map(\.count).max() ?? 0
    return (0..<rank).map { axis in
      let sizes = shapes.compactMap { $0.count > rank - 1 - axis ? $0[$0.count - rank + axis] : nil }
      return sizes.first { $0 != 1 } ?? 1
    }
  }

  static func both(_ a: Values, _ b: Values, _ combine: (Double, Double) -> Double) -> Values {
    let shape = broadcast([a.shape, b.shape])
    return Values(shape, places(shape).map { combine(a[$0], b[$0]) })
  }
}

/// Evaluates the operators that Selva writes, each as ONNX defines it and as plainly as can be.
struct GraphInterpreter {
  let graph: ONNXGraphProto

  /// - Parameter outer: values of the graph that this one is a part of.
  func callAsFunction(_ inputs: [String: Values], outer: [String: Values] = [:]) -> [String: Values] {
    var values = outer.merging(inputs) { $1 }
    for tensor in graph.initializer { values[tensor.name] = Values(tensor) }
    for node in graph.node {
      let read = node.input.map { name -> Values in
        guard let value = values[name] else { preconditionFailure("\(node.name) reads \(name) before it is") }
        return value
      }
      for (name, value) in zip(node.output, Operation(node, read, values)()) {
        precondition(values[name] == nil, "\(name) is put out twice")
        values[name] = value
      }
    }
    return values
  }
}

/// One node with what it reads.
private struct Operation {
  let node: ONNXNodeProto
  let inputs: [Values]
  let outer: [String: Values]

  init(_ node: ONNXNodeProto, _ inputs: [Values], _ outer: [String: Values]) {
    (self.node, self.inputs, self.outer) = (node, inputs, outer)
  }

  private func attribute(_ name: String) -> ONNXAttributeProto? { node.attribute.first { $0.name == name } }
  private func int(_ name: String, _ standard: Int = 0) -> Int {
    attribute(name).map { Int($0.i) } ?? standard
  }
  private func ints(_ name: String) -> [Int] { attribute(name).map { $0.ints.map { Int($0) } } ?? [] }
  private func float(_ name: String, _ standard: Double) -> Double {
    attribute(name).map { Double($0.f) } ?? standard
  }
  private var x: Values { inputs[0] }

  func callAsFunction() -> [Values] {
    switch node.opType {
    case "Split":
      let half = x.shape[1] / 2
      return [0..<half, half..<2 * half].map { gathered(Array($0), axis: 1) }
    case "Scan": return scanned()
    default: return [elementwise() ?? shaped() ?? multiplied()]
    }
  }

  private func elementwise() -> Values? {
    switch node.opType {
    case "Add": Values.both(x, inputs[1], +)
    case "Sub": Values.both(x, inputs[1], -)
    case "Mul": Values.both(x, inputs[1], *)
    case "Div": Values.both(x, inputs[1], /)
    case "Min": Values.both(x, inputs[1], min)
    case "Equal": Values.both(x, inputs[1]) { $0 == $1 ? 1 : 0 }
    case "GreaterOrEqual": Values.both(x, inputs[1]) { $0 >= $1 ? 1 : 0 }
    case "Clip": x.map { min(max($0, inputs[1].numbers[0]), inputs[2].numbers[0]) }
    case "Cast", "Identity": x
    case "Exp": x.map { exp($0) }
    case "Tanh": x.map { tanh($0) }
    case "Sigmoid": x.map { 1 / (1 + exp(-$0)) }
    case "Relu": x.map { max(0, $0) }
    case "LeakyRelu": x.map { $0 < 0 ? float("alpha", 0.01) * $0 : $0 }
    case "Elu": x.map { $0 < 0 ? float("alpha", 1) * (exp($0) - 1) : $0 }
    case "Selu":
      x.map { float("gamma", 1.0507) * ($0 > 0 ? $0 : float("alpha", 1.67326) * (exp($0) - 1)) }
    case "Gelu"
    where attribute("approximate").map { String(decoding: $0.s, as: UTF8.self) } ?? "none" == "none":
      x.map { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }
    default: nil
    }
  }

  private func shaped() -> Values? {
    switch node.opType {
    case "Flatten": return Values([x.shape[0], x.shape.dropFirst().reduce(1, *)], x.numbers)
    case "Reshape":
      let shape = inputs[1].integers.enumerated().map { $1 == 0 ? x.shape[$0] : $1 }
      return Values(shape, x.numbers)
    case "Transpose":
      let order = ints("perm")
      let shape = order.map { x.shape[$0] }
      return Values(
        shape,
        Values.places(shape).map { place in
          x[order.indices.map { axis in place[order.firstIndex(of: axis)!] }]
        })
    case "Unsqueeze":
      var shape = x.shape
      shape.insert(1, at: inputs[1].integers[0])
      return Values(shape, x.numbers)
    case "Squeeze":
      var shape = x.shape
      precondition(shape.remove(at: inputs[1].integers[0]) == 1, "a dimension that is not 1")
      return Values(shape, x.numbers)
    case "Expand":
      let shape = Values.broadcast([x.shape, inputs[1].integers])
      return Values(shape, Values.places(shape).map { x[$0] })
    case "Concat":
      let width = inputs.reduce(0) { $0 + $1.shape[1] }
      return Values(
        [x.shape[0], width],
        (0..<x.shape[0]).flatMap { row in
          inputs.flatMap { part in (0..<part.shape[1]).map { part[[row, $0]] } }
        })
    case "Gather": return gathered(inputs[1].integers, axis: int("axis"))
    case "ReduceSum":
      return Values(
        [x.shape[0]], (0..<x.shape[0]).map { row in (0..<x.shape[1]).reduce(0) { $0 + x[[row, $1]] } })
    case "Shape":
      let sizes = x.shape[int("start")..<int("end")].map(Double.init)
      return Values([sizes.count], sizes)
    case "ConstantOfShape":
      return Values(x.integers, [Double](repeating: 0, count: x.integers.reduce(1, *)))
    default: return nil
    }
  }

  private func gathered(_ indices: [Int], axis: Int) -> Values {
    var shape = x.shape
    shape[axis] = indices.count
    return Values(
      shape,
      Values.places(shape).map { place in
        var place = place
        place[axis] = indices[place[axis]]
        return x[place]
      })
  }

  private func multiplied() -> Values {
    switch node.opType {
    case "Gemm":
      precondition(int("transB") == 1, "Gemm of another form")
      return product(width: inputs[1].shape[1], outputs: inputs[1].shape[0], bias: inputs[2].numbers) {
        [$1, $0]
      }
    case "MatMul":
      return product(width: inputs[1].shape[0], outputs: inputs[1].shape[1], bias: nil) { [$0, $1] }
    case "Conv": return convolved()
    case "ConvTranspose": return spread()
    default: preconditionFailure("an operator \(node.opType) that nobody told of")
    }
  }

  /// - Parameter place: of a weight, by its input and its output.
  private func product(
    width: Int, outputs: Int, bias: [Double]?, _ place: (Int, Int) -> [Int]
  ) -> Values {
    let shape: [Int] = x.shape.dropLast() + [outputs]
    var numbers: [Double] = []
    for position in Values.places(shape) {
      let output: Int = position[position.count - 1]
      var sum = bias?[output] ?? 0
      for input in 0..<width { sum += x[position.dropLast() + [input]] * inputs[1][place(input, output)] }
      numbers.append(sum)
    }
    return Values(shape, numbers)
  }

  /// Where a tap of the kernel at a position of the small map lies on the large one; nil beyond its edges.
  private func place(_ position: ArraySlice<Int>, _ tap: [Int], on sides: ArraySlice<Int>) -> [Int]? {
    let (pads, strides) = (ints("pads"), ints("strides"))
    let y: Int = position[position.startIndex] * strides[0] + tap[1] - pads[0]
    let x: Int = position[position.startIndex + 1] * strides[1] + tap[2] - pads[1]
    let isInside = y >= 0 && x >= 0 && y < sides[sides.startIndex] && x < sides[sides.startIndex + 1]
    return isInside ? [y, x] : nil
  }

  private func convolved() -> Values {
    let (weight, pads, strides, kernel) = (inputs[1], ints("pads"), ints("strides"), ints("kernel_shape"))
    let sides: [Int] = (0..<2).map { axis in
      let padded: Int = x.shape[2 + axis] + pads[axis] + pads[2 + axis]
      return (padded - kernel[axis]) / strides[axis] + 1
    }
    let shape: [Int] = [x.shape[0], weight.shape[0]] + sides
    let taps = Values.places([weight.shape[1]] + kernel)
    var numbers: [Double] = []
    for position in Values.places(shape) {
      var sum = inputs[2].numbers[position[1]]
      for tap in taps {
        guard let place = place(position[2...], tap, on: x.shape[2...]) else { continue }
        sum += x[[position[0], tap[0]] + place] * weight[[position[1]] + tap]
      }
      numbers.append(sum)
    }
    return Values(shape, numbers)
  }

  private func spread() -> Values {
    let (weight, pads, strides, kernel) = (inputs[1], ints("pads"), ints("strides"), ints("kernel_shape"))
    let sides: [Int] = (0..<2).map { axis in
      let whole: Int = strides[axis] * (x.shape[2 + axis] - 1) + kernel[axis]
      return whole - pads[axis] - pads[2 + axis]
    }
    let shape: [Int] = [x.shape[0], weight.shape[1]] + sides
    var numbers: [Double] = Values.places(shape).map { inputs[2].numbers[$0[1]] }
    let taps = Values.places([weight.shape[1]] + kernel)
    for position in Values.places(x.shape) {
      for tap in taps {
        guard let place = place(position[2...], tap, on: shape[2...]) else { continue }
        let map: Int = position[0] * shape[1] + tap[0]
        let index: Int = (map * sides[0] + place[0]) * sides[1] + place[1]
        numbers[index] += x[position] * weight[[position[1]] + tap]
      }
    }
    return Values(shape, numbers)
  }

  /// Of one state and one sequence, over its first dimension.
  private func scanned() -> [Values] {
    guard let body = attribute("body")?.g else { preconditionFailure("a scan without a body") }
    var (state, states) = (inputs[0], [Double]())
    let (steps, size) = (inputs[1].shape[0], inputs[1].shape.dropFirst().reduce(1, *))
    for step in 0..<steps {
      let read = Values(
        Array(inputs[1].shape.dropFirst()), Array(inputs[1].numbers[step * size..<(step + 1) * size]))
      let found = GraphInterpreter(graph: body)(
        [body.input[0].name: state, body.input[1].name: read], outer: outer)
      state = found[body.output[0].name]!
      states += found[body.output[1].name]!.numbers
    }
    return [state, Values([steps] + state.shape, states)]
  }
}
