import Files

/// A mark on an axis.
package struct Tick: Sendable, Equatable {
  package let value: Double
  package let label: String
}

/// One axis: the range that it shows, and the marks on it.
package struct ChartScale: Sendable {
  package let low: Double
  package let high: Double
  package let isLogarithmic: Bool

  /// - Parameters:
  ///   - values: what the axis must show; those that it cannot are left out.
  ///   - margin: the part of the range that is added at both ends.
  package init(_ values: [Double], isLogarithmic: Bool, margin: Double) {
    self.isLogarithmic = isLogarithmic
    let shown = values.filter { ChartScale.shows($0, isLogarithmic) }
    var low = shown.min() ?? (isLogarithmic ? 1 : 0)
    var high = shown.max() ?? (isLogarithmic ? 10 : 1)
    // Beyond these bounds, differences overflow and powers of ten underflow.
    if isLogarithmic {
      (low, high) = (max(log10(low), -270), min(log10(high), 270))
      (low, high) = (min(low, 270), max(high, -270))
    } else {
      (low, high) = (max(low, -1e300), min(high, 1e300))
      (low, high) = (min(low, 1e300), max(high, -1e300))
    }
    let isRange = high - low > max(1e-12 * max(abs(low), abs(high)), ChartScale.tiny)
    let slack = isRange ? (high - low) * margin : isLogarithmic ? 0.5 : ChartScale.room(low)
    low -= slack
    high += slack
    self.low = isLogarithmic ? pow(10, low) : low
    self.high = isLogarithmic ? pow(10, high) : high
  }

  /// Half of the range that a constant gets.
  private static func room(_ value: Double) -> Double { abs(value) < tiny ? 0.5 : abs(value) * 0.05 }

  /// Below this, steps between marks would underflow.
  private static let tiny = 1e-290

  /// Whether the axis can show a value at all.
  package func shows(_ value: Double) -> Bool { ChartScale.shows(value, isLogarithmic) }

  private static func shows(_ value: Double, _ isLogarithmic: Bool) -> Bool {
    value.isFinite && (!isLogarithmic || value > 0)
  }

  /// Where a value lies: 0 at `low`, 1 at `high`.
  package func fraction(_ value: Double) -> Double {
    isLogarithmic
      ? (log10(value) - log10(low)) / (log10(high) - log10(low)) : (value - low) / (high - low)
  }

  /// At most `limit` marks (and at least one that is of use) at round values.
  ///
  /// - Parameter isWhole: keep the marks of a linear axis at whole numbers.
  package func ticks(limit: Int, isWhole: Bool = false) -> [Tick] {
    guard isLogarithmic else { return linearTicks(limit: limit, isWhole: isWhole) }
    for mantissas in [[1.0, 2, 5], [1.0]] {
      let values = decades(mantissas)
      if values.count <= limit && values.count >= 3 { return values.map(powerTick) }
    }
    let values = decades([1])
    // Powers of ten alone say too little about a range of less than two decades.
    if values.count < 3 { return linearTicks(limit: limit, isWhole: isWhole) }
    let every = (values.count + limit - 1) / limit
    return values.indices.filter { $0 % every == 0 }.map { powerTick(values[$0]) }
  }

  private func linearTicks(limit: Int, isWhole: Bool) -> [Tick] {
    let span = high - low
    var step = ChartScale.niceStep(span / Double(limit + 1))
    if isWhole { step = max(step.rounded(.up), 1) }
    while (high / step + 1e-9).rounded(.down) - (low / step - 1e-9).rounded(.up) + 1 > Double(limit) {
      let next = ChartScale.niceStep(step * 1.01)
      step = isWhole ? next.rounded(.up) : next
    }
    let first = (low / step - 1e-9).rounded(.up)
    let last = (high / step + 1e-9).rounded(.down)
    guard first <= last, step > 0 else { return [] }
    return (0...Int(last - first)).map { index in
      let value = (first + Double(index)) * step
      return Tick(value: value, label: ChartScale.label(value, step: step, largest: max(abs(low), abs(high))))
    }
  }

  /// The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `step`.
  package static func niceStep(_ step: Double) -> Double {
    let power = pow(10, log10(step).rounded(.down))
    let candidates: [Double] = [1, 2, 2.5, 5, 10].map { (multiple: Double) in multiple * power }
    return candidates.first { $0 >= step * (1 - 1e-9) } ?? step
  }

  private func decades(_ mantissas: [Double]) -> [Double] {
    let exponents = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
    var values: [Double] = []
    for exponent in exponents {
      let power = pow(10, Double(exponent))
      for value in mantissas.map({ $0 * power }) {
        if value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9) { values.append(value) }
      }
    }
    return values
  }

  private func powerTick(_ value: Double) -> Tick {
    let power = pow(10, (log10(value) + 1e-9).rounded(.down))
    // Where the axis comes to thousands, one thousand is written like the others.
    let largest = high >= 1e4 && (1e3..<1e8).contains(value) ? value * 10 : value
    return Tick(value: value, label: ChartScale.label(value, step: power, largest: largest))
  }

  /// A value with the digits that marks `step` apart need, in thousands or millions, or as a power of ten,
  /// where plain digits would be long.
  package static func label(_ value: Double, step: Double, largest: Double) -> String {
    if largest >= 1e9 || step < 1e-4 {
      let exponent = Int((log10(largest) + 1e-9).rounded(.down))
      let unit = pow(10, Double(exponent))
      let mantissa = fixed(value / unit, digits: digits(step / unit))
      return mantissa == "0" ? "0" : "\(mantissa)e\(exponent)"
    }
    for (unit, suffix) in [(1e6, "M"), (1e3, "k")] where largest >= unit * 10 && step >= unit / 10 {
      if value == 0 { return "0" }
      return fixed(value / unit, digits: digits(step / unit)) + suffix
    }
    return fixed(value, digits: digits(step))
  }

  /// How many decimals a multiple of `step` has.
  private static func digits(_ step: Double) -> Int {
    (0..<12).first { count in
      let scaled = step * pow(10, Double(count))
      return abs(scaled - scaled.rounded()) < 1e-6 * scaled
    } ?? 12
  }

  private static func fixed(_ value: Double, digits: Int) -> String {
    let unit = Int(pow(10, Double(digits)))
    let scaled = Int((value * Double(unit)).rounded())
    let sign = scaled < 0 ? "-" : ""
    let (whole, part) = abs(scaled).quotientAndRemainder(dividingBy: unit)
    guard digits > 0, scaled != 0 else { return "\(sign)\(whole)" }
    let decimals = String(part)
    return "\(sign)\(whole)." + String(repeating: "0", count: digits - decimals.count) + decimals
  }
}
