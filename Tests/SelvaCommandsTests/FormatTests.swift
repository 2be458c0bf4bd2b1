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
}
