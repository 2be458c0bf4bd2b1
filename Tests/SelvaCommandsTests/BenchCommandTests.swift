import Foundation
import Testing

/// Only what does not depend on the machine: shapes, options, and how figures hang together.
@Suite struct BenchCommandTests {
  private static let quick = ["--seconds", "0.05", "--hidden", "12,8", "-z", "3", "-b", "16"]

  private func json(_ arguments: [String], in folder: String) throws -> [String: Any] {
    let result = try Program.run(["bench", "--json"] + arguments, in: folder)
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    return try jsonObject(result.output)
  }

  private func number(_ object: [String: Any], _ key: String) throws -> Double {
    try #require(object[key] as? Double, "\(key)")
  }

  @Test func tellsOneObject() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.images(in: folder, count: 40, height: 8, width: 6)
    let report = try json(["--data", "images.idx", "--threads", "2"] + Self.quick, in: folder)
    #expect(report["shape"] as? String == "48-12-8-3")
    #expect(report["batch_size"] as? Int == 16)
    #expect(report["precision"] as? String == "auto")
    let scaling = try #require(report["scaling"] as? [[String: Any]])
    #expect(scaling.map { $0["threads"] as? Int } == [2])
    for figures in scaling + [report] {
      let (speed, ceiling) = try (
        number(figures, "images_per_second"), number(figures, "ceiling_images_per_second")
      )
      #expect(speed > 0 && ceiling > 0)
      #expect(try abs(number(figures, "fraction_of_ceiling") - speed / ceiling) < 1e-6 * speed / ceiling)
      // 2 · 16 multiplications and additions for each weight, forward, and back twice but for the first layer once.
      let weights = 48 * 12 + 12 * 8 + 8 * 6 + 3 * 8 + 8 * 12 + 12 * 48
      let operations = 2.0 * Double(3 * weights - 48 * 12)
      #expect(
        try abs(number(figures, "ceiling_gigaflops") - ceiling * operations * 1e-9) < 1e-6 * ceiling
          * operations * 1e-9)
      let stages = try #require(figures["stage_milliseconds"] as? [String: Double])
      #expect(Set(stages.keys) == ["batch", "forward", "loss", "backward", "optimizer"])
      #expect(stages.values.allSatisfy { $0 > 0 })
    }
    let memory = try #require(report["memory"] as? [String: Double])
    #expect(memory["peak_megabytes"] ?? 0 > 1 && memory["anonymous_megabytes"] ?? 0 > 0)
  }

  @Test func reachesForEveryProcessor() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.images(in: folder, count: 10, height: 8, width: 6)
    let report = try json(["--data", "images.idx", "--precision", "float32"] + Self.quick, in: folder)
    // No more images a step than there are.
    #expect(report["batch_size"] as? Int == 10)
    #expect(report["precision"] as? String == "float32")
    let threads = try #require(report["scaling"] as? [[String: Any]]).map { $0["threads"] as? Int }
    #expect(threads.first == 1 && threads.count <= 2)
  }

  @Test func readsLikeAReport() throws {
    let folder = try Program.temporaryFolder()
    let result = try Program.run(
      ["bench", "--threads", "1", "--seconds", "0.01", "--hidden", "4", "-z", "2", "-b", "8"], in: folder)
    let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
    #expect(result.status == 0 && result.errors.isEmpty)
    try #require(lines.count == 10, "\(lines)")
    #expect(lines[0] == "784-4-2, batch 8, auto")
    #expect(lines[1] == "threads  images/s  ceiling images/s  of ceiling  GFLOP/s in products")
    #expect(lines[2].hasPrefix("      1") && lines[2].contains(" % "))
    #expect(lines[3] == "A step by stage, each measured alone:")
    let names = lines[4..<9].map { $0.split(separator: " ").first ?? "" }
    #expect(names == ["batch", "forward", "loss", "backward", "optimizer"])
    let shares = lines[4..<9].compactMap { Double($0.split(separator: " ")[3]) }
    #expect(abs(shares.reduce(0, +) - 100) < 0.5)
    #expect(lines[9].hasPrefix("Memory: "))
  }

  @Test(arguments: [
    ("--prior mixture:3", "prior mixture:3"), ("--prior flow:2", "prior flow:2 of 256,256 silu"),
    ("--prior flow:2 --prior-hidden 9,7 --prior-activation tanh", "prior flow:2 of 9,7 tanh"),
  ]) func measuresThePriorThatWasAskedFor(options: String, expected: String) throws {
    let folder = try Program.temporaryFolder()
    try Fixture.images(in: folder, count: 40, height: 8, width: 6)
    let report = try json(
      ["--data", "images.idx", "--threads", "1"] + Self.quick
        + options.split(separator: " ").map(String.init),
      in: folder)
    #expect(report["shape"] as? String == "48-12-8-3, \(expected)")
  }

  /// Of a network so slow that it alone counts.
  @Test func predictsSeveralRanks() throws {
    let folder = try Program.temporaryFolder()
    try Fixture.images(in: folder, count: 40, height: 8, width: 6)
    func rows(_ network: String...) throws -> [(ranks: Int, strong: [String: Double], weak: [String: Double])]
    {
      let report = try json(
        ["--data", "images.idx", "--threads", "1", "--ranks", "3"] + Self.quick + network, in: folder)
      return try #require(report["ranks"] as? [[String: Any]]).map { row in
        (
          try #require(row["ranks"] as? Int), try #require(row["strong"] as? [String: Double]),
          try #require(row["weak"] as? [String: Double])
        )
      }
    }
    // Gradients and weights of two pieces, one exchange after the other, and the notes; 16 images in all or on each rank.
    let late = try rows("--latency", "2")
    #expect(late.map(\.ranks) == [1, 2, 3])
    for row in late.dropFirst() {
      let seconds = 5.0 * 2 * Double(row.ranks - 1)
      let (strong, weak) = (row.strong["images_per_second"] ?? 0, row.weak["images_per_second"] ?? 0)
      #expect(abs(strong - 16 / seconds) < 0.01 * strong, "\(strong)")
      #expect(abs(weak - 16 * Double(row.ranks) / seconds) < 0.01 * weak, "\(weak)")
      let one = late[0].strong["images_per_second"] ?? 0
      #expect(abs((row.strong["efficiency"] ?? 0) - strong / one / Double(row.ranks)) < 1e-9)
      #expect(abs((row.weak["efficiency"] ?? 0) - weak / one / Double(row.ranks)) < 1e-9)
    }
    #expect(late[0].strong["efficiency"] == 1 && late[0].weak["efficiency"] == 1)
    let narrow = try rows("--bandwidth", "1000")[1].strong["images_per_second"] ?? 0
    let usual = try rows()[1].strong["images_per_second"] ?? 0
    #expect(narrow < 100 && usual > 10 * narrow, "\(narrow), \(usual)")
  }

  @Test func tellsWhatItPredicts() throws {
    let result = try Program.run(
      ["bench", "--threads", "1", "--ranks", "2"] + Self.quick, in: Program.temporaryFolder())
    let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
    let start = try #require(lines.firstIndex { $0.hasPrefix("Predicted for ranks of 1 thread") })
    #expect(lines[start + 1] == " ranks  strong images/s  efficiency  weak images/s  efficiency")
    #expect(lines[start + 2].hasPrefix("     1 ") && lines[start + 2].contains("100.0 %"))
    #expect(lines[start + 3].hasPrefix("     2 ") && lines[start + 4].hasPrefix("Memory: "))
  }

  @Test(arguments: [
    Misuse("bench --batch-size 0", 64, "must be a "), Misuse("bench --latent 0", 64, "must be a "),
    Misuse("bench --threads 0", 64, "must be a "), Misuse("bench --seconds 0", 64, "must be a "),
    Misuse("bench --hidden 0", 64, "--hidden"), Misuse("bench --data none.idx", 66, "none.idx"),
    Misuse("bench --precision float16", 64, "--precision"), Misuse("bench --ranks 0", 64, "must be a "),
    Misuse("bench --ranks 2 --latency -1", 64, "must be a "),
    Misuse("bench --ranks 2 --bandwidth 0", 64, "must be a "), Misuse("bench --latency 1e-6", 64, "--ranks"),
    Misuse("bench --bandwidth 1e9", 64, "--ranks"),
    Misuse("bench --prior vamp:3 --prior-hidden 4", 64, "--prior-hidden goes with --prior flow"),
    Misuse("bench --prior-activation tanh", 64, "--prior-activation goes with --prior flow"),
  ]) func refuses(_ misuse: Misuse) throws { try misuse.check(in: Program.temporaryFolder()) }

  @Test func hasHelp() throws {
    let help = String(
      decoding: try Program.run(["bench", "--help"], in: Program.temporaryFolder()).output, as: UTF8.self)
    for option in [
      "-d, --data", "--hidden", "-z, --latent", "-b, --batch-size", "--precision", "--threads", "--seconds",
      "--ranks", "--latency", "--bandwidth", "--json",
    ] { #expect(help.contains(option), "\(option)") }
  }
}
