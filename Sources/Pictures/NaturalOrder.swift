/// The order in which people number files: `2.png` before `10.png`. A path's folders are compared one by one.
public enum NaturalOrder {
  public static func isLess(_ a: String, _ b: String) -> Bool {
    switch compare(Array(a.utf8), Array(b.utf8)) {
    case 0: a.utf8.lexicographicallyPrecedes(b.utf8)
    case let order: order < 0
    }
  }

  /// Runs of digits by the number that they are, the rest byte by byte; `/` before all else.
  private static func compare(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var (i, j) = (0, 0)
    while i < a.count && j < b.count {
      if isDigit(a[i]) && isDigit(b[j]) {
        let (x, y) = (digits(a, &i), digits(b, &j))
        if x.count != y.count { return x.count - y.count }
        if let k = x.indices.first(where: { x[$0] != y[y.startIndex + $0 - x.startIndex] }) {
          return Int(x[k]) - Int(y[y.startIndex + k - x.startIndex])
        }
      } else {
        if a[i] != b[j] { return rank(a[i]) - rank(b[j]) }
        i += 1
        j += 1
      }
    }
    return (a.count - i) - (b.count - j)
  }

  private static func rank(_ byte: UInt8) -> Int { byte == UInt8(ascii: "/") ? -1 : Int(byte) }
  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

  /// Passes a run of digits, and gives it without leading zeros.
  private static func digits(_ bytes: [UInt8], _ index: inout Int) -> ArraySlice<UInt8> {
    let start = index
    while index < bytes.count && isDigit(bytes[index]) { index += 1 }
    return bytes[start..<index].drop { $0 == 48 }
  }
}
