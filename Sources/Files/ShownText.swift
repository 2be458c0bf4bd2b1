/// A file's text as it may stand in a one-line message: short, and without control characters.
package func shown(_ text: String, most: Int = 60) -> String {
  var result = ""
  for scalar in text.unicodeScalars.prefix(most) {
    let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    result.unicodeScalars.append(
      isControl || scalar == "\u{2028}" || scalar == "\u{2029}" ? "\u{FFFD}" : scalar)
  }
  return text.unicodeScalars.dropFirst(most).isEmpty ? result : result + "…"
}
