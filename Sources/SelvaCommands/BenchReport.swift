import Selva

/// What `bench` prints.
struct BenchReport: Encodable {
  let shape: String
  let batchSize: Int
  let precision: String
  let best: StepBenchmark.Result
  let scaling: [StepBenchmark.Result]
  /// Predicted; nil where nobody asked.
  let ranks: [StepBenchmark.Scaling]?
  let memory: ProcessMemory

  private enum CodingKeys: String, CodingKey {
    case shape, precision, scaling, ranks, memory
    case batchSize = "batch_size"
    case imagesPerSecond = "images_per_second"
    case ceilingImagesPerSecond = "ceiling_images_per_second"
    case ceilingGigaflops = "ceiling_gigaflops"
    case fraction = "fraction_of_ceiling"
    case stages = "stage_milliseconds"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(shape, forKey: .shape)
    try container.encode(batchSize, forKey: .batchSize)
    try container.encode(precision, forKey: .precision)
    try container.encode(best.imagesPerSecond, forKey: .imagesPerSecond)
    try container.encode(best.ceilingImagesPerSecond, forKey: .ceilingImagesPerSecond)
    try container.encode(best.ceilingGigaflops, forKey: .ceilingGigaflops)
    try container.encode(best.fraction, forKey: .fraction)
    try container.encode(best.stages, forKey: .stages)
    try container.encode(scaling, forKey: .scaling)
    try container.encodeIfPresent(ranks, forKey: .ranks)
    try container.encode(memory, forKey: .memory)
  }

  var json: String { SettingsJSON.encode(self) }

  var text: String {
    var lines = [
      "\(shape), batch \(batchSize), \(precision)",
      "",
      "threads  images/s  ceiling images/s  of ceiling  GFLOP/s in products",
    ]
    for result in scaling {
      lines.append(
        [
          "\(result.threads)".aligned(7), Format.grouped(result.imagesPerSecond).aligned(10),
          Format.grouped(result.ceilingImagesPerSecond).aligned(18),
          "\(Format.fixed(result.fraction * 100, 1)) %".aligned(12),
          Format.fixed(result.ceilingGigaflops, 0).aligned(21),
        ].joined())
    }
    if let one = scaling.first, scaling.count > 1 {
      lines.append("")
      lines.append(
        "\(best.threads) threads are \(Format.fixed(best.imagesPerSecond / one.imagesPerSecond)) times as fast as 1."
      )
    }
    let stages = [
      ("batch", best.stages.batch), ("forward", best.stages.forward), ("loss", best.stages.loss),
      ("backward", best.stages.backward), ("optimizer", best.stages.optimizer),
    ]
    let total = stages.reduce(0) { $0 + $1.1 }
    lines += ["", "A step by stage, each measured alone:"]
    for (name, milliseconds) in stages {
      lines.append(
        "  \(name.padded(10))\(Format.fixed(milliseconds, 3).aligned(8)) ms\(Format.fixed(milliseconds / total * 100, 1).aligned(7)) %"
      )
    }
    lines += ranks.map { RankedText.predicted($0, threads: best.threads) } ?? []
    lines += [
      "",
      "Memory: \(Format.fixed(memory.peakMegabytes, 1)) MB at the most, "
        + "\(Format.fixed(memory.anonymousMegabytes, 1)) MB beside mapped files.",
    ]
    return lines.joined(separator: "\n")
  }
}

/// What is known of several ranks, as people read it.
enum RankedText {
  static func predicted(_ scaling: [StepBenchmark.Scaling], threads: Int) -> [String] {
    let heads = [
      "",
      "Predicted for ranks of \(Format.threads(threads)), the batch split among them (strong) or a whole one each (weak):",
      "",
      " ranks  strong images/s  efficiency  weak images/s  efficiency",
    ]
    return heads
      + scaling.map { row in
        "\(row.ranks)".aligned(6) + Format.grouped(row.strong.imagesPerSecond).aligned(17)
          + percent(row.strong.efficiency).aligned(12) + Format.grouped(row.weak.imagesPerSecond).aligned(15)
          + percent(row.weak.efficiency).aligned(12)
      }
  }

  static func measured(_ found: StepBenchmark.Measurement) -> String {
    return
      "\(found.ranks) ranks of \(Format.threads(found.threads)) train on \(Format.grouped(found.imagesPerSecond)) images/s; "
      + "a message between them takes \(Format.fixed(found.latency * 1e6, 1)) µs and "
      + "\(Format.fixed(found.bandwidth * 1e-9)) GB/s"
  }

  private static func percent(_ value: Double) -> String { "\(Format.fixed(value * 100, 1)) %" }
}

extension String {
  /// Spaces after it, up to `width`.
  func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

  /// Spaces before it, up to `width`.
  func aligned(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
