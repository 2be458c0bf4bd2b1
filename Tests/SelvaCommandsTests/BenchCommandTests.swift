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
    Misuse("bench --batch-size 0", 64, "must be a "), Misuse("bench --latent 0", 64, "must be a "),
    Misuse("bench --threads 0", 64, "must be a "), Misuse("bench --seconds 0", 64, "must be a "),
    Misuse("bench --hidden 0", 64, "--hidden"), Misuse("bench --data none.idx", 66, "none.idx"),
    Misuse("bench --precision float16", 64, "--precision"),
  ]) func refuses(_ misuse: Misuse) throws { try misuse.check(in: Program.temporaryFolder()) }

  @Test func hasHelp() throws {
    let help = String(
      decoding: try Program.run(["bench", "--help"], in: Program.temporaryFolder()).output, as: UTF8.self)
    for option in [
      "-d, --data", "--hidden", "-z, --latent", "-b, --batch-size", "--precision", "--threads", "--seconds",
      "--json",
    ] { #expect(help.contains(option), "\(option)") }
  }
}
