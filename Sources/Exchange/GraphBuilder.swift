import Messages
import SwiftProtobuf

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Collects an ONNX graph, node by node. What a node puts out goes by its name from there on.
final class GraphBuilder {
  private(set) var graph = ONNXGraphProto()
  private var names: Set<String> = []

  init(_ name: String) { graph.name = name }

  /// The part that changes with the rows that come in.
  static let batch = "batch"

  enum Attribute {
    case int(Int)
    case ints([Int])
    case float(Float)
    case string(String)
    case graph(ONNXGraphProto)
  }

  /// A new node.
  ///
  /// - Parameters:
  ///   - operation: its operator, of opset `ONNXFile.operatorSet`.
  ///   - place: the layer that it belongs to, from which it gets a name that no other has.
  ///   - outputs: names of what it puts out; nil: one, named after the place.
  /// - Returns: the name of what it puts out first.
  @discardableResult
  func node(
    _ operation: String, _ inputs: [String], at place: String, outputs: [String]? = nil,
    _ attributes: KeyValuePairs<String, Attribute> = [:]
  ) -> String {
    let name = unused("\(place)/\(operation)")
    var node = ONNXNodeProto()
    node.name = name
    node.opType = operation
    node.input = inputs
    node.output = outputs ?? [name]
    node.attribute = attributes.map { GraphBuilder.attribute($0.key, $0.value) }
    graph.node.append(node)
    return node.output[0]
  }

  /// A constant of 32-bit floats, row-major.
  func constant(_ values: some Collection<Float>, _ shape: [Int], _ name: String) -> String {
    precondition(
      shape.reduce(1, *) == values.count, "constant '\(name)' of shape \(shape) with \(values.count) values"
    )
    return constant(Array(values), shape, .float, unused(name))
  }

  /// A constant of 64-bit integers: a shape, axes or indices.
  func constant(_ values: [Int], _ name: String) -> String {
    constant(values.map { Int64($0) }, [values.count], .int64, unused(name))
  }

  /// The elements lie as the format wants them: all hosts that Swift runs on are little-endian.
  private func constant<Element>(
    _ values: [Element], _ shape: [Int], _ type: ONNXTensorProto.DataType, _ name: String
  ) -> String {
    var tensor = ONNXTensorProto()
    tensor.name = name
    tensor.dims = shape.map { Int64($0) }
    tensor.dataType = Int32(type.rawValue)
    tensor.rawData = values.withUnsafeBytes { Data($0) }
    graph.initializer.append(tensor)
    return name
  }

  /// - Parameter shape: nil for a size that the caller chooses.
  @discardableResult
  func input(
    _ name: String, _ shape: [Int?], _ type: ONNXTensorProto.DataType = .float, _ text: String = ""
  ) -> String {
    names.insert(name)
    graph.input.append(GraphBuilder.value(name, shape, type, text))
    return name
  }

  func output(_ name: String, _ shape: [Int?], _ text: String = "") {
    graph.output.append(GraphBuilder.value(name, shape, .float, text))
  }

  private func unused(_ name: String) -> String {
    var (candidate, number) = (name, 1)
    while !names.insert(candidate).inserted {
      candidate = "\(name).\(number)"
      number += 1
    }
    return candidate
  }

  private static func value(
    _ name: String, _ shape: [Int?], _ type: ONNXTensorProto.DataType, _ text: String
  ) -> ONNXValueInfoProto {
    var value = ONNXValueInfoProto()
    value.name = name
    if !text.isEmpty { value.docString = text }
    value.type.tensorType.elemType = Int32(type.rawValue)
    value.type.tensorType.shape.dim = shape.map { size in
      var dimension = ONNXTensorShapeProto.Dimension()
      dimension.value = size.map { .dimValue(Int64($0)) } ?? .dimParam(batch)
      return dimension
    }
    return value
  }

  private static func attribute(_ name: String, _ value: Attribute) -> ONNXAttributeProto {
    var attribute = ONNXAttributeProto()
    attribute.name = name
    switch value {
    case .int(let value): (attribute.i, attribute.type) = (Int64(value), .int)
    case .ints(let values): (attribute.ints, attribute.type) = (values.map { Int64($0) }, .ints)
    case .float(let value): (attribute.f, attribute.type) = (value, .float)
    case .string(let text): (attribute.s, attribute.type) = (Data(text.utf8), .string)
    case .graph(let graph): (attribute.g, attribute.type) = (graph, .graph)
    }
    return attribute
  }
}
