import Testing

@testable import SelvaCommands

@Suite struct FormatTests {
  @Test(arguments: [
    (3.2567570162951236e16, "3.26e16"), (-3.2567570162951236e16, "-3.26e16"), (9.999e15, "1.00e16"),
    (-9.999e15, "-1.00e16"), (1e9, "1.00e9"), (999_999_999.994, "999999999.99"), (1e-20, "0.00"),
    (-1e-20, "0.00"), (0.5, "0.50"), (-1.005, "-1.00"), (.nan, "nan"), (-.nan, "nan"), (.infinity, "inf"),
    (-.infinity, "-inf"), (1.7976931348623157e308, "1.80e308"),
  ])
  func figuresAreShort(_ value: Double, _ text: String) { #expect(Format.fixed(value) == text) }

  @Test func countsOfAnySizeArePrinted() {
    #expect(Format.grouped(1_234_567.9) == "1,234,567")
    #expect(Format.grouped(Double.infinity) == "inf")
    #expect(Format.grouped(1e300) == "1.00e300")
    #expect(Format.grouped(Double.nan) == "nan")
    #expect(Format.duration(.infinity) == "?" && Format.duration(1e300) == "?")
  }

  @Test(arguments: [
    (0.0, 2, "0.00"), (1.005, 1, "1.0"), (-1.25, 2, "-1.25"), (-0.004, 2, "0.00"), (-0.006, 2, "-0.01"),
    (12.999, 2, "13.00"), (7, 0, "7"), (-7.6, 0, "-8"), (0.05, 3, "0.050"),
    (.infinity, 2, "inf"),
  ]) func numbersHaveTheirSignAndDigits(value: Double, digits: Int, text: String) {
    #expect(Format.fixed(value, digits) == text)
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (-1000, "-1,000"), (12_345_678, "12,345,678"), (-12, "-12"),
  ]) func thousandsStandApart(value: Int, text: String) { #expect(Format.grouped(value) == text) }

  @Test(
    arguments: [
      (0.2, "0 s"), (59.4, "59 s"), (59.6, "1:00"), (185, "3:05"), (3599.7, "1:00:00"), (3723, "1:02:03"),
      (.nan, "?"), (1e10, "?"),
    ] as [(Double, String)]) func durationsReadLikeAClock(seconds: Double, text: String)
  {
    #expect(Format.duration(seconds) == text)
  }

  @Test(arguments: [
    ("plain", "plain"), ("runs/001", "runs/001"), ("a b.png", "'a b.png'"), ("it's", "'it'\\''s'"),
    ("", "''"),
    ("$HOME", "'$HOME'"),
  ]) func wordsAreQuotedForAShell(word: String, text: String) {
    #expect(CommandLineText.quoted(word) == text)
  }
}
