import Files
import Selva

/// Settings as people read and type them.
enum SettingText {
  /// 512,256 for a list, the raw value of an enumeration, else the value's description.
  static func of<Value>(_ value: Value) -> String {
    switch value {
    case let list as [Int]: list.isEmpty ? "none" : joined(list, ",")
    case let number as Double where number == number.rounded() && abs(number) < 1e15: "\(Int(number))"
    case let prior as Prior: prior.text
    case let choice as any RawRepresentable: "\(choice.rawValue)"
    default: "\(value)"
    }
  }

  /// Every stored property of a value, as words and text: ("batch size", "128").
  static func properties(of value: Any) -> [(name: String, text: String)] {
    Mirror(reflecting: value).children.map { child in
      (words(child.label ?? ""), of(child.value))
    }
  }

  /// From the image to the latent vector and back: 784-400-20-400-784.
  static func layers(of model: ModelSettings) -> String {
    joined(halves(of: model).joined().map { $0 }, "-") + network(of: model)
  }

  /// From the image to the latent vector: 784-400-20.
  static func encoderLayers(of model: ModelSettings) -> String {
    joined(halves(of: model)[0], "-") + network(of: model)
  }

  private static func halves(of model: ModelSettings) -> [[Int]] {
    var outside = [model.pixelCount]
    switch model.network {
    case .dense: break
    case .convolution(let convolution): outside += convolution.channels
    case .recurrent(let recurrent): outside += recurrent.layers
    }
    return [outside + model.hidden + [model.latent], model.decoderHidden + outside.reversed()]
  }

  private static func network(of model: ModelSettings) -> String {
    switch model.network {
    case .dense: ""
    case .convolution(let convolution): text(convolution)
    case .recurrent(let recurrent):
      " (recurrent \(joined(recurrent.layers, "-")), \(model.height) \(model.height == 1 ? "step" : "steps") of "
        + "\(model.width * model.channels))"
    }
  }

  private static func text(_ convolution: Convolution) -> String {
    let blocks = convolution.residualBlocks
    return " (convolutions \(joined(convolution.channels, "-")), kernel \(convolution.kernel)"
      + (blocks == 0 ? ")" : ", \(blocks) residual \(blocks == 1 ? "block" : "blocks") each)")
  }

  static func joined(_ numbers: [Int], _ separator: String) -> String {
    numbers.map(String.init).joined(separator: separator)
  }

  /// batchSize as batch size.
  private static func words(_ name: String) -> String {
    name.reduce(into: "") { words, letter in
      words += letter.isUppercase ? " \(letter.lowercased())" : "\(letter)"
    }
  }
}
