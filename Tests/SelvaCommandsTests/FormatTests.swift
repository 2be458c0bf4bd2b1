import Testing

@testable import SelvaCommands

@Suite struct FormatTests {
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
